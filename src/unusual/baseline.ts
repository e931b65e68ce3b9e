/**
 * What is usual for one person: weighted median and spread of their days, drawn towards their peers while few days are known, and bounded by a slow
 * baseline.
 */
import { featureCount, features, fromByte } from './features.ts'
import type { Usual } from './group.ts'
import { longAt, number, type Person, ringSize } from './person.ts'

const halfLifeDays = 21
/** The weight of the peers, in days of the person. */
const peerDays = 4
/** 1.4826·MAD is the standard deviation of a normal distribution (Hampel 1974). */
const madFactor = 1.4826
/** The most above the slow baseline, in e-folds: nobody teaches the watch more than threefold in a month. */
const maxAboveLong = 1.1
const longHalfLifeDays = 60
const minLongDays = 10

const order: number[] = []
const weights = new Float64Array(ringSize)

export function usualFor(person: Person, peers: Usual): Usual {
  const middle = new Float32Array(featureCount)
  const spread = new Float32Array(featureCount)
  const weight = weighDays(person)
  for (let feature = 0; feature < featureCount; feature++)
    [middle[feature], spread[feature]] = usualIn(person, peers, feature, weight)
  // Plain arrays take a third of the memory.
  return { middle: Array.from(middle), spread: Array.from(spread) }
}

export function usualOfFeature(
  person: Person,
  peers: Usual,
  feature: number
): readonly [middle: number, spread: number] {
  return usualIn(person, peers, feature, weighDays(person))
}

function weighDays(person: Person): number {
  let weight = 0
  for (let i = 0; i < person.ringCount; i++) {
    weights[i] = 0.5 ** (Math.max(0, person.day - person.days[i]!) / halfLifeDays)
    weight += weights[i]!
  }
  return weight
}

function usualIn(person: Person, peers: Usual, feature: number, weight: number): [middle: number, spread: number] {
  const theirs = peers.middle[feature]!
  const theirSpread = peers.spread[feature]!
  if (person.ringCount === 0) return [theirs, theirSpread]
  const share = weight / (weight + peerDays)
  sortDays(person, feature)
  const own = valueAt(person, feature, weight * 0.5)
  // Most people have some busy days, so the upper tenth counts beside the MAD.
  const upper = (valueAt(person, feature, weight * 0.9) - own) / 1.28
  const ownSpread = Math.max(features[feature]!.minSpread, madFactor * deviation(person, feature, own, weight), upper)
  const hasLong = person.numbers[number.longDays]! >= minLongDays
  const long = hasLong ? person.numbers[longAt + feature]! + maxAboveLong : Number.POSITIVE_INFINITY
  return [
    Math.min(long, share * own + (1 - share) * theirs),
    Math.sqrt(share * ownSpread ** 2 + (1 - share) * (theirSpread ** 2 + share * (own - theirs) ** 2))
  ]
}

export function moveLong(person: Person, values: Float64Array): void {
  const days = ++person.numbers[number.longDays]!
  const rate = Math.max(1 / days, 1 - 0.5 ** (1 / longHalfLifeDays))
  for (let feature = 0; feature < featureCount; feature++)
    person.numbers[longAt + feature]! += rate * (values[feature]! - person.numbers[longAt + feature]!)
}

function sortDays(person: Person, feature: number): void {
  order.length = person.ringCount
  for (let i = 0; i < order.length; i++) order[i] = i
  order.sort((one, other) => byteOf(person, one, feature) - byteOf(person, other, feature))
}

function valueAt(person: Person, feature: number, weight: number): number {
  let left = weight
  for (const i of order) {
    left -= weights[i]!
    if (left <= 0) return fromByte(byteOf(person, i, feature))
  }
  return order.length === 0 ? 0 : fromByte(byteOf(person, order.at(-1)!, feature))
}

function deviation(person: Person, feature: number, middle: number, weight: number): number {
  const distance = (i: number) => Math.abs(fromByte(byteOf(person, i, feature)) - middle)
  const sorted = [...order].sort((one, other) => distance(one) - distance(other))
  let left = weight * 0.5
  for (const i of sorted) {
    left -= weights[i]!
    if (left <= 0) return distance(i)
  }
  return 0
}

function byteOf(person: Person, day: number, feature: number): number {
  return person.bytes[day * featureCount + feature]!
}
