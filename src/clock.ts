/** The time as a parameter, so that no test waits and no rule reads the wall clock on its own. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number

export const systemClock: Clock = Date.now

/** Gates whose clocks differ by this much serve one store all the same. */
export const clockSkewMs = 60_000

/**
 * True while something is good that lasts `lifeMs` and ends at `endsAt`. What ends later than anything could that is made now comes from a clock that
 * stood ahead, and is good for nothing: otherwise it would outlive its time by as much as the clock was put back (THREATS D17).
 */
export function isCurrent(endsAt: number, lifeMs: number, now: number): boolean {
  return now < endsAt && endsAt <= now + lifeMs + clockSkewMs
}
