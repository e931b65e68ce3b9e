/** Counts what a person changes and deletes in an app. */
import { DayHashes } from './day-hashes.ts'
import { at } from './features.ts'
import type { Live } from './live.ts'
import type { Track } from './track.ts'

type Write = 'change' | 'deletion'

/** Methods of HTTP and WebDAV (RFC 4918). MOVE takes away what stood at an address. */
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

export function writeOf(method: string): Write | null {
  return writes.get(method) ?? null
}

interface Written {
  readonly object: number
  readonly template: number
  readonly id: number
  readonly isForeign: boolean
}

/** `isCounted`: counted already, as a read. */
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

/** A read that was counted is remembered, and its writes do not count. */
export function noteForeignWrite(live: Live, object: number, isCounted = false): void {
  const isFirst = isFirstWrite(live, object)
  if (isFirst && !isCounted) live.person.numbers[at.foreignObjects]!++
}

const writtenKept = 500

/** An address counts once a day: terminals and dashboards send thousands of POST requests to one. */
function isFirstWrite(live: Live, object: number): boolean {
  const { day } = live.person
  if (live.written?.day !== day) live.written = new DayHashes(day)
  return live.written.isFirst(object, writtenKept)
}
