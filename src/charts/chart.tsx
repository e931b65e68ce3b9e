/**
 * A chart as SVG: bars in time. It can be read without colours (the second series is hatched, lines and numbers stand at the axis), and a
 * table beside it has the same numbers.
 */

interface Series {
  readonly name: string
  readonly values: readonly number[]
}

interface ChartProps {
  id: string
  title: string
  /** One sentence in place of the picture. */
  summary: string
  /** At most two, drawn on top of each other. */
  series: readonly Series[]
  /** Texts under the first, the middle and the last bar. */
  times: readonly [string, string, string]
  /** Writes the number at the upper line. */
  format: (value: number) => string
}

const [width, height] = [560, 130]
const [left, top, bottom] = [8, 18, 22]

export function Chart({ id, title, summary, series, times, format }: ChartProps) {
  const count = series[0]?.values.length ?? 0
  const totals = Array.from({ length: count }, (_, i) => series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0))
  const most = Math.max(...totals, 0)
  const base = height - bottom
  const scale = most === 0 ? 0 : (base - top) / most
  const step = (width - 2 * left) / Math.max(1, count)
  const below = new Array<number>(count).fill(0)
  const paths = series.map(({ values }) => {
    const path = values.map((value, i) => {
      const start = base - (below[i] as number) * scale
      below[i]! += value
      const size = value * scale
      return size <= 0
        ? ''
        : `M${round(left + i * step + 0.5)} ${round(start)}v${-round(size)}h${round(step - 1)}v${round(size)}z`
    })
    return path.join('')
  })
  return (
    <figure class="chart">
      <figcaption>
        {title}
        {series.length > 1 && (
          <span class="key">
            {series.map(({ name }, i) => (
              <span key={name}>
                <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
                  <path
                    class={i === 0 ? 'bar' : 'hatched'}
                    fill={i === 0 ? undefined : `url(#${id}-hatch)`}
                    d="M1 1h12v12H1z"
                  />
                </svg>
                {name}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby={`${id}-summary`}>
        <title id={`${id}-summary`}>{summary}</title>
        <defs>
          <pattern id={`${id}-hatch`} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <path class="hatch" d="M0 0v5" />
          </pattern>
        </defs>
        <path class="axis" d={`M${left} ${base}H${width - left}M${left} ${top}H${width - left}`} />
        {paths.map((d, i) => (
          <path
            key={series[i]?.name}
            class={i === 0 ? 'bar' : 'hatched'}
            fill={i === 0 ? undefined : `url(#${id}-hatch)`}
            d={d}
          />
        ))}
        <text x={left} y={top - 5}>
          {format(most)}
        </text>
        <text x={left} y={height - 6}>
          {times[0]}
        </text>
        <text x={width / 2} y={height - 6} text-anchor="middle">
          {times[1]}
        </text>
        <text x={width - left} y={height - 6} text-anchor="end">
          {times[2]}
        </text>
      </svg>
    </figure>
  )
}

const round = (value: number) => Math.round(value * 100) / 100
