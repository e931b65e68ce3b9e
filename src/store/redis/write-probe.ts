/**
 * Probes once a second whether a Redis accepts writes. If not (demoted replica, full memory or disk), reads fail too:
 * its data may be outdated, and no session could be ended in it.
 */
import { describeTrouble } from './errors.ts'

const beatMs = 1000
/** Replies that mean the server takes no writes at all. */
const refusals = /^(?:READONLY|NOREPLICAS|MISCONF|OOM|MASTERDOWN) /

export interface WriteWatchOptions {
  /** A write without effect. Rejects with the server's reply. */
  readonly probe: () => Promise<unknown>
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

  /** Why writes fail, as the end of a sentence; null if they work or nobody listens. */
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

  /** Notes an error of any command; broken connections say nothing about writes. */
  heard(error: unknown): void {
    if (this.#beat !== undefined && refusals.test((error as Error)?.message ?? '')) this.#turn(describeTrouble(error))
  }

  #turn(refusal: string | null): void {
    const isNews = (refusal === null) !== (this.#refusal === null)
    this.#refusal = refusal
    if (isNews) this.#options.turned()
  }
}
