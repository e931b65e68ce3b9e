/** Notices that the clock of the machine was set, by comparing it with one that only runs. */
import { type Clock, clockSkewMs } from '../clock.ts'

/** The clock said `from`, and says `to` at the same moment. Milliseconds since the epoch. */
export interface ClockJump {
  readonly from: number
  readonly to: number
}

export class ClockJumps {
  readonly #clock: Clock
  readonly #running: Clock
  #ahead: number

  /** `running`: milliseconds since any moment; nobody can set it. */
  constructor(clock: Clock, running: Clock) {
    this.#clock = clock
    this.#running = running
    this.#ahead = clock() - running()
  }

  /** The jump since the last look; null for none. Time services correct up to a minute, which counts as none. */
  look(): ClockJump | null {
    const to = this.#clock()
    const ahead = to - this.#running()
    const by = ahead - this.#ahead
    this.#ahead = ahead
    return Math.abs(by) <= clockSkewMs ? null : { from: to - by, to }
  }
}
