/** Summaries of many measurements, and the formats of numbers. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The value below which `share` (0 to 1) of them lie; 1 is the largest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))]!
}

export const whole = (value: number) => Math.round(value).toLocaleString('en')

/** Three figures that mean something. */
export function short(value: number): string {
  const size = Math.abs(value)
  return size >= 100 ? whole(value) : value.toFixed(size >= 10 ? 1 : 2)
}

/** `1.52 (1.47 to 1.60)`: the median, and how far they lie apart. */
export function spread(values: readonly number[]): string {
  const between = `${short(Math.min(...values))} to ${short(Math.max(...values))}`
  return values.length === 1 ? short(values[0]!) : `${short(median(values))} (${between})`
}
