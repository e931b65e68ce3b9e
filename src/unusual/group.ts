/** What is usual in a group, or among all people: histograms of days, active hours, and areas. */
import { featureCount, features } from './features.ts'

export const binCount = 64
export const scoreBins = 64
const scoreBinWidth = 2
/** E-folds. */
const binWidth = 0.25
export const areaPlaces = 256
/** Everybody. Groups of directories have no empty name. */
export const everyone = ''
const minDays = 20
const busiestDays = 500
const dayDecay = 0.99
/** Assumed beside the days that were seen. */
const assumedDays = 300
/** Of simulated institutes' days, one in `assumedOneIn` reaches `assumedScore`, and one in e times as many each `assumedFold` more. */
const [assumedScore, assumedOneIn, assumedFold] = [50, 105, 10]
const assumedShare = (score: number) => Math.min(1, Math.exp((assumedScore - score) / assumedFold) / assumedOneIn)
const assumedScores = Float32Array.from(
  { length: scoreBins },
  (_, bin) =>
    assumedDays *
    (assumedShare(bin * scoreBinWidth) - (bin === scoreBins - 1 ? 0 : assumedShare((bin + 1) * scoreBinWidth)))
)
/** An area of so many people is common. */
const commonFrom = 2

export interface Usual {
  readonly middle: ArrayLike<number>
  readonly spread: ArrayLike<number>
}

export class Group {
  readonly bins = new Float32Array(featureCount * binCount)
  readonly hours = new Float32Array(48)
  /** Days of people by their highest score. */
  readonly scores = new Float32Array(scoreBins)
  days = 0
  workdays = 0
  restDays = 0
  readonly areas = new Map<number, number>()
  since: number
  day: number
  readonly #busiest = new Float32Array(featureCount).fill(-1)
  #busiestDay = 0
  #usual: (Usual & { readonly day: number }) | null = null

  constructor(day: number) {
    this.since = day
    this.day = day
  }

  get isKnown(): boolean {
    return this.days >= minDays
  }

  /** `score`: null for a person with few days. */
  addDay(values: Float64Array, hours: number, isRest: boolean, score: number | null): void {
    for (let feature = 0; feature < featureCount; feature++) {
      const bin = Math.min(binCount - 1, Math.max(0, Math.round((values[feature] as number) / binWidth)))
      this.bins[feature * binCount + bin]!++
    }
    for (let hour = 0; hour < 24; hour++) this.hours[(isRest ? 24 : 0) + hour]! += (hours >> hour) & 1
    if (score !== null) this.scores[Math.min(scoreBins - 1, Math.floor(score / scoreBinWidth))]!++
    this.days++
    if (isRest) this.restDays++
    else this.workdays++
  }

  addArea(hash: number): void {
    const people = this.areas.get(hash) ?? 0
    if (people === 0 && this.areas.size >= areaPlaces) this.#forgetArea()
    this.areas.set(hash, people + 1)
  }

  addAll(other: Group): void {
    this.age(other.day)
    for (let i = 0; i < this.bins.length; i++) this.bins[i]! += other.bins[i]!
    for (let i = 0; i < this.hours.length; i++) this.hours[i]! += other.hours[i]!
    for (let i = 0; i < scoreBins; i++) this.scores[i]! += other.scores[i]!
    this.days += other.days
    this.workdays += other.workdays
    this.restDays += other.restDays
    for (const [area, people] of other.areas) for (let i = 0; i < people; i++) this.addArea(area)
    this.#usual = null
  }

  isCommon(area: number): boolean {
    return (this.areas.get(area) ?? 0) >= commonFrom
  }

  age(day: number): void {
    if (day <= this.day) return
    const factor = dayDecay ** (day - this.day)
    this.day = day
    for (let i = 0; i < this.bins.length; i++) this.bins[i]! *= factor
    for (let i = 0; i < this.hours.length; i++) this.hours[i]! *= factor
    for (let i = 0; i < scoreBins; i++) this.scores[i]! *= factor
    this.days *= factor
    this.workdays *= factor
    this.restDays *= factor
  }

  usual(day: number): Usual {
    if (this.#usual?.day === day) return this.#usual
    const middle = new Float32Array(featureCount)
    const spread = new Float32Array(featureCount)
    for (let feature = 0; feature < featureCount; feature++) {
      const { minSpread, assumed } = features[feature]!
      // Features that an upgrade added have no counts yet.
      if (this.#daysWith(feature) < minDays) {
        ;[middle[feature], spread[feature]] = assumed
        continue
      }
      middle[feature] = this.#quantile(feature, 0.5)
      // A newcomer may be one of the busy people, so the upper side counts.
      spread[feature] = Math.max(minSpread * 1.5, (this.#quantile(feature, 0.95) - middle[feature]!) / 1.64)
    }
    this.#usual = { day, middle, spread }
    return this.#usual
  }

  /** What one day in a thousand exceeds, on the scale; null while too few days are known. */
  busiest(feature: number, day: number): number | null {
    if (this.days < busiestDays) return null
    if (this.#busiestDay !== day) this.#busiest.fill(-1)
    this.#busiestDay = day
    if (this.#busiest[feature]! < 0) this.#busiest[feature] = this.#quantile(feature, 0.999)
    return this.#busiest[feature]!
  }

  /** One day of people in `days` exceeds it. A young place is assumed to be like others. */
  scoreOfOneDayIn(days: number): number {
    let known = assumedDays
    for (const count of this.scores) known += count
    let left = known / days
    for (let bin = scoreBins - 1; bin >= 0; bin--) {
      const count = this.scores[bin]! + assumedScores[bin]!
      if (count > left) return (bin + 1 - left / count) * scoreBinWidth
      left -= count
    }
    return 0
  }

  #daysWith(feature: number): number {
    let days = 0
    for (let bin = 0; bin < binCount; bin++) days += this.bins[feature * binCount + bin]!
    return days
  }

  #quantile(feature: number, share: number): number {
    let left = this.days * share
    for (let bin = 0; bin < binCount; bin++) {
      left -= this.bins[feature * binCount + bin]!
      if (left <= 0) return bin * binWidth
    }
    return 0
  }

  #forgetArea(): void {
    let least: number | null = null
    for (const [hash, people] of this.areas) if (least === null || people < this.areas.get(least)!) least = hash
    if (least !== null) this.areas.delete(least)
  }
}

const assumedMiddle = Float32Array.from(features, ({ assumed }) => assumed[0])
const assumedSpread = Float32Array.from(features, ({ assumed }) => assumed[1])
export const assumed: Usual = { middle: assumedMiddle, spread: assumedSpread }

/** For each number the most generous group counts. */
export function usualOf(groups: readonly Group[], all: Group, day: number): Usual {
  const known = groups.filter(group => group.isKnown)
  if (known.length === 0) return all.isKnown ? all.usual(day) : assumed
  if (known.length === 1) return known[0]!.usual(day)
  const middle = new Float32Array(featureCount)
  const spread = new Float32Array(featureCount)
  for (const group of known) {
    const usual = group.usual(day)
    for (let feature = 0; feature < featureCount; feature++)
      if (usual.middle[feature]! + 2 * usual.spread[feature]! > middle[feature]! + 2 * spread[feature]!) {
        middle[feature] = usual.middle[feature]!
        spread[feature] = usual.spread[feature]!
      }
  }
  return { middle, spread }
}
