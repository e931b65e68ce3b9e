/** The clock, which is a parameter everywhere, so that tests can set the time. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number

export const systemClock: Clock = Date.now

/** When this turn of the event loop asked first; 0 if it has not asked. */
let turnAt = 0

function endTurn(): void {
  turnAt = 0
}

function ofTurn(): number {
  if (turnAt === 0) {
    turnAt = systemClock()
    setImmediate(endTurn)
  }
  return turnAt
}

/** The system's clock read once in a turn of the event loop: where each request asks several times, that costs as much as all the counting. */
export function perTurn(clock: Clock): Clock {
  return clock === systemClock ? ofTurn : clock
}

const dayMs = 86_400_000
/** No process sleeps so long: a clock that goes on after more days was behind before. */
const maxSleepDays = 365

/**
 * Puts right when something began, where the clock was wrong then. Whether it is wrong now cannot be seen at one moment, only while it runs, so
 * each process has its own.
 */
export class RunningClock {
  #day: number | null = null
  #hasTurned = false

  /** When something began that lasts `lifeMs`: `since`, or `now` where the clock was wrong at `since`. Everything in milliseconds. */
  beginning(now: number, since: number, lifeMs: number): number {
    const day = Math.floor(now / dayMs)
    const before = this.#day ?? day
    // At midnight some still count to the day before.
    if (day !== before - 1) this.#day = day
    if (day > before || day < before - 1) this.#hasTurned = day === before + 1
    const wasBehind = day > before + maxSleepDays && since < (before + 1) * dayMs && before * dayMs < since + lifeMs
    // A clock without a battery is far behind for a moment. One that runs through a midnight is believed.
    const wasAhead = this.#hasTurned && now < since - dayMs
    return wasBehind || wasAhead ? now : since
  }
}

/** The accepted difference between the clocks of gates that share a store. */
export const clockSkewMs = 60_000

/**
 * True while something with the lifetime `lifeMs` that ends at `endsAt` is valid. An end too far in the future comes from
 * a clock that was ahead and is invalid, otherwise the lifetime would grow when the clock is put back (THREATS D17).
 */
export function isCurrent(endsAt: number, lifeMs: number, now: number): boolean {
  return now < endsAt && endsAt <= now + lifeMs + clockSkewMs
}
