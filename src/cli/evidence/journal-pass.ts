/** One pass over the journal's lines of a range: their sums, and the rows of the lists of events. */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { beginningOf, journalFiles } from '../../audit/journal-files.ts'
import { hourMs } from '../../clock.ts'
import { csvLine } from '../../evidence/csv.ts'
import { type EventList, eventColumns, eventLists, eventRow, listOf } from '../../evidence/event-lists.ts'
import type { Newest } from '../../evidence/evidence.ts'
import { JournalFigures } from '../../evidence/journal-figures.ts'
import type { Pseudonymiser } from '../../evidence/pseudonymiser.ts'
import type { TimeSteps } from '../../evidence/time-steps.ts'
import { type Io, PersonError } from '../command.ts'
import { type Entry, entryOf, linesIn } from '../journal/files.ts'
import { withProgress } from '../progress.ts'
import type { EvidenceFile, EvidenceFolder } from './folder.ts'

/** Rows of each list on the page. */
const maxNewest = 100
const maxPasses = 3
/** Lines of other processes may stand a little out of order. */
const slackMs = hourMs

interface JournalPass {
  readonly figures: JournalFigures
  readonly newest: Readonly<Record<EventList, Newest>>
  /** Lines that are no entries. */
  readonly unread: number
}

interface Range {
  /** Milliseconds since the epoch, both included. */
  readonly from: number
  readonly to: number
  readonly times: TimeSteps
}

/** Reads the oldest file first. A rotation meanwhile would hide lines, so then it reads again. */
export async function readJournal(
  file: string,
  range: Range,
  { folder, pseudonymiser, io }: { folder: EvidenceFolder; pseudonymiser: Pseudonymiser; io: Io }
): Promise<JournalPass> {
  for (let pass = 0; pass < maxPasses; pass++) {
    const before = await stateOf(file)
    const lists = new Lists(folder, pseudonymiser)
    await lists.open()
    const result = await readFiles(before.files, range, lists, io)
    await lists.close()
    if ((await stateOf(file)).key === before.key) return { ...result, newest: lists.newest() }
  }
  throw new PersonError('the journal began a new file each time it was read; run the command again in a quieter hour')
}

/** The time of the first line, in milliseconds since the epoch; null without a line. */
export async function journalBegin(file: string): Promise<number | null> {
  for (const one of await journalFiles(file)) {
    const { at } = await beginningOf(one)
    if (at > 0) return at
  }
  return null
}

/** A rotation changes the file behind the name. */
async function stateOf(file: string): Promise<{ files: string[]; key: string }> {
  const files = await journalFiles(file)
  const inode = await stat(file).then(
    ({ ino }) => ino,
    () => 0
  )
  return { files, key: JSON.stringify([inode, files.map(one => path.basename(one))]) }
}

async function readFiles(files: readonly string[], { from, to, times }: Range, lists: Lists, io: Io) {
  const figures = new JournalFigures(times)
  let unread = 0
  const begins = await Promise.all(files.map(async one => (await beginningOf(one)).at))
  const needed = files.filter((_, i) => {
    const [begin = 0, next = 0] = [begins[i], begins[i + 1]]
    // A file counts if it overlaps the range. Clocks of processes differ a little.
    return !((next > 0 && next < from - slackMs) || begin > to + slackMs)
  })
  const [fromText, toText] = [new Date(from).toISOString(), new Date(to).toISOString()]
  await withProgress(io, 'MiB of the journal read', await mebibytesOf(needed), async onRead => {
    let [lines, characters] = [0, 0]
    for (const file of needed)
      for await (const line of linesIn(file)) {
        characters += line.length + 1
        if ((++lines & 0x3ff) === 0) onRead(Math.round(characters / 1024 ** 2))
        if (line === '' || isOutside(line, fromText, toText)) continue
        const entry = entryOf(line)
        const at = entry === null ? Number.NaN : Date.parse(entry.at)
        if (entry === null || Number.isNaN(at)) unread++
        else if (at >= from && at <= to) {
          figures.add(entry, at)
          await lists.add(entry)
        }
      }
  })
  return { figures, unread }
}

/** Null for packed files, whose size says nothing. */
async function mebibytesOf(files: readonly string[]): Promise<number | null> {
  if (files.some(file => file.endsWith('.gz'))) return null
  const sizes = await Promise.all(files.map(async file => (await stat(file)).size))
  return Math.ceil(sizes.reduce((sum, size) => sum + size, 0) / 1024 ** 2)
}

/** Compares the text of the time, which saves parsing. */
function isOutside(line: string, from: string, to: string): boolean {
  const start = line.indexOf('"at":"') + 6
  const at = line.slice(start, start + 24)
  return start > 5 && start < 130 && at.endsWith('Z') && at.length === from.length && (at < from || at > to)
}

class Lists {
  readonly #folder: EvidenceFolder
  readonly #pseudonymiser: Pseudonymiser
  readonly #files = new Map<EventList, EvidenceFile>()
  readonly #newest = new Map<EventList, { entries: Entry[]; total: number }>()

  constructor(folder: EvidenceFolder, pseudonymiser: Pseudonymiser) {
    this.#folder = folder
    this.#pseudonymiser = pseudonymiser
  }

  async open(): Promise<void> {
    for (const list of eventLists) {
      const file = await this.#folder.open(`${list}.csv`)
      this.#files.set(list, file)
      this.#newest.set(list, { entries: [], total: 0 })
      await file.write(csvLine(eventColumns))
    }
  }

  add(entry: Entry): Promise<void> | null {
    const list = listOf(entry)
    if (list === null) return null
    const hidden = this.#pseudonymiser.entry(entry)
    const newest = this.#newest.get(list)!
    newest.total++
    newest.entries.push(hidden)
    // Half of the rows leave at once, which saves moving all others for each entry.
    if (newest.entries.length >= 2 * maxNewest) newest.entries.splice(0, maxNewest)
    return this.#files.get(list)!.add(csvLine(eventRow(hidden)))
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close()
  }

  newest(): Record<EventList, Newest> {
    const of = (list: EventList): Newest => {
      const { entries, total } = this.#newest.get(list)!
      return { entries: entries.slice(-maxNewest), total }
    }
    return {
      'sign-ins': of('sign-ins'),
      refusals: of('refusals'),
      suspensions: of('suspensions'),
      warnings: of('warnings'),
      changes: of('changes')
    }
  }
}
