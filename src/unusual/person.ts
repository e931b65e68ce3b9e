/** What is remembered of one person, in one small buffer. */

import { at, featureCount, fromScale, toByte } from './features.ts'
import { firstDay, forget, lastDay, note, ownAfterDays, ownFrom, placesOfLists, type Slots } from './known-list.ts'
import { Moved, movedPlaces, movedSize } from './moved.ts'
import { type OwnDay, ownNumbers } from './own-day.ts'
import { packed, unpacked } from './packed-memory.ts'
import { add, holds, isSampled, type SetPlace, thin } from './sampled-set.ts'

export const ringSize = 28
export const slotMs = 600_000

/** Objects of earlier days, and of today. */
export const past: SetPlace = { at: 0, size: 128 }
export const today: SetPlace = { at: past.size, size: 96 }
export const known = placesOfLists(
  { areas: 40, networks: 16, devices: 8, countries: 8, marks: 8 },
  past.size + today.size,
  ringSize
)

export const knownLists = [known.areas, known.networks, known.devices, known.countries, known.marks]

/** Indexes, after today's amounts and the slow baselines. */
export const number = {
  sumBytes: 2 * featureCount,
  sumObjects: 2 * featureCount + 1,
  sumForeign: 2 * featureCount + 2,
  /** Days with something new. All counts of days decay. */
  newNetworks: 2 * featureCount + 3,
  newDevices: 2 * featureCount + 4,
  newCountries: 2 * featureCount + 5,
  workdays: 2 * featureCount + 6,
  restDays: 2 * featureCount + 7,
  longDays: 2 * featureCount + 8,
  latitude: 2 * featureCount + 9,
  longitude: 2 * featureCount + 10,
  /** Minutes since the epoch; 0 for never. */
  placeAt: 2 * featureCount + 11,
  sumForeignBytes: 2 * featureCount + 12,
  newMarks: 2 * featureCount + 13,
  /** Bit i is set if the day i + 1 days ago was unusual. */
  strangeDays: 2 * featureCount + 14,
  /** With a session that went on with another client of the person. */
  joinedDays: 2 * featureCount + 15,
  /** The highest of today. */
  score: 2 * featureCount + 16,
  /** The same without led requests. */
  ownSumBytes: 2 * featureCount + 17,
  ownSumObjects: 2 * featureCount + 18,
  ownSumForeign: 2 * featureCount + 19,
  ownSumForeignBytes: 2 * featureCount + 20,
  ownStrangeDays: 2 * featureCount + 21,
  /** With a session that went on in a new network, but not on a phone. Records keep it in a field of its own. */
  deskMoves: 2 * featureCount + 22
} as const
const numberCount = 2 * featureCount + 23
/** How many of them stand together in records. Every release must write as many. */
export const storedNumbers = number.deskMoves
export const longAt = featureCount
export const hoursAt = ringSize * featureCount
/** Eighths of a day. */
export const hourUnit = 8
const countedCount = featureCount + movedPlaces + featureCount
export const ownAmountsAt = featureCount + movedPlaces
const strangeDaysKept = 14
const forgetAfterDays = 60
const dayDecay = 0.97
/** An absence counts no more days. */
const maxAbsence = 21
const sumPairs = [
  [number.sumBytes, number.ownSumBytes],
  [number.sumObjects, number.ownSumObjects],
  [number.sumForeign, number.ownSumForeign],
  [number.sumForeignBytes, number.ownSumForeignBytes]
] as const
export const sums: readonly number[] = sumPairs.flat()
export const ownPairs = [...sumPairs, [number.strangeDays, number.ownStrangeDays]] as const
/** Bits of `newToday`. */
export const strangeToday = 16
export const ownStrangeToday = 128
/** Bits of `newToday`, and their counts. */
const countedDays = [
  [0, number.newNetworks],
  [1, number.newDevices],
  [2, number.newCountries],
  [3, number.newMarks],
  [5, number.joinedDays],
  [9, number.deskMoves]
] as const
const placeDays = [countedDays[0], countedDays[2], countedDays[5]]
export const usedElsewhere = 64
export const provedInNewPlace = 256
export const newDeskMove = 512
const joinedToday = 32
/** What is new on so many first days says nothing of how often a person has something new later. */
const daysOfFirstSights = 3
/** Two such days make new places probable. */
const elsewhereWeight = 3
/** So many objects of a day enter the set of known objects. */
const objectsADay = 12

