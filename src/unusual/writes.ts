/** Counts what a person changes and deletes in an app. A high count may be an unauthorised modification. */
import { DayHashes } from './day-hashes.ts'
import { at } from './features.ts'
import type { Live } from './live.ts'
import type { Track } from './track.ts'

type Write = 'change' | 'deletion'

/** The methods of HTTP and WebDAV (RFC 4918) that change something. MOVE takes away what stood at an address. */
const writes: ReadonlyMap<string, Write> = new Map([
  ['POST', 'change'],
  ['PUT', 'change'],
  ['PATCH', 'change'],
  ['PROPPATCH', 'change'],
  ['MKCOL', 'change'],
  ['COPY', 'change'],
  ['DELETE', 'deletion'],
  ['MOVE', 'deletion']
])

/** Null for a method that only reads. */
export function writeOf(method: string): Write | null {
  return writes.get(method) ?? null
}

interface Written {
  readonly object: number
  readonly template: number
  readonly id: number
  readonly isForeign: boolean
}

/** @param isCounted True if the request was counted in areas of others already, as a read. */
export function noteWrite(
  live: Live,
  track: Track,
  write: Write,
  { object, template, id, isForeign }: Written,
  isCounted: boolean
): void {
  const { numbers } = live.person
  numbers[write === 'change' ? at.changes : at.deletions]!++
  if (isForeign) noteForeignWrite(live, object, isCounted)
  live.slotWrites++
  if (live.slotWrites > numbers[at.peakWrites]!) numbers[at.peakWrites] = live.slotWrites
  track.noteRow(live.person, template, id)
}

/** Counts an address in an area of others that is written to. One that was counted as a read is remembered too, and counts no more. */
export function noteForeignWrite(live: Live, object: number, isCounted = false): void {
  const isFirst = isFirstWrite(live, object)
  if (isFirst && !isCounted) live.person.numbers[at.foreignObjects]!++
}

const writtenKept = 500

/** Pages that ask by POST, such as terminals and dashboards, send thousands of requests to one address: it counts once a day. */
function isFirstWrite(live: Live, object: number): boolean {
  const { day } = live.person
  if (live.written?.day !== day) live.written = new DayHashes(day)
  return live.written.isFirst(object, writtenKept)
}
