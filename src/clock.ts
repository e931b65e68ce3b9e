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
/** A clock that goes on so far is believed once it has run so long, since a wrong step may be put back. */
const minRunMs = 10 * 60_000

/**
 * Puts right when something began, where the clock was wrong then. Whether it is wrong now cannot be seen at one moment, only while it runs, so
 * each process has its own.
 */
export class RunningClock {
  #day: number | null
  #hasTurned = false
  /** The last day before the clock went on too far, and the first moment after; null if it has not, or is believed. */
  #jump: { readonly from: number; readonly at: number } | null = null
  #isUnsure = false

  /** `now`: what the clock shows, in milliseconds; null if the first call of `beginning` is the first look at it. */
  constructor(now: number | null = null) {
    this.#day = now === null ? null : Math.floor(now / dayMs)
  }

  /** The latest day that the clock has shown, in days since the epoch, or the one to which it went back; null before the first look. */
  get day(): number | null {
    return this.#day
  }

  /** True while nobody knows whether the clock was behind when it began, or is ahead now. */
  get isUnsure(): boolean {
    return this.#isUnsure
  }

  /** When something began that lasts `lifeMs`: `since`, or when the clock was put right where it was wrong at `since`. All in milliseconds. */
  beginning(now: number, since: number, lifeMs: number): number {
    const day = Math.floor(now / dayMs)
    const before = this.#day ?? day
    // At midnight some still count to the day before.
    if (day !== before - 1) this.#day = day
    if (day > before || day < before - 1) this.#hasTurned = day === before + 1
    if (day > before + maxSleepDays) this.#jump = { from: this.#jump?.from ?? before, at: now }
    const jump = this.#jump
    const ranMs = jump === null ? 0 : now - jump.at
    if (ranMs >= minRunMs || ranMs < -dayMs) this.#jump = null
    const mayBeBehind = jump !== null && since < (jump.from + 1) * dayMs && jump.from * dayMs < since + lifeMs
    this.#isUnsure = mayBeBehind && this.#jump !== null
    if (mayBeBehind && ranMs >= minRunMs) return jump.at
    // A clock without a battery is far behind for a moment. One that runs through a midnight is believed.
    const wasAhead = this.#hasTurned && now < since - dayMs
    return wasAhead ? now : since
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
