/**
 * The journal: who did what, in the order it happened, appended to one file. Owns the queue between a request and the disk
 * (group commit); refuses to drop a line in silence: what cannot be written turns `writable` off, and the gate then refuses
 * whatever must be recorded. It mends itself once the disk takes lines again, and says from when to when it could not.
 */
import type { Clock } from '../clock.ts'
import { GateError } from '../errors.ts'
import { AppendFile, type AppendHandle } from './append-file.ts'
import { lineOf } from './encode-event.ts'
import type { AuditEvent, AuditSink } from './event.ts'
import { Lines } from './line-buffer.ts'

export interface JournalOptions {
  readonly path: string
  readonly clock: Clock
  /** How long a line of `record` may wait for company. */
  readonly flushMilliseconds?: number
  /** How often a journal that cannot be written is tried again. */
  readonly retryMilliseconds?: number
  /** How long the disk may take before the journal counts as unwritable. */
  readonly stallMilliseconds?: number
  /** Bytes that may wait; beyond them `writable` is false, and beyond twice as many lines are counted instead of kept. */
  readonly waitingMaximum?: number
  /** Hears what is wrong, and null when it is right again. For the log. */
  readonly onChange?: (problem: string | null) => void
  /** For tests: a disk that fails. */
  readonly open?: (path: string) => Promise<AppendHandle>
}

/** In bytes. */
const portion = 128 * 1024

interface Waiter {
  /** Index of its line in the batch. */
  readonly line: number
  readonly resolve: () => void
  readonly reject: (error: GateError) => void
}

/** One open journal. Several processes may append to one file: each batch is a single write with O_APPEND. */
export class Journal implements AuditSink {
  readonly #file: AppendFile
  readonly #options: Required<Omit<JournalOptions, 'open'>>
  #lines = new Lines()
  /** What was written last, to be filled again. */
  #spare: Lines | null = null
  #waiters: Waiter[] = []
  /** Bytes queued or in flight. */
  #waiting = 0
  #timer: NodeJS.Timeout | null = null
  #flushing: Promise<void> | null = null
  #failure: { readonly since: number; readonly cause: string } | null = null
  #lost = 0
  #isClosed = false

  private constructor(options: JournalOptions) {
    this.#options = {
      flushMilliseconds: 100,
      retryMilliseconds: 1000,
      stallMilliseconds: 3000,
      waitingMaximum: 8 * 1024 * 1024,
      onChange: () => {},
      ...options
    }
    this.#file = new AppendFile(options.path, options.open)
  }

  /** Opens the file, or creates it for its owner alone. Never rejects: see `problem`. */
  static async open(options: JournalOptions): Promise<Journal> {
    const journal = new Journal(options)
    await journal.#file.ready().catch(error => journal.#fail(error))
    if (journal.#failure !== null) journal.#schedule()
    return journal
  }

  /** Why nothing can be written at present; null while all is well. */
  get problem(): string | null {
    return this.#failure?.cause ?? null
  }

  get writable(): boolean {
    return this.#failure === null && this.#waiting <= this.#options.waitingMaximum && !this.#isClosed
  }

  record(event: AuditEvent): void {
    if (this.#isClosed || this.#waiting > 2 * this.#options.waitingMaximum) {
      this.#lost++
      return
    }
    this.#queue(event)
    if (this.#flushing !== null) return
    if (this.#isPortion) void this.#start()
    else if (this.#timer === null) this.#schedule()
  }

  /** As promised by AuditSink. A rejected line may still reach the disk; a resolved one never fails to. */
  commit(event: AuditEvent): Promise<void> {
    if (!this.writable) return Promise.reject(new GateError('journal_unwritable', { cause: this.problem }))
    this.#queue(event)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ line: this.#lines.count - 1, resolve, reject })
      if (this.#flushing === null) this.#start()
    })
  }

  /** Resolves when everything recorded so far was written, or could not be. */
  async flush(): Promise<void> {
    await this.#flushing
    if (this.#lines.count > 0) await this.#start()
  }

  /** Writes what waits, and ends. Later events are refused. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    await this.flush()
    this.#isClosed = true
    await this.flush()
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#file.close()
  }

  /** Enough to be written at once: joining the lines of a whole busy moment would stop everything else for milliseconds. */
  get #isPortion(): boolean {
    return this.#waiting >= portion && this.#failure === null && this.#lines.count > 0
  }

  #queue(event: AuditEvent): void {
    const before = this.#lines.size
    this.#lines.push(lineOf(event))
    this.#waiting += this.#lines.size - before
  }

  #schedule(): void {
    if (this.#isClosed) return
    const { retryMilliseconds, flushMilliseconds } = this.#options
    this.#timer = setTimeout(() => this.#start(), this.#failure === null ? flushMilliseconds : retryMilliseconds)
  }

  #start(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = null
      if (this.#waiters.length > 0 || this.#isPortion) this.#start()
      else if (this.#failure !== null || this.#lines.count > 0) this.#schedule()
    })
    return this.#flushing
  }

  async #flush(): Promise<void> {
    const lines = this.#lines
    const waiters = this.#waiters
    this.#lines = this.#spare ?? new Lines()
    this.#spare = null
    this.#waiters = []
    const stall = setTimeout(() => {
      this.#fail(new Error(`the disk has not answered for ${this.#options.stallMilliseconds} ms`))
      refuse(waiters, this.problem)
    }, this.#options.stallMilliseconds)
    const lost = this.#lost
    const { count, size } = lines
    if (this.#failure !== null || lost > 0) lines.push(this.#resumption(lost))
    const appended = await this.#file.append(lines)
    clearTimeout(stall)
    this.#waiting -= size
    if (appended.kind === 'done') {
      this.#lost -= lost
      for (const waiter of waiters) waiter.resolve()
      lines.clear()
      this.#spare = lines
      this.#recover()
      return
    }
    this.#fail(appended.cause)
    this.#keep(lines, count, waiters, appended.begun)
    for (const waiter of waiters) if (waiter.line < appended.whole) waiter.resolve()
    refuse(waiters, this.problem)
  }

  /** Puts back what was recorded and not begun; what was to be committed did not happen, so its line is dropped. */
  #keep(lines: Lines, count: number, waiters: readonly Waiter[], begun: number): void {
    const refused = new Set(waiters.map(waiter => waiter.line))
    const kept = new Lines()
    kept.take(lines, at => at >= begun && at < count && !refused.has(at))
    const before = kept.count
    this.#waiting += kept.size
    kept.take(this.#lines, () => true)
    this.#lines = kept
    this.#waiters = this.#waiters.map(waiter => ({ ...waiter, line: waiter.line + before }))
  }

  /** The line that tells of the gap; writing it is also how an unwritable journal is tried. */
  #resumption(lost: number): string {
    const at = this.#options.clock()
    const since = new Date(this.#failure?.since ?? at).toISOString()
    return lineOf({ kind: 'journal.resume', at, since, lost, cause: this.problem })
  }

  #fail(error: unknown): void {
    const cause = reason(error)
    const isNews = this.#failure?.cause !== cause
    this.#failure = { since: this.#failure?.since ?? this.#options.clock(), cause }
    if (isNews) this.#options.onChange(cause)
  }

  #recover(): void {
    if (this.#failure === null) return
    this.#failure = null
    this.#options.onChange(null)
  }
}

/** Settles what is not settled yet: a promise hears its first answer alone. */
function refuse(waiters: readonly Waiter[], problem: string | null): void {
  for (const waiter of waiters) waiter.reject(new GateError('journal_unwritable', { cause: problem }))
}

/** The system's own code, if it has one: `ENOSPC`. */
function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}
