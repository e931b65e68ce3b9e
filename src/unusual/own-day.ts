/** A person's day without led requests. Only these numbers may suspend anybody. */
import { at, featureCount, features, toScale } from './features.ts'
import type { Usual } from './group.ts'

/** A smaller share is not worth a sentence. */
const ledShare = 0.1

export interface LedPart {
  readonly objects: number
  readonly bytes: number
}

/** Counts of the running ten minutes. */
interface Slot {
  slotBytes: number
  slotObjects: number
  slotWrites: number
}

interface Counted {
  readonly numbers: Float64Array
  readonly hoursToday: number
  own: OwnDay | null
}

export class OwnDay implements Slot {
  readonly numbers: Float64Array
  hours: number
  slotBytes = 0
  slotObjects = 0
  slotWrites = 0

  constructor(numbers: Float64Array, hours: number) {
    this.numbers = numbers
    this.hours = hours
  }

  static of({ numbers, hoursToday }: Counted, slot: Slot | null): OwnDay {
    const own = new OwnDay(numbers.slice(0, featureCount), hoursToday)
    if (slot !== null) for (const key of slotKeys) own[key] = slot[key]
    return own
  }
}

const slotKeys = ['slotBytes', 'slotObjects', 'slotWrites'] as const
const peaks = [
  [at.peakBytes, 'slotBytes'],
  [at.peakObjects, 'slotObjects'],
  [at.peakWrites, 'slotWrites']
] as const
const numbersBefore = new Float64Array(featureCount)
const slotBefore: Slot = { slotBytes: 0, slotObjects: 0, slotWrites: 0 }

/** Call it before a request of the person's own is counted, and `noteAfter` after it. */
export function noteBefore({ numbers }: Counted, slot: Slot): void {
  for (let feature = 0; feature < featureCount; feature++) numbersBefore[feature] = numbers[feature]!
  for (const key of slotKeys) slotBefore[key] = slot[key]
}

export function noteAfter(own: OwnDay, { numbers }: Counted, slot: Slot): void {
  for (let feature = 0; feature < featureCount; feature++)
    if (!features[feature]!.isPeak || feature === at.run || feature === at.haul)
      own.numbers[feature]! += numbers[feature]! - numbersBefore[feature]!
  for (const key of slotKeys) own[key] += slot[key] - slotBefore[key]
  for (const [feature, key] of peaks) own.numbers[feature] = Math.max(own.numbers[feature]!, own[key])
}

export function ownNumbers({ own, numbers }: Counted): Float64Array {
  return own === null ? numbers.subarray(0, featureCount) : own.numbers
}

/** Adds to `into`, before it changes, what `live` has counted since `synced`. */
export function joinOwn(into: Counted, live: Counted, synced: Float64Array): void {
  if (into.own === null && live.own === null) return
  into.own ??= OwnDay.of(into, null)
  const mine = ownNumbers(live)
  for (let feature = 0; feature < featureCount; feature++)
    into.own.numbers[feature] = features[feature]!.isPeak
      ? Math.max(into.own.numbers[feature]!, mine[feature]!)
      : into.own.numbers[feature]! + Math.max(0, mine[feature]! - synced[feature]!)
  into.own.hours |= live.own === null ? live.hoursToday : live.own.hours
  if (live.own !== null) for (const key of slotKeys) into.own[key] = live.own[key]
}

/** Null if the led part alone stays within the usual. */
export function ledOf({ own, numbers }: Counted, usual: Usual, isSpared: boolean): LedPart | null {
  if (own === null) return null
  const isUnusual = [at.objects, at.bytes].some(
    feature => toScale(feature, numbers[feature]! - own.numbers[feature]!) > usual.middle[feature]!
  )
  if (!isUnusual && !isSpared) return null
  const led = (feature: number) => Math.max(0, Math.round(numbers[feature]! - own.numbers[feature]!))
  const [objects, bytes] = [led(at.objects), led(at.bytes)]
  const isMuch = objects > ledShare * numbers[at.objects]! || bytes > ledShare * numbers[at.bytes]!
  return isMuch ? { objects, bytes } : null
}