/** Today's amounts at a proof. */
interface Proved {
  readonly bytes: number
  readonly objects: number
  /** The number of today's proofs, with this one. */
  readonly times: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

const hashesAt = (numberCount + countedCount) * 8
const daysAt = hashesAt + known.hashCount * 4
const bytesAt = daysAt + known.dayCount * 2
const bytesSize = hoursAt + 48
const movedAt = Math.ceil((bytesAt + bytesSize) / 8) * 8
const memorySize = movedAt + movedSize

/** One buffer, because each costs a hundred bytes more. */
class Arrays {
  readonly memory: ArrayBuffer
  readonly hashes: Uint32Array
  readonly days: Uint16Array
  /** Float32 cannot add up the bytes of a day one by one. */
  readonly numbers: Float64Array
  readonly synced: Float64Array
  readonly bytes: Uint8Array
  readonly moved: Moved

  constructor(memory: ArrayBuffer) {
    this.memory = memory
    this.numbers = new Float64Array(memory, 0, numberCount)
    this.synced = new Float64Array(memory, numberCount * 8, countedCount)
    this.hashes = new Uint32Array(memory, hashesAt, known.hashCount)
    this.days = new Uint16Array(memory, daysAt, known.dayCount)
    this.bytes = new Uint8Array(memory, bytesAt, bytesSize)
    this.moved = new Moved(memory, movedAt)
  }
}

export class Person implements Slots {
  #arrays: Arrays | null = new Arrays(new ArrayBuffer(memorySize))
  #atRest: ArrayBuffer | null = null
  /** Days since the epoch. */
  day: number
  since: number
  /** The newest day of the ring is at `ringNext - 1`. */
  ringCount = 0
  ringNext = 0
  pastLevel = 0
  todayLevel = 0
  /** Bit h stands for hour h (UTC). */
  hoursToday = 0
  /** Today's highest level: 0 to 3. */
  alarm = 0
  /** The score that a proof has answered today; 0 for none. */
  answered = 0
  proved: Proved | null = null
  /** Null while there are no led requests today. */
  own: OwnDay | null = null
  /**
   * Bits of today: new network 1, device 2, country 4, mark 8; unusual 16; a client that joined 32; used elsewhere 64; unusual without led requests 128; a
   * proof in a new place 256; a session that went on in a new network, but not on a phone 512.
   */
  newToday = 0

  constructor(day: number) {
    this.day = day
    this.since = day
  }

  get hashes(): Uint32Array {
    return this.#awake.hashes
  }

  get days(): Uint16Array {
    return this.#awake.days
  }

  get numbers(): Float64Array {
    return this.#awake.numbers
  }

  get bytes(): Uint8Array {
    return this.#awake.bytes
  }

  get moved(): Moved {
    return this.#awake.moved
  }

  /** Today's amounts in the store. */
  get synced(): Float64Array {
    return this.#awake.synced
  }

