/**
 * Sends the journal to one destination, batch by batch. The cursor moves only when the destination has a batch, so a line arrives at least
 * once. While the destination is away, lines wait in the journal's files.
 */
import { beforeFirst } from '../audit/chain.ts'
import { headFileOf, readHead } from '../audit/chain-head.ts'
import { cursorFileOf, type ExportCursor, readCursor, writeCursor } from '../audit/export-cursor.ts'
import type { Clock } from '../clock.ts'
import { type Destination, ExportFailure, reasonOf } from './destination.ts'
import type { ExportLine } from './export-line.ts'
import { JournalSource, type PortionLimits } from './journal-source.ts'

export interface ExporterOptions {
  readonly id: string
  readonly journal: string
  readonly destination: Destination
  /** JSON in ASCII, one line. */
  readonly encode: (line: ExportLine) => string
  /** Kinds or groups of kinds, such as `session`; empty for all. */
  readonly kinds: readonly string[]
  readonly clock: Clock
  readonly observer: ExportObserver
  /** A number from 0 to 1 spreads the retries. */
  readonly chance?: () => number
  readonly limits?: PortionLimits
}

interface ExportObserver {
  /** Called once for each new cause, with the time of the next try in milliseconds, and with null when lines go out again. */
  onProblem(problem: string | null): void
  onSent(lines: number): void
  onFailure(): void
  /** These lines are in no file any more. */
  onMissing(lines: number): void
}

type Step =
  | { readonly kind: 'sent'; readonly lines: number }
  | { readonly kind: 'idle' }
  | { readonly kind: 'failed'; readonly retryMs: number }

const usualLimits: PortionLimits = { lines: 500, bytes: 512 * 1024 }
const noLine: ExportCursor = { ...beforeFirst, chain: '', inode: '', start: 0, offset: 0 }
const firstWaitMs = 1000
const maxWaitMs = 60_000
/** Without acknowledgements: how long lines stay unconfirmed, and how many. */
const confirmMs = 15_000
const confirmLines = 10_000

export class Exporter {
  readonly id: string
  readonly #options: ExporterOptions
  readonly #source: JournalSource
  readonly #cursorFile: string
  #confirmed: ExportCursor | null = null
  #sent: ExportCursor | null = null
  #unconfirmed = { lines: 0, since: 0 }
  #failures = 0
  #problem: string | null = null
  #mustSeek = true
  /** Unsent lines; null before the first look. */
  #behind: number | null = null

  constructor(options: ExporterOptions) {
    this.id = options.id
    this.#options = options
    this.#source = new JournalSource(options.journal)
    this.#cursorFile = cursorFileOf(options.journal, options.id)
  }

  get behind(): number {
    return this.#behind ?? 0
  }

  get problem(): string | null {
    return this.#problem
  }

  /** Reads the cursor, because another process may have exported meanwhile. */
  begin(): void {
    this.#mustSeek = true
  }

  /** Sends at most one batch. Never rejects. */
  async step(): Promise<Step> {
    try {
      if (this.#mustSeek) await this.#seek()
      const { limits = usualLimits, observer } = this.#options
      const { lines, cursor, missing } = await this.#source.next(limits)
      if (missing > 0) observer.onMissing(missing)
      if (lines.length === 0) {
        await this.#confirmIfDue(false)
        this.#behind = 0
        return { kind: 'idle' }
      }
      const count = await this.#send(lines)
      this.#sent = cursor
      await this.#confirmIfDue(false)
      if (this.#behind === null || this.#failures > 0) await this.#count()
      this.#recover()
      observer.onSent(count)
      return { kind: 'sent', lines: count }
    } catch (error) {
      return this.#fail(error)
    }
  }

  /** Confirms what was sent, and closes everything. Never rejects. */
  async close(): Promise<void> {
    try {
      if (!this.#mustSeek) await this.#confirmIfDue(true)
    } catch {}
    this.abort()
    await this.#source.close().catch(() => {})
  }

  /** Lines under way are sent again. */
  abort(): void {
    this.#mustSeek = true
    this.#options.destination.reset()
  }

  async #seek(): Promise<void> {
    this.#confirmed = await readCursor(this.#cursorFile)
    this.#sent = this.#confirmed
    this.#unconfirmed = { lines: 0, since: 0 }
    // The journal's retention waits for exporters with a cursor, also if the destination was never there.
    if (this.#confirmed === null) await writeCursor(this.#cursorFile, noLine)
    await this.#source.seek(this.#confirmed)
    this.#mustSeek = false
    await this.#count()
  }

  async #send(lines: readonly ExportLine[]): Promise<number> {
    const { kinds, encode, destination, clock } = this.#options
    const outgoing = lines.filter(({ entry }) => isOf(entry.kind, kinds)).map(line => ({ line, text: encode(line) }))
    if (outgoing.length > 0) await destination.send(outgoing)
    if (this.#unconfirmed.lines === 0) this.#unconfirmed = { lines: 0, since: clock() }
    this.#unconfirmed.lines += outgoing.length
    return outgoing.length
  }

  async #confirmIfDue(isLast: boolean): Promise<void> {
    if (this.#sent === null || this.#sent === this.#confirmed) return
    const { destination, clock } = this.#options
    const { lines, since } = this.#unconfirmed
    const isDue =
      isLast || destination.isAcknowledged || lines === 0 || lines >= confirmLines || clock() - since >= confirmMs
    if (!isDue) return
    if (lines > 0) await destination.confirm()
    await writeCursor(this.#cursorFile, this.#sent)
    this.#confirmed = this.#sent
    this.#unconfirmed = { lines: 0, since: 0 }
  }

  async #count(): Promise<void> {
    const head = await readHead(headFileOf(this.#options.journal))
    this.#behind = Math.max(0, (head?.seq ?? 0) - (this.#sent?.seq ?? 0))
  }

  #recover(): void {
    this.#failures = 0
    if (this.#problem === null) return
    this.#problem = null
    this.#options.observer.onProblem(null)
  }

  async #fail(error: unknown): Promise<Step> {
    const { destination, observer, chance = Math.random } = this.#options
    destination.reset()
    this.#mustSeek = true
    this.#failures++
    observer.onFailure()
    await this.#count().catch(() => {})
    const problem = error instanceof ExportFailure ? error.message : reasonOf(error)
    if (problem !== this.#problem) {
      this.#problem = problem
      observer.onProblem(problem)
    }
    const wait = Math.min(firstWaitMs * 2 ** Math.min(this.#failures - 1, 10), maxWaitMs) * (0.8 + 0.4 * chance())
    const asked = error instanceof ExportFailure ? (error.retryAfterMs ?? 0) : 0
    return { kind: 'failed', retryMs: Math.round(Math.max(wait, asked)) }
  }
}

function isOf(kind: string, kinds: readonly string[]): boolean {
  return kinds.length === 0 || kinds.some(one => kind === one || kind.startsWith(`${one}.`))
}
