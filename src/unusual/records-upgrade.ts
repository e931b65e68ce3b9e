/** Upgrades of older releases' records. What these did not count gets assumed values. */
import type { Loose } from '../store/records.ts'
import { featureCount, features, toByte } from './features.ts'
import { binCount, scoreBins } from './group.ts'
import { known, ownPairs, ringSize, storedNumbers } from './person.ts'

/** Numbers of a day, and those after today's and the slow baselines. */
interface Counts {
  readonly features: number
  readonly others: number
}

const first: Counts = { features: 13, others: 13 }
const second: Counts = { features: 16, others: 15 }
const third: Counts = { features: featureCount, others: 15 }
const fourth: Counts = { features: featureCount, others: 17 }
/** The index of `number.newMarks` after today's and the slow baselines, in version 2. */
const newMarks = 13
/** For a month new marks say less, since nobody was asked about one yet. */
const marksSeen = 10

/** Version 1 to 2: changes, deletions, marks of clients. */
export function withNewPersonNumbers(record: Loose): Loose {
  const oldHashes = bytesOf(record.hashes, known.marks.at * 4)
  const oldDays = bytesOf(record.days, known.marks.daysAt * 2)
  const longer = withMoreFeatures(record, first, second)
  if (oldHashes === null || oldDays === null || longer === null) return record
  longer.numbers[2 * second.features + newMarks] = marksSeen
  return {
    ...record,
    hashes: text(padded(oldHashes, known.hashCount * 4)),
    days: text(padded(oldDays, known.dayCount * 2)),
    numbers: text(bytesOfFloats(longer.numbers)),
    bytes: text(longer.ring)
  }
}

/** Version 3 to 4: files without a pause between them. */
export function withHaulsOfPerson(record: Loose): Loose {
  const longer = withMoreFeatures(record, second, third)
  if (longer === null) return record
  const { own } = record
  const numbers = Array.isArray(own) ? bytesOf(own[0], second.features * 4) : null
  return {
    ...record,
    numbers: text(bytesOfFloats(longer.numbers)),
    bytes: text(longer.ring),
    own: numbers === null ? own : [text(padded(numbers, third.features * 4)), (own as unknown[])[1]]
  }
}

/** Version 5 to 6: clients that join a session, the number of proofs, scores. */
export function withJoinsOfPerson(record: Loose): Loose {
  const numbers = bytesOf(record.numbers, (2 * third.features + third.others) * 4)
  if (numbers === null) return record
  const { proved } = record
  return {
    ...record,
    numbers: text(padded(numbers, (2 * fourth.features + fourth.others) * 4)),
    proved: Array.isArray(proved) ? [...proved, 1] : proved
  }
}

/** Version 6 to 7: sums without led requests. All start as the person's own, unless `ledDay` says that much was led. */
export function withOwnSums({ ledDay, ...record }: Loose): Loose {
  const before = floatsOf(record.numbers, 2 * fourth.features + fourth.others)
  if (before === null) return record
  const numbers = new Float32Array(storedNumbers)
  numbers.set(before)
  const isLed = typeof ledDay === 'number' && ledDay > 0
  for (const [all, own] of ownPairs) numbers[own] = isLed ? 0 : numbers[all]!
  return { ...record, numbers: text(bytesOfFloats(numbers)) }
}

/** Version 3 to 4. */
export function withScoresOfGroup(record: Loose): Loose {
  return { ...record, scores: text(new Uint8Array(scoreBins * 4)) }
}

/** Version 1 to 2: changes, deletions. */
export function withNewGroupNumbers(record: Loose): Loose {
  return withMoreBins(record, first, second)
}

/** Version 2 to 3. */
export function withHaulsOfGroup(record: Loose): Loose {
  return withMoreBins(record, second, third)
}

function withMoreBins(record: Loose, old: Counts, now: Counts): Loose {
  const bins = bytesOf(record.bins, old.features * binCount * 4)
  return bins === null ? record : { ...record, bins: text(padded(bins, now.features * binCount * 4)) }
}

function withMoreFeatures(
  { numbers, bytes }: Loose,
  old: Counts,
  now: Counts
): { numbers: Float32Array; ring: Uint8Array } | null {
  const amounts = floatsOf(numbers, 2 * old.features + old.others)
  const ring = bytesOf(bytes, ringSize * old.features + 48)
  return amounts === null || ring === null
    ? null
    : { numbers: numbersOf(amounts, old, now), ring: ringOf(ring, old, now) }
}

function numbersOf(amounts: Float32Array, old: Counts, now: Counts): Float32Array {
  const numbers = new Float32Array(2 * now.features + now.others)
  numbers.set(amounts.subarray(0, old.features))
  numbers.set(amounts.subarray(old.features, 2 * old.features), now.features)
  for (let feature = old.features; feature < now.features; feature++)
    numbers[now.features + feature] = features[feature]!.assumed[0]
  numbers.set(amounts.subarray(2 * old.features), 2 * now.features)
  return numbers
}

/** Earlier days get the assumed middle and spread. */
function ringOf(bytes: Uint8Array, old: Counts, now: Counts): Uint8Array {
  const ring = new Uint8Array(ringSize * now.features + 48)
  for (let day = 0; day < ringSize; day++) {
    ring.set(bytes.subarray(day * old.features, (day + 1) * old.features), day * now.features)
    for (let feature = old.features; feature < now.features; feature++) {
      const [middle, spread] = features[feature]!.assumed
      ring[day * now.features + feature] = toByte(middle + ((day % 3) - 1) * 1.2 * spread)
    }
  }
  ring.set(bytes.subarray(ringSize * old.features), ringSize * now.features)
  return ring
}

function bytesOf(value: unknown, count: number): Uint8Array | null {
  if (typeof value !== 'string') return null
  const bytes = Buffer.from(value, 'base64url')
  return bytes.length === count ? Uint8Array.from(bytes) : null
}

function floatsOf(value: unknown, count: number): Float32Array | null {
  const bytes = bytesOf(value, count * 4)
  return bytes === null ? null : new Float32Array(bytes.buffer)
}

function bytesOfFloats({ buffer }: Float32Array): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer)
}

function padded(bytes: Uint8Array, count: number): Uint8Array {
  const longer = new Uint8Array(count)
  longer.set(bytes)
  return longer
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
