/**
 * A small chart as SVG: a bar a day, the last one darker, and behind them a hatched band of what is usual. It can be read without colours.
 * All charts of a page share the pattern of the band (`UsualPattern`).
 */

interface Band {
  readonly low: number
  readonly middle: number
  readonly high: number
}

interface SmallBarsProps {
  id: string
  /** One sentence in place of the picture. */
  summary: string
  values: readonly number[]
  /** Null for none. */
  usual: Band | null
  /** Texts under the first and the last bar. */
  ends: readonly [first: string, last: string]
  /** Writes the number at the upper line. */
  format: (value: number) => string
  /** 12 units of the picture are a line of its text. */
  width?: number
  height?: number
}

const [top, bottom, gap] = [16, 16, 3]
const patternId = 'usual-band'

export function SmallBars({ id, summary, values, usual, ends, format, width = 252, height = 92 }: SmallBarsProps) {
  const most = mostOf(values, usual)
  const base = height - bottom
  const scale = (base - top) / most
  const step = (width + gap) / Math.max(1, values.length)
  const bars = values.map((value, i) => {
    // A small value is still visible.
    const size = value > 0 ? Math.max(1, value * scale) : 0
    return size === 0 ? '' : `M${round(i * step)} ${base}v${-round(size)}h${round(step - gap)}v${round(size)}z`
  })
  const yOf = (value: number) => round(base - Math.min(value, most) * scale)
  return (
    <svg class="small-bars" viewBox={`0 0 ${width} ${height}`} role="img" aria-labelledby={`${id}-days`}>
      <title id={`${id}-days`}>{summary}</title>
      <path class="axis" d={`M0 ${base}H${width}M0 ${top}H${width}`} />
      {usual !== null && (
        <path class="band" fill={`url(#${patternId})`} d={`M0 ${yOf(usual.high)}H${width}V${yOf(usual.low)}H0z`} />
      )}
      <path class="before" d={bars.slice(0, -1).join('')} />
      <path class="bar" d={bars.at(-1)} />
      {usual !== null && <path class="middle" d={`M0 ${yOf(usual.middle)}H${width}`} />}
      <text x="0" y={top - 4}>
        {format(most)}
      </text>
      <text x="0" y={height - 3}>
        {ends[0]}
      </text>
      <text x={width} y={height - 3} text-anchor="end">
        {ends[1]}
      </text>
    </svg>
  )
}

interface KeyProps {
  today: string
  before: string
  usual: string
}

/** It holds the pattern that the charts use. */
export function SmallBarsKey({ today, before, usual }: KeyProps) {
  const sample = (name: string, mark: 'bar' | 'before' | 'band') => (
    <span>
      <svg viewBox="0 0 14 14" width="14" height="14" aria-hidden="true">
        {mark === 'band' && (
          <defs>
            <pattern id={patternId} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <path class="hatch" d="M0 0v5" />
            </pattern>
          </defs>
        )}
        <path class={mark} fill={mark === 'band' ? `url(#${patternId})` : undefined} d="M1 1h12v12H1z" />
      </svg>
      {name}
    </span>
  )
  return (
    <p class="key">
      {sample(today, 'bar')} {sample(before, 'before')} {sample(usual, 'band')}
    </p>
  )
}

/** A higher band is cut off, otherwise nobody would see the bars. */
const maxBand = 1.5

function mostOf(values: readonly number[], usual: Band | null): number {
  const most = Math.max(...values, 1)
  return usual === null ? most : Math.max(most, Math.min(usual.high, maxBand * Math.max(most, usual.middle)))
}

const round = (value: number) => Math.round(value * 10) / 10