  /** Packs the memory until it is read again. No caller may hold an array. */
  rest(): void {
    if (this.#arrays === null) return
    this.#atRest = packed(this.#arrays.memory)
    this.#arrays = null
  }

  get #awake(): Arrays {
    if (this.#arrays !== null) return this.#arrays
    this.#arrays = new Arrays(unpacked(this.#atRest as ArrayBuffer, memorySize))
    this.#atRest = null
    return this.#arrays
  }

  /** True if somebody in another place uses a session today. */
  get isUsedElsewhere(): boolean {
    return (this.newToday & usedElsewhere) !== 0
  }

  get isActiveToday(): boolean {
    return [at.objects, at.bytes, at.changes, at.deletions].some(feature => this.numbers[feature]! > 0)
  }

  /** True if it was first seen some days ago, and on a second day before today. */
  owns(index: number, list = known.areas): boolean {
    const from = index < 0 ? null : ownFrom(this, list, index)
    return from !== null && from <= this.day
  }

  /** True if the area becomes the person's own after this day and by `next`. */
  becomesOwn(areaIndex: number, next: number): boolean {
    const from = ownFrom(this, known.areas, areaIndex)
    return from !== null && from > this.day && from <= next
  }

  addObject(hash: number): void {
    this.todayLevel = add(this.hashes, today, hash, this.todayLevel)
  }

  /** A sampled object stands for so many. */
  get objectWeight(): number {
    return 2 ** this.todayLevel
  }

  /** `learned`: the day's values on their scale, clamped; null to forget the day. */
  endDay(next: number, learned: Float64Array | null): void {
    this.moved.endDay(this.day, next)
    this.#noteStrangeDay(next, number.strangeDays, strangeToday)
    this.#noteStrangeDay(next, number.ownStrangeDays, ownStrangeToday)
    this.#shorten(next)
    if (this.isActiveToday && learned !== null) this.#learn(learned)
    if (this.isActiveToday && learned === null) this.#forgetToday()
    // The places stay new. Their number counts for people whose tunnels end anywhere, and who have shown a proof there.
    if (learned === null && this.isUsedElsewhere && (this.newToday & provedInNewPlace) !== 0)
      for (const [bit, index] of placeDays) this.numbers[index]! += elsewhereWeight * ((this.newToday >> bit) & 1)
    this.numbers.fill(0, 0, featureCount)
    this.numbers[number.score] = 0
    this.hashes.fill(0, today.at, today.at + today.size)
    this.todayLevel = 0
    this.hoursToday = 0
    this.alarm = 0
    this.answered = 0
    this.proved = null
    this.newToday = 0
    this.own = null
    this.day = next
    for (const list of knownLists)
      for (let i = 0; i < list.size; i++)
        if (this.hashes[list.at + i] !== 0 && lastDay(this, list, i) + forgetAfterDays < next) forget(this, list, i)
  }

  /** True if led requests count in any of their numbers. */
  get isLed(): boolean {
    return this.own !== null || ownPairs.some(([all, own]) => this.numbers[all] !== this.numbers[own])
  }

  /** A copy, to decide on a suspension. */
  withoutLed(): Person {
    const person = new Person(this.day)
    person.numbers.set(this.numbers)
    person.bytes.set(this.bytes)
    person.hoursToday = this.hoursToday
    if (this.own !== null) {
      person.numbers.set(this.own.numbers)
      person.hoursToday = this.own.hours
    }
    for (const [all, own] of ownPairs) person.numbers[all] = this.numbers[own]!
    return person
  }

  /** A day with a proof is not unusual. */
  #noteStrangeDay(next: number, index: number, bit: number): void {
    const days = this.numbers[index]! * 2 + ((this.newToday & bit) !== 0 && this.answered === 0 ? 1 : 0)
    const passed = Math.min(strangeDaysKept, Math.max(1, next - this.day))
    this.numbers[index] = (days * 2 ** (passed - 1)) % 2 ** strangeDaysKept
  }

  /** Today does not count. */
  strangeDaysOf(days: number): number {
    let count = 0
    if (this.numbers[number.strangeDays] === 0) return count
    for (let left = this.numbers[number.strangeDays]! % 2 ** days; left > 0; left = Math.floor(left / 2))
      count += left % 2
    return count
  }

  /** A longer absence, or a jump of the clock, counts as `maxAbsence` days. */
  #shorten(next: number): void {
    const shift = next - this.day - maxAbsence
    if (shift <= 0) return
    for (let i = 0; i < this.days.length; i++) if (this.days[i] !== 0) this.days[i]! += shift
    this.day += shift
  }

