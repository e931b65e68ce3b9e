/** One server for messages. While it is down, the gate pauses for growing times, and logs it once. */
import type { SendOutcome } from './outcome.ts'

const firstPauseMs = 10_000
const maxPauseMs = 10 * 60_000

export interface ChannelLog {
  info(fields: object, sentence: string): void
  warn(fields: object, sentence: string): void
}

export class Channel {
  readonly name: string
  readonly #log: ChannelLog
  #failures = 0
  #pausedUntil = 0

  constructor(name: string, log: ChannelLog) {
    this.name = name
    this.#log = log
  }

  /** Milliseconds since the epoch; in the past if it may be tried. */
  get pausedUntil(): number {
    return this.#pausedUntil
  }

  noteOutcome(outcome: SendOutcome, now: number): void {
    if (outcome.kind === 'failed' && outcome.isServers) {
      this.#pausedUntil = now + Math.min(maxPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10))
      if (this.#failures++ === 0)
        this.#log.warn(
          { server: this.name, problem: outcome.why },
          'messages cannot be sent: they wait in the store, and the gate tries again for three days'
        )
      return
    }
    if (this.#failures > 0) this.#log.info({ server: this.name }, 'messages can be sent again')
    this.#failures = 0
    this.#pausedUntil = 0
  }
}
