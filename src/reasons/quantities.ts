/** Amounts and times in the unit of a sentence. */

const sizes = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const
const spans = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute']
] as const

/** The largest unit of which there is at least one. */
export function sizeOf(bytes: number): { readonly value: number; readonly unit: (typeof sizes)[number] } {
  let value = bytes
  let unit = 0
  for (; value >= 1024 && unit < sizes.length - 1; unit++) value /= 1024
  return { value, unit: sizes[unit]! }
}

/** The largest unit without a rest. */
export function spanOf(seconds: number): {
  readonly count: number
  readonly unit: (typeof spans)[number][1] | 'second'
} {
  for (const [size, unit] of spans) if (seconds >= size && seconds % size === 0) return { count: seconds / size, unit }
  return { count: seconds, unit: 'second' }
}
