/** Searches the journal, newest lines first, with the index or without. Commands use it; the console reads pages (`journal-pages.ts`). */
import { stat } from 'node:fs/promises'
import { add, type BlockIndex, extendIndex, indexFileOf, indexFolderOf, readIndex } from './block-index.ts'
import { type Entry, entryOf, journalFiles, linesIn } from './journal-files.ts'
import { JournalLock } from './journal-lock.ts'
import { type JournalQuery, Matcher, type Persons } from './journal-query.ts'
import { BackwardsFile, linesWith } from './lines-backwards.ts'

export interface SearchOptions extends JournalQuery {
  readonly limit: number
}

interface JournalReaderOptions {
  readonly path: string
  /** Only these files, oldest first. Default: the current one and the rotated ones. */
  readonly files?: readonly string[]
  /** The pseudonyms of a name or an id. */
  readonly spellingsOf?: (person: string) => readonly string[]
}

interface IndexOptions {
  /** The index grows once so many bytes of a file are not in it. */
  readonly minimum?: number
  readonly onProgress?: (bytes: number) => void
}

const maxUnindexed = 8 * 1024 * 1024

export interface SearchFile {
  readonly file: string
  readonly size: number
  readonly index: BlockIndex
}

export async function openForSearch(journal: string, file: string): Promise<SearchFile> {
  const { size } = await stat(file)
  const indexFile = await indexFileOf(journal, file)
  const index = indexFile === null ? null : await readIndex(indexFile)
  // An index that is longer than the file belongs to another file.
  const fits = index !== null && (index.end <= size || file.endsWith('.gz'))
  return { file, size, index: fits ? index : { blocks: [], end: 0, people: new Map() } }
}

export class JournalReader {
  readonly #options: JournalReaderOptions
  unread = 0

  constructor(options: JournalReaderOptions) {
    this.#options = options
  }

  async files(): Promise<readonly string[]> {
    return this.#options.files ?? (await journalFiles(this.#options.path))
  }

  /** Newest first. Rejects on a read error. */
  async *search(options: SearchOptions): AsyncGenerator<Entry> {
    const { person, limit } = options
    if (limit < 1) return
    // A name may be in any file. Everything else needs only the newest files.
    const opened = person === undefined ? null : await this.#opened()
    const matcher = new Matcher(options, opened === null ? null : await this.#personsOf(opened, person!))
    const files = opened ?? (await this.files())
    let left = limit
    for (const file of [...files].reverse())
      for await (const entry of this.#inFile(typeof file === 'string' ? await this.#open(file) : file, matcher)) {
        yield entry
        if (--left === 0) return
      }
  }

  tail(limit: number): AsyncGenerator<Entry> {
    return this.search({ limit })
  }

  /** False where the index stays behind. */
  async index({ minimum = maxUnindexed, onProgress }: IndexOptions = {}): Promise<boolean> {
    const behind: { file: string; indexFile: string }[] = []
    for (const { file, size, index } of await this.#opened()) {
      if (file.endsWith('.gz') || size - index.end < minimum) continue
      const indexFile = await indexFileOf(this.#options.path, file)
      if (indexFile !== null) behind.push({ file, indexFile })
    }
    if (behind.length === 0) return true
    // Otherwise two processes could write the index at once.
    const lock = new JournalLock(`${indexFolderOf(this.#options.path)}.lock`)
    try {
      await lock.acquire()
      for (const { file, indexFile } of behind) await extendIndex(file, indexFile, onProgress)
      return true
    } catch {
      return false
    } finally {
      await lock.release()
    }
  }

  async #opened(): Promise<SearchFile[]> {
    return Promise.all((await this.files()).map(file => this.#open(file)))
  }

  #open(file: string): Promise<SearchFile> {
    return openForSearch(this.#options.path, file)
  }

  /** Some entries have only the id, others only the name. */
  async #personsOf(files: readonly SearchFile[], text: string): Promise<Persons> {
    const texts = new Set([text, ...(this.#options.spellingsOf?.(text) ?? [])])
    const people = new Map<string, Set<string>>()
    for (const { index } of files)
      for (const [account, names] of index.people) for (const name of names) add(people, account, name)
    const known = new Matcher({}, { names: texts, accounts: texts })
    for (const { file, size, index } of files)
      for await (const line of linesFrom(file, index.end, size, known.needles)) {
        const entry = entryOf(line)
        if (typeof entry?.account === 'string' && typeof entry.name === 'string') add(people, entry.account, entry.name)
      }
    const accounts = new Set(texts)
    for (const [account, names] of people) if ([...names].some(name => texts.has(name))) accounts.add(account)
    return { names: texts, accounts }
  }

  async *#inFile({ file, size, index }: SearchFile, matcher: Matcher): AsyncGenerator<Entry> {
    if (file.endsWith('.gz')) {
      yield* this.#inPacked(file, matcher)
      return
    }
    const opened = await BackwardsFile.open(file)
    try {
      yield* this.#between(opened, index.end, size, matcher)
      for (let at = index.blocks.length - 1; at >= 0; at--) {
        const block = index.blocks[at]!
        if (!matcher.isBetween(block.firstAt, block.lastAt) || !matcher.mayFollow(block.firstSeq)) continue
        if (!matcher.mayBeIn(block.filter)) continue
        yield* this.#between(opened, block.at, block.at + block.bytes, matcher)
      }
    } finally {
      await opened.close()
    }
  }

  async *#between(file: BackwardsFile, from: number, to: number, matcher: Matcher): AsyncGenerator<Entry> {
    for await (const piece of file.pieces(from, to))
      for (const { text } of linesWith(piece, matcher.needles)) {
        const entry = this.#match(text, matcher)
        if (entry !== null) yield entry
      }
  }

  /** A packed file can only be read from its beginning. */
  async *#inPacked(file: string, matcher: Matcher): AsyncGenerator<Entry> {
    const found: Entry[] = []
    for await (const line of packedLines(file, matcher.needles)) {
      const entry = this.#match(line, matcher)
      if (entry !== null) found.push(entry)
    }
    yield* found.reverse()
  }

  #match(line: string, matcher: Matcher): Entry | null {
    if (line === '') return null
    const entry = entryOf(line)
    if (entry === null) this.unread++
    return entry !== null && matcher.matches(entry) ? entry : null
  }
}

/** The last line comes first; in a packed file, the first one. */
async function* linesFrom(file: string, from: number, to: number, texts: readonly Buffer[]): AsyncGenerator<string> {
  if (file.endsWith('.gz')) return yield* packedLines(file, texts)
  const opened = await BackwardsFile.open(file)
  try {
    for await (const piece of opened.pieces(from, to)) for (const { text } of linesWith(piece, texts)) yield text
  } finally {
    await opened.close()
  }
}

async function* packedLines(file: string, texts: readonly Buffer[]): AsyncGenerator<string> {
  const words = texts.map(text => text.toString())
  for await (const line of linesIn(file)) if (words.length === 0 || words.some(word => line.includes(word))) yield line
}
