/** What the watch counts for each person and day, on the scale ln(1 + amount / unit). */

interface Feature {
  readonly id: string
  readonly unit: number
  /** In e-folds: a small change of a very regular person is not strange. */
  readonly minSpread: number
  /** E-folds, before the watch has seen anybody. */
  readonly assumed: readonly [middle: number, spread: number]
  /** True for the highest value of a day; other numbers add up. */
  readonly isPeak: boolean
}

const feature = <Id extends string>(
  id: Id,
  unit: number,
  minSpread: number,
  assumed: readonly [number, number],
  isPeak = false
): Feature & { readonly id: Id } => ({ id, unit, minSpread, assumed, isPeak })

/** The order in the stored records: a new one goes to the end, with a new version. */
export const features = [
  feature('bytes', 1e6, 0.8, [4, 1.6]),
  feature('objects', 5, 0.6, [2.5, 1.1]),
  feature('newObjects', 5, 0.7, [2, 1.1]),
  feature('foreignObjects', 5, 0.6, [0.7, 1]),
  feature('newAreas', 1, 0.3, [0.7, 0.7]),
  feature('peakBytes', 1e6, 0.9, [3.5, 1.6], true),
  feature('peakObjects', 5, 0.7, [1.8, 1], true),
  feature('refusals', 5, 0.7, [0.5, 0.9]),
  feature('run', 5, 0.6, [0.6, 0.8], true),
  feature('bare', 10, 0.7, [0.5, 1.2]),
  feature('regular', 10, 0.6, [0.5, 1]),
  feature('lonely', 10, 0.6, [0.7, 0.8]),
  feature('foreignBytes', 1e6, 0.9, [1.5, 1.6]),
  feature('changes', 10, 0.7, [0.9, 1.1]),
  feature('deletions', 5, 0.6, [0.3, 0.8]),
  feature('peakWrites', 5, 0.7, [0.8, 1], true),
  feature('haul', 3, 0.65, [0.5, 0.8], true)
] as const satisfies readonly Feature[]

export const featureCount = features.length

export const at = {
  bytes: 0,
  objects: 1,
  newObjects: 2,
  foreignObjects: 3,
  newAreas: 4,
  peakBytes: 5,
  peakObjects: 6,
  refusals: 7,
  run: 8,
  bare: 9,
  regular: 10,
  lonely: 11,
  foreignBytes: 12,
  changes: 13,
  deletions: 14,
  peakWrites: 15,
  haul: 16
} as const

const units = Float64Array.from(features, ({ unit }) => unit)

export function toScale(feature: number, amount: number): number {
  return Math.log1p(amount / units[feature]!)
}

export function fromScale(feature: number, value: number): number {
  return Math.expm1(value) * (features[feature] as Feature).unit
}

const steps = 10

/** A byte keeps an amount within five per cent. */
export function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value * steps)))
}

export function fromByte(byte: number): number {
  return byte / steps
}
