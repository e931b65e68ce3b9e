/** The clock is a parameter everywhere, so that tests can set the time. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number

export const systemClock: Clock = Date.now

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

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

/** Once in a turn of the event loop: asking for each use costs as much as all the counting. */
export function perTurn(clock: Clock): Clock {
  return clock === systemClock ? ofTurn : clock
}

/** No process sleeps longer: such a clock was behind before. */
const maxSleepDays = 365
/** A wrong step may be put back, so it is believed only after this time. */
const minRunMs = 10 * 60_000

/** Corrects when something began, where the clock was wrong then. Only a running clock shows this, so each process has its own. */
export class RunningClock {
  #day: number | null
  #hasTurned = false
  /** The day before the clock went on too far, and the first moment after. */
  #jump: { readonly from: number; readonly at: number } | null = null
  #isUnsure = false

  /** `now` in milliseconds; null if the first call of `beginning` is the first look. */
  constructor(now: number | null = null) {
    this.#day = now === null ? null : Math.floor(now / dayMs)
  }

  /** Days since the epoch. */
  get day(): number | null {
    return this.#day
  }

  get isUnsure(): boolean {
    return this.#isUnsure
  }

  /** Returns `since`, or when the clock was corrected. All in milliseconds. */
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
    // A clock without a battery is far behind for a moment; one that runs through a midnight is believed.
    const wasAhead = this.#hasTurned && now < since - dayMs
    return wasAhead ? now : since
  }
}

/** Gates that share a store have different clocks. */
export const clockSkewMs = 60_000

/** An end too far ahead comes from a clock that was ahead. It is invalid, otherwise the lifetime would grow when the clock is put back (THREATS D17). */
export function isCurrent(endsAt: number, lifeMs: number, now: number): boolean {
  return now < endsAt && endsAt <= now + lifeMs + clockSkewMs
}
