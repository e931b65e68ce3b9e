/** Records of version 1, which count no changes and deletions, and know no marks of clients, as version 2. */
import type { Loose } from '../store/records.ts'
import { featureCount, features, toByte } from './features.ts'
import { binCount } from './group.ts'
import { known, number, numberCount, ringSize } from './person.ts'

const oldFeatures = 13
const oldNumbers = 2 * oldFeatures + 13
/** Nobody has been asked yet whether a mark is new: for a month it says less. */
const marksSeen = 10

export function withNewPersonNumbers(record: Loose): Loose {
  const { hashes, days, numbers, bytes } = record
  const oldBytes = bytesOf(bytes, ringSize * oldFeatures + 48)
  const oldAmounts = floatsOf(numbers, oldNumbers)
  const oldHashes = bytesOf(hashes, known.marks.at * 4)
  const oldDays = bytesOf(days, known.marks.daysAt * 2)
  if (oldBytes === null || oldAmounts === null || oldHashes === null || oldDays === null) return record
  return {
    ...record,
    hashes: text(padded(oldHashes, known.hashCount * 4)),
    days: text(padded(oldDays, known.dayCount * 2)),
    numbers: text(bytesOfFloats(numbersOf(oldAmounts))),
    bytes: text(ringOf(oldBytes))
  }
}

export function withNewGroupNumbers(record: Loose): Loose {
  const bins = bytesOf(record.bins, oldFeatures * binCount * 4)
  return bins === null ? record : { ...record, bins: text(padded(bins, featureCount * binCount * 4)) }
}

/** Today, the slow baseline, and the rest, each with room for the new ones. */
function numbersOf(old: Float32Array): Float32Array {
  const numbers = new Float32Array(numberCount)
  numbers.set(old.subarray(0, oldFeatures))
  numbers.set(old.subarray(oldFeatures, 2 * oldFeatures), featureCount)
  for (let feature = oldFeatures; feature < featureCount; feature++)
    numbers[featureCount + feature] = features[feature]!.assumed[0]
  numbers.set(old.subarray(2 * oldFeatures), 2 * featureCount)
  numbers[number.newMarks] = marksSeen
  return numbers
}

/** Earlier days get what is assumed of everybody, spread as it is assumed. */
function ringOf(old: Uint8Array): Uint8Array {
  const ring = new Uint8Array(ringSize * featureCount + 48)
  for (let day = 0; day < ringSize; day++) {
    ring.set(old.subarray(day * oldFeatures, (day + 1) * oldFeatures), day * featureCount)
    for (let feature = oldFeatures; feature < featureCount; feature++) {
      const [middle, spread] = features[feature]!.assumed
      ring[day * featureCount + feature] = toByte(middle + ((day % 3) - 1) * 1.2 * spread)
    }
  }
  ring.set(old.subarray(ringSize * oldFeatures), ringSize * featureCount)
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
