/** What is known of an app, and what is open. Both records stay below 1 MiB. */
import { type Loose, RecordKind } from '../store/records.ts'
import type { Finding } from './finding.ts'
import { type MarkKind, markKinds } from './mark.ts'
import type { Lacking } from './places.ts'

export const keepSeconds = 400 * 86_400

export interface KnownRecord {
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly pages: number
  /** The one unseen for longest comes first. */
  readonly marks: Readonly<Partial<Record<MarkKind, readonly string[]>>>
  /** See novelty.ts. */
  readonly rates: readonly (readonly [group: string, seen: number, early: number, late: number])[]
  /** `WHAT DETAIL`, and the last day. */
  readonly notes: readonly (readonly [note: string, day: number])[]
}

/** Everything new is learned without a report. */
export interface Changing {
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly until: number
  readonly why: string
  readonly by: string
}

export interface OpenRecord {
  readonly findings: readonly Finding[]
  readonly changing: Changing | null
  /** When operators were told in the last hour. */
  readonly told: readonly number[]
  /** The same for strangers' paths, which use up no other notice. */
  readonly toldPaths?: readonly number[]
  /** The same for what only strangers have seen. */
  readonly toldVisitors?: readonly number[]
  /** When a lack of places was told; an approval ends it. */
  readonly full?: Readonly<Partial<Record<Lacking, number>>>
}

export const nothingOpen: OpenRecord = { findings: [], changing: null, told: [] }

/** The id is the app's. */
export const knownRecord = new RecordKind<KnownRecord>({
  prefix: 'integrity:known:',
  version: 1,
  read: record => (isKnown(record) ? record : null)
})

export const openRecord = new RecordKind<OpenRecord>({
  prefix: 'integrity:open:',
  version: 1,
  read: record => (isOpen(record) ? record : null)
})

const isTime = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0
const areTimes = (value: unknown): value is number[] => Array.isArray(value) && value.every(isTime)
const areTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(each => typeof each === 'string')

function isKnown(record: Loose): record is Loose & KnownRecord {
  const { since, pages, marks, rates, notes } = record as Partial<KnownRecord>
  return (
    isTime(since) &&
    isTime(pages) &&
    typeof marks === 'object' &&
    marks !== null &&
    markKinds.every(kind => marks[kind] === undefined || areTexts(marks[kind])) &&
    Array.isArray(rates) &&
    rates.every(
      rate => Array.isArray(rate) && typeof rate[0] === 'string' && [1, 2, 3].every(place => isTime(rate[place]))
    ) &&
    Array.isArray(notes) &&
    notes.every(note => Array.isArray(note) && typeof note[0] === 'string' && isTime(note[1]))
  )
}

function isOpen(record: Loose): record is Loose & OpenRecord {
  const { findings, changing, told, toldPaths, toldVisitors, full } = record as Partial<OpenRecord>
  return (
    Array.isArray(findings) &&
    findings.every(isFinding) &&
    (changing === null ||
      (typeof changing === 'object' &&
        isTime(changing.from) &&
        isTime(changing.until) &&
        typeof changing.why === 'string' &&
        typeof changing.by === 'string')) &&
    areTimes(told) &&
    (toldPaths === undefined || areTimes(toldPaths)) &&
    (toldVisitors === undefined || areTimes(toldVisitors)) &&
    (full === undefined || (typeof full === 'object' && full !== null && areTimes(Object.values(full))))
  )
}

function isFinding(value: unknown): value is Finding {
  const { id, severity, at, lastAt, page, items, codes, left, why, isByStranger, onlySeenBy } = (value ??
    {}) as Partial<Finding>
  return (
    typeof id === 'string' &&
    (severity === 'alarm' || severity === 'change') &&
    isTime(at) &&
    isTime(lastAt) &&
    typeof page === 'string' &&
    Array.isArray(items) &&
    items.every(item => markKinds.includes(item?.kind) && typeof item.value === 'string') &&
    areTexts(codes) &&
    isTime(left) &&
    typeof why === 'string' &&
    (isByStranger === undefined || isByStranger === true) &&
    (onlySeenBy === undefined || typeof onlySeenBy === 'string')
  )
}
