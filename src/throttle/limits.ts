/** The limits of each kind of bucket. */

/**
 * `account`, `factor`: one account. `stranger`, `newcomer`: an unknown network at a second factor or a password; `strangers`, `newcomers`:
 * all of them. `address` to `provider`: a network at all accounts. `neighbours`: a known network at its accounts. `passkey`: a network at
 * one passkey.
 */
export type BucketKind =
  | 'account'
  | 'factor'
  | 'stranger'
  | 'strangers'
  | 'newcomer'
  | 'newcomers'
  | 'address'
  | 'customer'
  | 'site'
  | 'provider'
  | 'neighbours'
  | 'passkey'

export interface Limit {
  /** Failures without a wait. */
  readonly free: number
  /** The first wait in seconds; each next one is `factor` times longer. */
  readonly firstWaitSeconds: number
  readonly factor: number
  readonly waitSecondsMax: number
  /** Seconds without an attempt after which the bucket is dropped. */
  readonly keepSeconds: number
  /** Seconds in which one failure is forgiven; null for never. */
  readonly forgiveSeconds: number | null
}

const day = 24 * 3600
const doubling = { firstWaitSeconds: 1, factor: 2 } as const

export const limits: Readonly<Record<BucketKind, Limit>> = {
  account: { free: 3, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: null },
  factor: { free: 3, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: null },
  stranger: { free: 3, ...doubling, waitSecondsMax: 3600, keepSeconds: day, forgiveSeconds: null },
  strangers: { free: 3, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: null },
  // Kept for a month, otherwise a thousand addresses would have thirty thousand guesses a day.
  newcomer: { free: 3, ...doubling, waitSecondsMax: 7 * day, keepSeconds: 30 * day, forgiveSeconds: null },
  // Bounds all unknown networks at one password: 10,000 at once, then 144 a day.
  newcomers: { free: 10_000, ...doubling, waitSecondsMax: 600, keepSeconds: 30 * day, forgiveSeconds: 600 },
  // Many people share an address; a success gives their mistakes back.
  address: { free: 20, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: 300 },
  customer: { free: 30, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: 240 },
  site: { free: 40, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: 180 },
  provider: { free: 1024, ...doubling, waitSecondsMax: 120, keepSeconds: 30 * day, forgiveSeconds: 60 },
  // An office stays below this; a password spray does not.
  neighbours: { free: 200, ...doubling, waitSecondsMax: 60, keepSeconds: day, forgiveSeconds: 20 },
  passkey: { free: 60, ...doubling, waitSecondsMax: 30, keepSeconds: 3600, forgiveSeconds: 5 }
}

export const siegeFailures = 100

/** An unknown network at a password under attack: four free attempts, then waits of minutes to days. */
export const newcomerInSiege: Limit = { ...limits.newcomer, firstWaitSeconds: 60, factor: 16 }

/** The wait after `failures`, in milliseconds. */
export function waitMs(failures: number, { free, firstWaitSeconds, factor, waitSecondsMax }: Limit): number {
  const beyond = Math.floor(failures) - free
  return beyond <= 0 ? 0 : Math.min(waitSecondsMax, firstWaitSeconds * factor ** (beyond - 1)) * 1000
}
