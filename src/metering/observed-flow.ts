/** The flow of an observed exchange, which nobody holds back. */
import type { Clock } from '../clock.ts'
import type { Flow, Holder } from './flow.ts'
import type { Observation, ObservedExchange, Observers, Phase } from './observation.ts'

const betweenMs = 5_000
const betweenBytes = 16 * 1024 * 1024

/** Observers get the flow itself, so an observation costs no object. */
export class ObservedFlow implements Flow, Observation {
  readonly exchange: ObservedExchange
  phase: Phase = 'start'
  at = 0
  bytesIn = 0
  bytesOut = 0
  isFirst = false
  status: number | null = null
  reason: string | null = null
  readonly #observers: Observers
  readonly #clock: Clock
  #hasTold = false
  #unsaidIn = 0
  #unsaidOut = 0

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
    this.status = status
  }

  end(cut: string | null): void {
    this.#tell('end', this.#clock(), cut)
  }

  passed(bytesIn: number, bytesOut: number, now: number): void {
    this.#unsaidIn += bytesIn
    this.#unsaidOut += bytesOut
    // A clock that was put back must not silence a long transfer.
    if (this.#unsaidIn + this.#unsaidOut >= betweenBytes || Math.abs(now - this.at) >= betweenMs)
      this.#tell('bytes', now, null)
  }

  #tell(phase: Phase, at: number, reason: string | null): void {
    this.phase = phase
    this.at = at
    this.bytesIn = this.#unsaidIn
    this.bytesOut = this.#unsaidOut
    this.#unsaidIn = this.#unsaidOut = 0
    this.isFirst = phase !== 'start' && !this.#hasTold
    if (this.isFirst) this.#hasTold = true
    this.reason = reason
    this.#observers.tell(this)
  }
}
