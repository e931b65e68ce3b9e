/** The search of the journal page by page, each with a bounded number of bytes. Packed files are left out. */
import path from 'node:path'
import { hourMs } from '../clock.ts'
import { type Entry, entryOf, journalFiles } from './journal-files.ts'
import type { Matcher } from './journal-query.ts'
import { openForSearch, type SearchFile } from './journal-reader.ts'
import { BackwardsFile, linesWith, type Piece } from './lines-backwards.ts'

export interface JournalPage {
  /** Newest first. */
  readonly entries: readonly Entry[]
  /** Older entries begin here; null without any. */
  readonly next: string | null
  /** True if the bound ended the search before the page was full. */
  readonly isPartly: boolean
  /** The search reached back to this time, in milliseconds since the epoch; null for none. */
  readonly backTo: number | null
}

interface PageOptions {
  readonly from: string | null
  readonly most: number
  readonly bound: number
  /** Milliseconds since the epoch; null for no beginning. */
  readonly since: number | null
}

/** Bytes of one read. The event loop waits for its lines. */
const chunkBytes = 256 * 1024
/** Several processes and a clock that was set disturb the order of times. */
const disorderMs = hourMs

export async function searchPage(journal: string, matcher: Matcher, options: PageOptions): Promise<JournalPage> {
  const files = (await journalFiles(journal)).filter(file => !file.endsWith('.gz')).reverse()
  const [name = '', offset = ''] = options.from?.split('@') ?? []
  const first = options.from === null ? 0 : files.findIndex(file => path.basename(file) === name)
  const page = new Page(matcher, options)
  for (let at = first < 0 ? files.length : first; at < files.length && !page.isOver; at++) {
    const opened = await openForSearch(journal, files[at]!).catch(() => null)
    if (opened !== null)
      await page.read(opened, at === first && offset !== '' ? Number.parseInt(offset, 10) : opened.size)
  }
  return page.result
}

class Page {
  readonly #matcher: Matcher
  readonly #options: PageOptions
  readonly #entries: Entry[] = []
  #next: string | null = null
  #isPartly = false
  #backTo: number | null = null
  #read = 0
  isOver = false

  constructor(matcher: Matcher, options: PageOptions) {
    this.#matcher = matcher
    this.#options = options
  }

  get result(): JournalPage {
    return { entries: this.#entries, next: this.#next, isPartly: this.#isPartly, backTo: this.#backTo }
  }

  async read({ file, size, index }: SearchFile, limit: number): Promise<void> {
    const handle = await BackwardsFile.open(file, chunkBytes)
    try {
      await this.#between(handle, file, index.end, Math.min(size, limit))
      for (let at = index.blocks.length - 1; at >= 0 && !this.isOver; at--) {
        const block = index.blocks[at]!
        if (block.at >= limit) continue
        const mayHave = this.#matcher.isBetween(block.firstAt, block.lastAt) && this.#matcher.mayBeIn(block.filter)
        if (mayHave) await this.#between(handle, file, block.at, Math.min(block.at + block.bytes, limit))
        else this.#seen(block.firstAt)
      }
    } finally {
      await handle.close()
    }
  }

  async #between(handle: BackwardsFile, file: string, from: number, to: number): Promise<void> {
    for await (const piece of handle.pieces(from, to)) {
      this.#take(piece, path.basename(file))
      if (this.isOver) return
    }
  }

  #take(piece: Piece, name: string): void {
    this.#read += piece.bytes.length
    for (const { at, text } of linesWith(piece, this.#matcher.needles)) {
      const entry = entryOf(text)
      if (entry === null || !this.#matcher.matches(entry)) continue
      this.#entries.push(entry)
      if (this.#entries.length < this.#options.most) continue
      this.#backTo = Date.parse(entry.at)
      return this.#end(`${name}@${at}`)
    }
    const oldest = entryOf(piece.bytes.toString('utf8', 0, Math.max(0, piece.bytes.indexOf(0x0a))))
    if (oldest !== null) this.#seen(Date.parse(oldest.at))
    if (this.isOver || this.#read < this.#options.bound) return
    this.#isPartly = true
    this.#end(`${name}@${piece.at}`)
  }

  #seen(time: number): void {
    this.#backTo = time
    const { since } = this.#options
    if (since !== null && time < since - disorderMs) this.#end(null)
  }

  #end(next: string | null): void {
    this.#next = next
    this.isOver = true
  }
}
