/** The stored records of people, 4 kB at most, and groups. */
import { createHash } from 'node:crypto'
import { type Loose, RecordKind } from '../store/records.ts'
import { featureCount } from './features.ts'
import { areaPlaces, binCount, everyone, Group, scoreBins } from './group.ts'
import { movedStored } from './moved.ts'
import { OwnDay } from './own-day.ts'
import { hoursAt, known, number, Person, storedNumbers } from './person.ts'
import {
  withHaulsOfGroup,
  withHaulsOfPerson,
  withJoinsOfPerson,
  withNewGroupNumbers,
  withNewPersonNumbers,
  withOwnSums,
  withScoresOfGroup
} from './records-upgrade.ts'

export const keepSeconds = 400 * 86_400

interface PersonRecord {
  readonly day: number
  readonly since: number
  readonly ring: readonly [count: number, next: number]
  readonly levels: readonly [past: number, today: number]
  readonly today: readonly [hours: number, alarm: number, answered: number, firsts: number]
  readonly hashes: string
  readonly days: string
  readonly numbers: string
  readonly bytes: string
  /** Missing in older records. */
  readonly moved?: string
  readonly deskMoves?: number
  /** Today without led requests; null if there were none. */
  readonly own: readonly [numbers: string, hours: number] | null
  /** The amounts at today's last proof. */
  readonly proved: readonly [bytes: number, objects: number, at: number, times: number] | null
}

