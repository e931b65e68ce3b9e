/** Notices that the machine's clock was set. */
import { type Clock, clockSkewMs } from '../clock.ts'

/** Milliseconds since the epoch. */
export interface ClockJump {
  readonly from: number
  readonly to: number
}

export class ClockJumps {
  readonly #clock: Clock
  readonly #running: Clock
  #ahead: number

  /** `running`: milliseconds of a clock that nobody can set. */
  constructor(clock: Clock, running: Clock) {
    this.#clock = clock
    this.#running = running
    this.#ahead = clock() - running()
  }

  /** Time services correct up to a minute, which is no jump. */
  look(): ClockJump | null {
    const to = this.#clock()
    const ahead = to - this.#running()
    const by = ahead - this.#ahead
    this.#ahead = ahead
    return Math.abs(by) <= clockSkewMs ? null : { from: to - by, to }
  }
}
