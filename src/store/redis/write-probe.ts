/**
 * Whether a Redis takes writes. Owns the question, asked once a second, and what every refusal in between says of it: a server that keeps
 * nothing any more (a replica after a failover, too few replicas, a full memory or disk) must not go on answering reads, since what it
 * knows may be a past, and no sign-in could be ended in it.
 */
import { describeTrouble } from './errors.ts'

const beatMs = 1000
/** Replies by which a server says that it takes no writes at all, not that it does not like this one. */
const refusals = /^(?:READONLY|NOREPLICAS|MISCONF|OOM|MASTERDOWN) /

export interface WriteWatchOptions {
  /** A write that leaves nothing behind, yet is refused where a real one would be. Rejects with the server's reply. */
  readonly probe: () => Promise<unknown>
  /** Called when it stops taking writes, and when it takes them again. */
  readonly turned: () => void
}

export class WriteWatch {
  readonly #options: WriteWatchOptions
  #beat: NodeJS.Timeout | undefined
  #isAsking = false
  #refusal: string | null = null

  constructor(options: WriteWatchOptions) {
    this.#options = options
  }

  /** Why it takes none, as a sentence's end; null while it does, or while nobody watches. */
  get refusal(): string | null {
    return this.#refusal
  }

  start(): void {
    this.#beat ??= setInterval(() => {
      if (!this.#isAsking) void this.ask().catch(() => {})
    }, beatMs).unref()
  }

  stop(): void {
    clearInterval(this.#beat)
  }

  /** Asks now. Rejects as the probe does. */
  async ask(): Promise<void> {
    this.#isAsking = true
    try {
      await this.#options.probe()
      this.#turn(null)
    } catch (error) {
      this.heard(error)
      throw error
    } finally {
      this.#isAsking = false
    }
  }

  /** What any command was answered. A broken connection says nothing about writes: whoever keeps the connections sees to that. */
  heard(error: unknown): void {
    // Without the beat nothing would find out that it is over.
    if (this.#beat !== undefined && refusals.test((error as Error)?.message ?? '')) this.#turn(describeTrouble(error))
  }

  #turn(refusal: string | null): void {
    const isNews = (refusal === null) !== (this.#refusal === null)
    this.#refusal = refusal
    if (isNews) this.#options.turned()
  }
}
