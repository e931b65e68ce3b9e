/** A chart as SVG: one horizontal bar for each thing that is counted. Numbers stand beside the bars, so it can be read without colours. */

interface Amount {
  readonly name: string
  readonly value: number
}

interface AmountsProps {
  id: string
  title: string
  /** One sentence in place of the picture. */
  summary: string
  amounts: readonly Amount[]
  format: (value: number) => string
}

const [width, row, label] = [400, 24, 156]
const [gap, numbers] = [8, 60]

export function Amounts({ id, title, summary, amounts, format }: AmountsProps) {
  const most = Math.max(1, ...amounts.map(({ value }) => value))
  const size = (value: number) => Math.round((value / most) * (width - label - numbers) * 100) / 100
  return (
    <figure class="chart amounts">
      <figcaption>{title}</figcaption>
      <svg viewBox={`0 0 ${width} ${Math.max(1, amounts.length) * row}`} role="img" aria-labelledby={`${id}-summary`}>
        <title id={`${id}-summary`}>{summary}</title>
        <path class="axis" d={`M${label} 0V${amounts.length * row}`} />
        {amounts.map(({ name, value }, i) => (
          <g key={name}>
            <text x={label - gap} y={i * row + 16} text-anchor="end">
              {name}
            </text>
            <path class="bar" d={`M${label} ${i * row + 6}h${size(value)}v${row - 12}h${-size(value)}z`} />
            <text x={label + size(value) + gap} y={i * row + 16}>
              {format(value)}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  )
}
