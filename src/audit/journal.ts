/** The journal: one file with group commit. While the disk fails, `writable` is false, and a later line records the gap. */

import { GateError } from '../errors.ts'
import { systemCode } from '../files/system-code.ts'
import { ChainFile, type ChainFileOptions } from './chain-file.ts'
import { lineOf } from './encode-event.ts'
import type { AuditEvent, AuditSink } from './event.ts'
import { Lines } from './line-buffer.ts'
import { afterOwnTime } from './own-time.ts'

export interface JournalOptions extends ChainFileOptions {
  /** Lines are without a checkpoint for at most so long. */
  readonly checkpointMilliseconds?: number
  /** How long a line of `record` may wait for others. */
  readonly flushMilliseconds?: number
  readonly retryMilliseconds?: number
  /** While a write takes longer, the journal counts as unwritable. */
  readonly stallMilliseconds?: number
  /** Bytes. Beyond it `writable` is false; beyond twice as many, lines are only counted. */
  readonly waitingMaximum?: number
  /** Null means that the problem is over. */
  readonly onChange?: (problem: string | null) => void
  readonly pseudonymise?: ((event: AuditEvent) => AuditEvent) | null
}

export const journalPurpose = 'journal'

const defaults = {
  checkpointMilliseconds: 60_000,
  flushMilliseconds: 100,
  retryMilliseconds: 1000,
  stallMilliseconds: 3000,
  waitingMaximum: 8 * 1024 * 1024,
  onChange: (_problem: string | null) => {}
}

/** Bytes per write: what five thousand requests a second bring in `flushMilliseconds`. Each write costs as much as 200 lines. */
const portion = 192 * 1024
/** Encoding many events in a row costs less than one after each request. */
const maxUnencoded = 32

interface Waiter {
  readonly line: number
  readonly resolve: () => void
  readonly reject: (error: GateError) => void
}

export class Journal implements AuditSink {
  readonly #file: ChainFile
  readonly #options: JournalOptions & typeof defaults
  #lines = new Lines()
  #unencoded: AuditEvent[] = []
  #spare: Lines | null = null
  #waiters: Waiter[] = []
  #waiting = 0
  #timer: NodeJS.Timeout | null = null
  #checkpointTimer: NodeJS.Timeout | null = null
  #signs = false
  #flushing: Promise<void> | null = null
  #pseudonymise: JournalOptions['pseudonymise']
  #failure: { readonly since: number; readonly cause: string } | null = null
  #lost = 0
  #isClosed = false

  private constructor(options: JournalOptions) {
    this.#options = { ...defaults, ...options }
    this.#pseudonymise = options.pseudonymise
    this.#file = new ChainFile(options)
  }

