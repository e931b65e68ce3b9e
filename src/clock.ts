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

/** The accepted difference between the clocks of gates that share a store. */
export const clockSkewMs = 60_000

/**
 * True while something with the lifetime `lifeMs` that ends at `endsAt` is valid. An end too far in the future comes from
 * a clock that was ahead and is invalid, otherwise the lifetime would grow when the clock is put back (THREATS D17).
 */
export function isCurrent(endsAt: number, lifeMs: number, now: number): boolean {
  return now < endsAt && endsAt <= now + lifeMs + clockSkewMs
}