  #learn(values: Float64Array): void {
    const place = this.ringNext % ringSize
    this.days[place] = this.day
    for (let feature = 0; feature < featureCount; feature++)
      this.bytes[place * featureCount + feature] = toByte(values[feature] as number)
    this.ringNext = (place + 1) % ringSize
    this.ringCount = Math.min(ringSize, this.ringCount + 1)
    this.#learnHours()
    const counted = this.ringCount > daysOfFirstSights ? this.newToday : this.newToday & joinedToday
    for (const [bit, index] of countedDays)
      this.numbers[index] = (this.numbers[index] as number) * dayDecay + ((counted >> bit) & 1)
    this.#learnObjects(fromScale(at.objects, values[at.objects] as number))
  }

  #learnHours(): void {
    const isRest = isRestDay(this.day)
    const from = hoursAt + (isRest ? 24 : 0)
    const days = isRest ? number.restDays : number.workdays
    this.numbers[days] = (this.numbers[days] as number) * dayDecay + 1
    for (let hour = 0; hour < 24; hour++) {
      const seen = ((this.hoursToday >> hour) & 1) * hourUnit
      this.bytes[from + hour] = Math.min(255, Math.round((this.bytes[from + hour] as number) * dayDecay + seen))
    }
  }

  /**
   * A sample for people who touch many objects, which reaches back some ten days. The level moves by one a day, otherwise a flood would push out all
   * that was known.
   */
  #learnObjects(objects: number): void {
    const wanted = Math.max(0, Math.ceil(Math.log2(objects / objectsADay)))
    this.pastLevel += Math.sign(wanted - this.pastLevel)
    thin(this.hashes, past, this.pastLevel)
    const { at: start, size } = past
    const end = start + size
    for (let i = today.at; i < today.at + today.size; i++) {
      const hash = this.hashes[i] as number
      if (hash === 0) break
      if (!isSampled(hash, this.pastLevel)) continue
      let from = this.hashes.indexOf(hash, start)
      if (from < 0 || from >= end) from = this.hashes[end - 1] === 0 ? -1 : start
      if (from >= 0) this.hashes.copyWithin(from, from + 1, end)
      if (from >= 0) this.hashes[end - 1] = 0
      this.hashes[this.hashes.indexOf(0, start)] = hash
    }
  }

  knows(hash: number): boolean {
    return holds(this.hashes, past, hash)
  }

  #forgetToday(): void {
    for (const list of knownLists)
      for (let i = 0; i < list.size; i++)
        if (this.hashes[list.at + i] !== 0 && firstDay(this, list, i) === this.day) forget(this, list, i)
  }

  /**
   * After a proof all known areas are the person's own; with `ofClients`, all known clients too. If somebody elsewhere uses a session, they stay as they
   * are.
   */
  accept(ofClients: boolean): void {
    for (const sum of sums) this.numbers[sum] = 0
    if (this.isUsedElsewhere) return
    for (const list of ofClients ? [known.areas, known.devices, known.marks] : [known.areas])
      for (let i = 0; i < list.size; i++) {
        const hash = this.hashes[list.at + i] as number
        if (hash !== 0) note(this, list, hash, lastDay(this, list, i), this.day - ownAfterDays)
      }
  }
}

/** Gates add these up: features, apps, and features without led requests. */
export function countedToday(person: Person): Float64Array {
  const amounts = new Float64Array(countedCount)
  amounts.set(person.numbers.subarray(0, featureCount))
  amounts.set(person.moved.today, featureCount)
  amounts.set(ownNumbers(person), ownAmountsAt)
  return amounts
}

/** Day 0 of the epoch is a Thursday. */
export function isRestDay(day: number): boolean {
  const weekday = (day + 4) % 7
  return weekday === 0 || weekday === 6
}
