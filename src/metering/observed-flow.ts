/** The flow of an exchange that is observed, and held back by nobody. */
import type { Clock } from '../clock.ts'
import type { Flow, Holder } from './flow.ts'
import type { ObservedExchange, Observers, Phase } from './observation.ts'

/** The least time between two observations of the bytes of one exchange, in milliseconds. */
const betweenMs = 5_000
/** After so many bytes whoever judges them hears of it in any case. */
const betweenBytes = 16 * 1024 * 1024

export class ObservedFlow implements Flow {
  readonly exchange: ObservedExchange
  readonly #observers: Observers
  readonly #clock: Clock
  #status: number | null = null
  #toldAt = 0
  #isFirst = true
  #bytesIn = 0
  #bytesOut = 0

  constructor(exchange: ObservedExchange, observers: Observers, clock: Clock) {
    this.exchange = exchange
    this.#observers = observers
    this.#clock = clock
  }

  begin(_holder: Holder): void {
    this.#tell('start', this.#clock(), null)
  }

  sent(bytes: number): boolean {
    this.passed(0, bytes, this.#clock())
    return true
  }

  received(bytes: number): boolean {
    this.passed(bytes, 0, this.#clock())
    return true
  }

  answered(status: number): void {
    this.#status = status
  }

  end(cut: string | null): void {
    this.#tell('end', this.#clock(), cut)
  }

  passed(bytesIn: number, bytesOut: number, now: number): void {
    this.#bytesIn += bytesIn
    this.#bytesOut += bytesOut
    // A clock that was put back must not silence a long transfer.
    if (this.#bytesIn + this.#bytesOut >= betweenBytes || Math.abs(now - this.#toldAt) >= betweenMs)
      this.#tell('bytes', now, null)
  }

  #tell(phase: Phase, at: number, reason: string | null): void {
    this.#toldAt = at
    const bytesIn = this.#bytesIn
    const bytesOut = this.#bytesOut
    this.#bytesIn = this.#bytesOut = 0
    const isFirst = phase !== 'start' && this.#isFirst
    if (isFirst) this.#isFirst = false
    this.#observers.tell({
      exchange: this.exchange,
      phase,
      at,
      bytesIn,
      bytesOut,
      isFirst,
      status: this.#status,
      reason
    })
  }
}