interface GroupRecord {
  readonly since: number
  readonly day: number
  readonly days: readonly [all: number, work: number, rest: number]
  readonly bins: string
  readonly hours: string
  readonly scores: string
  /** Area and number of people in turn. */
  readonly areas: readonly number[]
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isNumbers = (value: unknown, count: number): value is number[] =>
  Array.isArray(value) && value.length === count && value.every(each => Number.isFinite(each) && each >= 0)

export const personRecord = new RecordKind<PersonRecord>({
  prefix: 'unusual:person:',
  version: 7,
  // Version 3 adds today without led requests, and version 5 the amounts at a proof.
  upgrades: [
    withNewPersonNumbers,
    record => ({ ...record, own: null }),
    withHaulsOfPerson,
    record => ({ ...record, proved: null }),
    withJoinsOfPerson,
    withOwnSums
  ],
  read: record => (isPersonRecord(record) ? record : null)
})

export const groupRecord = new RecordKind<GroupRecord>({
  prefix: 'unusual:group:',
  version: 4,
  upgrades: [withNewGroupNumbers, withHaulsOfGroup, withScoresOfGroup],
  read: record => (isGroupRecord(record) ? record : null)
})

/** Names from directories may be long. */
export function groupId(name: string): string {
  return name === everyone ? 'everyone' : createHash('sha256').update(name).digest('base64url').slice(0, 22)
}

function isPersonRecord(record: Loose): record is Loose & PersonRecord {
  const { day, since, ring, levels, today, hashes, days, numbers, bytes, moved, deskMoves, own, proved } =
    record as Partial<PersonRecord>
  return (
    isWhole(day) &&
    isWhole(since) &&
    isNumbers(ring, 2) &&
    isNumbers(levels, 2) &&
    isNumbers(today, 4) &&
    hasBytes(hashes, known.hashCount * 4) &&
    hasBytes(days, known.dayCount * 2) &&
    hasBytes(numbers, storedNumbers * 4) &&
    hasBytes(bytes, hoursAt + 48) &&
    (moved === undefined || hasBytes(moved, movedStored)) &&
    (deskMoves === undefined || isNumbers([deskMoves], 1)) &&
    (own === null || (Array.isArray(own) && hasBytes(own[0], featureCount * 4) && isWhole(own[1]))) &&
    (proved === null || isNumbers(proved, 4))
  )
}

function isGroupRecord(record: Loose): record is Loose & GroupRecord {
  const { since, day, days, bins, hours, scores, areas } = record as Partial<GroupRecord>
  return (
    isWhole(since) &&
    isWhole(day) &&
    isNumbers(days, 3) &&
    hasBytes(bins, featureCount * binCount * 4) &&
    hasBytes(hours, 48 * 4) &&
    hasBytes(scores, scoreBins * 4) &&
    Array.isArray(areas) &&
    isNumbers(areas, areas.length) &&
    areas.length <= 2 * areaPlaces &&
    areas.length % 2 === 0
  )
}

function hasBytes(text: unknown, count: number): boolean {
  return typeof text === 'string' && text.length === Math.ceil((count * 4) / 3) && /^[A-Za-z0-9_-]*$/.test(text)
}

export function packPerson(person: Person): PersonRecord {
  const { day, since, ringCount, ringNext, pastLevel, todayLevel, hoursToday, alarm, answered, newToday } = person
  const { proved } = person
  return {
    day,
    since,
    ring: [ringCount, ringNext],
    levels: [pastLevel, todayLevel],
    today: [hoursToday, alarm, Math.round(answered), newToday],
    hashes: pack(person.hashes),
    days: pack(person.days),
    numbers: pack(Float32Array.from(person.numbers.subarray(0, storedNumbers))),
    bytes: pack(person.bytes),
    moved: pack(person.moved.pack()),
    deskMoves: person.numbers[number.deskMoves]!,
    own: person.own === null ? null : [pack(Float32Array.from(person.own.numbers)), person.own.hours],
    proved: proved === null ? null : [Math.round(proved.bytes), Math.round(proved.objects), proved.at, proved.times]
  }
}

export function unpackPerson(record: PersonRecord): Person {
  const person = new Person(record.day)
  person.since = record.since
  ;[person.ringCount, person.ringNext] = record.ring
  ;[person.pastLevel, person.todayLevel] = record.levels
  ;[person.hoursToday, person.alarm, person.answered, person.newToday] = record.today
  unpack(record.hashes, person.hashes)
  unpack(record.days, person.days)
  const numbers = new Float32Array(storedNumbers)
  unpack(record.numbers, numbers)
  // One NaN would spread to every later number.
  person.numbers.set(numbers.map(finite))
  person.numbers[number.deskMoves] = record.deskMoves ?? person.numbers[number.newNetworks]!
  unpack(record.bytes, person.bytes)
  if (record.moved !== undefined) person.moved.unpack(Buffer.from(record.moved, 'base64url'))
  if (record.proved !== null) {
    const [bytes, objects, at, times] = record.proved
    person.proved = { bytes, objects, at, times }
  }
  if (record.own === null) return person
  const own = new Float32Array(featureCount)
  unpack(record.own[0], own)
  person.own = new OwnDay(Float64Array.from(own, finite), record.own[1])
  return person
}

function finite(number: number): number {
  return Number.isFinite(number) ? number : 0
}

export function packGroup(group: Group): GroupRecord {
  return {
    since: group.since,
    day: group.day,
    days: [group.days, group.workdays, group.restDays],
    bins: pack(group.bins),
    hours: pack(group.hours),
    scores: pack(group.scores),
    areas: [...group.areas].flat()
  }
}

export function unpackGroup(record: GroupRecord): Group {
  const group = new Group(record.day)
  group.since = record.since
  ;[group.days, group.workdays, group.restDays] = record.days
  unpack(record.bins, group.bins)
  unpack(record.hours, group.hours)
  unpack(record.scores, group.scores)
  for (let i = 0; i < record.areas.length; i += 2) group.areas.set(record.areas[i]!, record.areas[i + 1]!)
  return group
}

type Numbers = Uint32Array | Uint16Array | Float32Array | Uint8Array

/** All machines that run Node.js are little-endian. */
function pack(numbers: Numbers): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64url')
}

function unpack(text: string, into: Numbers): void {
  new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(Buffer.from(text, 'base64url'))
}
