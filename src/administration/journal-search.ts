/**
 * The search of the journal for the console: the port, and a search backwards through the files. It reads a bounded part at a time, so that
 * a question never holds the gate up, and answers where to go on. Commands read through `src/audit/journal-reader.ts`, without a bound.
 */
import { open } from 'node:fs/promises'
import path from 'node:path'
import { type Entry, entryOf, journalFiles } from '../audit/journal-files.ts'
import { readReference } from '../audit/reference.ts'
import { typedSigns } from '../factor/typed-code.ts'

export type JournalEntry = Entry

export interface JournalQuery {
  /** In its canonical form. */
  readonly reference: string | null
  /** A person's name and id; an entry with one of them fits. */
  readonly person: readonly string[] | null
  readonly app: string | null
  /** Also the start of a kind: `session` fits `session.end`. */
  readonly kind: string | null
  /** Milliseconds since the epoch. */
  readonly from: number | null
  readonly to: number | null
}

export interface JournalPage {
  /** The newest first. */
  readonly entries: readonly Entry[]
  /** Where older entries begin; null where there are none. */
  readonly next: string | null
  /** True where the bound ended the search before the page was full. */
  readonly isPartly: boolean
  /** The time of the oldest entry that was read, in milliseconds; null for none. */
  readonly backTo: number | null
}

/** The reference that was typed, in its canonical form; null for other text. */
export function typedReference(text: string): string | null {
  return readReference(typedSigns(text) ?? '')
}

export interface JournalSearch {
  /** `from` is the `next` of the page before; null for the newest. */
  search(query: JournalQuery, from: string | null, most: number): Promise<JournalPage>
}

const chunkBytes = 256 * 1024
const boundBytes = 24 * 1024 * 1024
/** Lines of several processes, and of a clock that was set, are not quite in the order of their times. */
const disorderMs = 3600_000

export interface BackwardsSearchOptions {
  /** The current file. */
  readonly file: string
  /** Other forms of a name or an id in the journal: its pseudonyms. */
  readonly spellingsOf?: (person: string) => readonly string[]
  /** Bytes that one question reads at the most. */
  readonly bound?: number
}

export class BackwardsSearch implements JournalSearch {
  readonly #file: string
  readonly #bound: number
  readonly #spellingsOf: (person: string) => readonly string[]

  constructor({ file, bound = boundBytes, spellingsOf = () => [] }: BackwardsSearchOptions) {
    this.#file = file
    this.#bound = bound
    this.#spellingsOf = spellingsOf
  }

  async search(asked: JournalQuery, from: string | null, most: number): Promise<JournalPage> {
    const person = asked.person?.flatMap(text => [text, ...this.#spellingsOf(text)]) ?? null
    const query = { ...asked, person }
    // Packed files are for the command line.
    const files = (await journalFiles(this.#file)).filter(file => !file.endsWith('.gz')).reverse()
    const [name = '', offset = ''] = from?.split('@') ?? []
    let at = from === null ? 0 : files.findIndex(file => path.basename(file) === name)
    if (at < 0) at = files.length
    let end: number | null = from === null ? null : Number.parseInt(offset, 10)
    const found: Entry[] = []
    let read = 0
    let backTo: number | null = null
    const needle = query.reference ?? null
    for (; at < files.length; at++, end = null) {
      const file = files[at] as string
      for await (const { line, start, bytes } of linesBackwards(file, end)) {
        read += bytes
        const isWorth = needle === null || line.includes(needle)
        const entry = isWorth || backTo === null ? entryOf(line) : null
        if (entry !== null) backTo = Date.parse(entry.at)
        const here = `${path.basename(file)}@${start}`
        if (entry !== null && backTo !== null && query.from !== null && backTo < query.from - disorderMs)
          return { entries: found, next: null, isPartly: false, backTo }
        if (entry !== null && isWorth && fits(entry, query)) found.push(entry)
        if (found.length === most) return { entries: found, next: here, isPartly: false, backTo }
        if (read >= this.#bound) return { entries: found, next: here, isPartly: true, backTo }
      }
    }
    return { entries: found, next: null, isPartly: false, backTo }
  }
}

function fits(entry: Entry, { reference, person, app, kind, from, to }: JournalQuery): boolean {
  const at = Date.parse(entry.at)
  return (
    (reference === null || entry.request === reference) &&
    (person === null ||
      [entry.name, entry.account, entry.operator, entry.person, entry.sponsor].some(
        one => typeof one === 'string' && person.includes(one)
      )) &&
    (app === null || entry.app === app) &&
    (kind === null || entry.kind === kind || entry.kind.startsWith(`${kind}.`)) &&
    !(from !== null && at < from) &&
    !(to !== null && at > to)
  )
}

/** The whole lines before `end` (null: the end of the file), the last first. `start` is a line's position, `bytes` its length. */
async function* linesBackwards(
  file: string,
  end: number | null
): AsyncGenerator<{ line: string; start: number; bytes: number }> {
  const handle = await open(file, 'r').catch(() => null)
  if (handle === null) return
  try {
    const { size } = await handle.stat()
    let position = Math.min(end ?? size, size)
    let rest: Buffer = Buffer.alloc(0)
    while (position > 0) {
      const length = Math.min(chunkBytes, position)
      const chunk = Buffer.alloc(length)
      position -= length
      await handle.read(chunk, 0, length, position)
      let bytes = Buffer.concat([chunk, rest])
      // What follows the last line break is no whole line yet.
      for (let to = bytes.length; ; ) {
        const from = bytes.lastIndexOf(0x0a, to - 2)
        if (from === -1 && position > 0) {
          rest = bytes.subarray(0, to)
          break
        }
        const line = bytes.toString('utf8', from + 1, to)
        if (line.trim() !== '') yield { line: line.trimEnd(), start: position + from + 1, bytes: to - from - 1 }
        if (from === -1) return
        to = from + 1
      }
      // A line longer than this is no entry.
      if (rest.length > 4 * chunkBytes) rest = bytes = Buffer.alloc(0)
    }
  } finally {
    await handle.close()
  }
}