  /** Never rejects: see `problem`. */
  static async open(options: JournalOptions): Promise<Journal> {
    const journal = new Journal(options)
    await journal.#file.ready().catch(error => journal.#fail(error))
    if (journal.#failure !== null) journal.#schedule()
    return journal
  }

  /** Call it before a change that has to be recorded. See `problem`. */
  async probe(): Promise<void> {
    if (this.#failure === null) await this.#file.checkRoom().catch(error => this.#fail(error))
  }

  get problem(): string | null {
    return this.#failure?.cause ?? null
  }

  get writable(): boolean {
    return this.#failure === null && this.#waiting <= this.#options.waitingMaximum && !this.#isClosed
  }

  /** `unwritten` lines were only counted. */
  get progress(): ChainFile['written'] & { readonly waitingBytes: number; readonly unwritten: number } {
    return { ...this.#file.written, waitingBytes: this.#waiting, unwritten: this.#lost }
  }

  configure({ rotation, pseudonymise }: Pick<JournalOptions, 'rotation' | 'pseudonymise'>): void {
    this.#encode()
    this.#file.rotation = rotation ?? null
    this.#pseudonymise = pseudonymise
  }

  /** Call it before the first line. Rejects with the system's error. */
  look(): ReturnType<ChainFile['look']> {
    return this.#file.look()
  }

  record(event: AuditEvent): void {
    if (this.#isClosed || this.#waiting > 2 * this.#options.waitingMaximum) {
      this.#lost++
      return
    }
    if (this.#unencoded.push(event) >= maxUnencoded) this.#encode()
    if (this.#flushing !== null) return
    if (this.#isPortion) void this.#start()
    else if (this.#timer === null) this.#schedule()
  }

  /** A rejected line may still reach the disk; a resolved one is there. */
  commit(event: AuditEvent): Promise<void> {
    if (!this.writable) return Promise.reject(new GateError('journal_unwritable', { cause: this.problem }))
    this.#unencoded.push(event)
    this.#encode()
    // While the key file holds both keys, the old one can vouch for the new one.
    if (event.kind === 'key.rotate') this.#signs = true
    return new Promise((resolve, reject) => {
      this.#waiters.push({ line: this.#lines.count - 1, resolve, reject })
      if (this.#flushing === null) this.#start()
    })
  }

  /** Resolves when all earlier events were written or have failed. */
  async flush(): Promise<void> {
    await this.#flushing
    // A write that has begun meanwhile may hold earlier events.
    await (this.#hasLines ? this.#start() : this.#flushing)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    await this.flush()
    this.#isClosed = true
    await this.flush()
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#checkpointTimer !== null) clearTimeout(this.#checkpointTimer)
    if (this.#failure === null && this.#options.signers !== undefined) await this.#file.checkpoint()
    await this.#file.close()
  }

  /** Larger writes would block the event loop for milliseconds. */
  get #isPortion(): boolean {
    return this.#waiting >= portion && this.#failure === null && this.#lines.count > 0
  }

  get #hasLines(): boolean {
    return this.#lines.count > 0 || this.#unencoded.length > 0
  }

  #encode(): void {
    const events = this.#unencoded
    if (events.length === 0) return
    this.#unencoded = []
    const lines = this.#lines
    const before = lines.size
    const pseudonymise = this.#pseudonymise
    for (const event of events) lines.push(lineOf(pseudonymise == null ? event : pseudonymise(event)))
    this.#waiting += lines.size - before
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
      else if (this.#failure !== null || this.#hasLines) this.#schedule()
    })
    return this.#flushing
  }

  async #flush(): Promise<void> {
    this.#encode()
    const lines = this.#lines
    const waiters = this.#waiters
    this.#lines = this.#spare ?? new Lines()
    this.#spare = null
    this.#waiters = []
    const endStall = afterOwnTime(this.#options.stallMilliseconds, () => {
      this.#fail(new Error(`the disk has not answered for ${this.#options.stallMilliseconds} ms`))
      refuse(waiters, this.problem)
    })
    const lost = this.#lost
    const { count, size } = lines
    if (this.#failure !== null || lost > 0) lines.push(this.#resumption(lost))
    const signs = this.#signs
    this.#signs = false
    const appended = await this.#file.append(lines, signs)
    endStall()
    this.#waiting -= size
    if (appended.kind === 'done') {
      this.#lost -= lost
      for (const waiter of waiters) waiter.resolve()
      lines.clear()
      this.#spare = lines
      this.#recover()
      this.#scheduleCheckpoint()
      return
    }
    this.#fail(appended.cause)
    this.#keep(lines, count, waiters, appended.begun)
    for (const waiter of waiters) if (waiter.line < appended.whole) waiter.resolve()
    refuse(waiters, this.problem)
  }

  #scheduleCheckpoint(): void {
    if (this.#checkpointTimer !== null || this.#isClosed || this.#options.signers === undefined) return
    if (!this.#file.isUnsigned) return
    this.#checkpointTimer = setTimeout(() => {
      this.#checkpointTimer = null
      // The file takes one write at a time.
      this.#flushing ??= this.#checkpoint().finally(() => {
        this.#flushing = null
        if (this.#waiters.length > 0 || this.#hasLines) this.#start()
        else if (this.#failure !== null) this.#schedule()
      })
    }, this.#options.checkpointMilliseconds)
    this.#checkpointTimer.unref()
  }

  async #checkpoint(): Promise<void> {
    const appended = await this.#file.checkpoint(this.#options.checkpointMilliseconds / 2)
    if (appended.kind === 'failed') this.#fail(appended.cause)
    else this.#scheduleCheckpoint()
  }

  /** Refused commits are dropped, since what they record did not happen. Other lines wait again, unless the disk had begun them. */
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

  /** Records the gap, and tests the journal. */
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

function refuse(waiters: readonly Waiter[], problem: string | null): void {
  for (const waiter of waiters) waiter.reject(new GateError('journal_unwritable', { cause: problem }))
}

function reason(error: unknown): string {
  return systemCode(error) ?? (error as Error).message
}
