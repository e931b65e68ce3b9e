/** The time as a parameter, so that no test waits and no rule reads the wall clock on its own. */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number

export const systemClock: Clock = Date.now
