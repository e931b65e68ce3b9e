/**
 * How many guesses each kind of bucket holds, and how long the next one waits then. Owns the numbers, and the reasons for them; counting is the
 * limiter's business.
 */

/**
 * `account`, `factor`: one party at one thing. `stranger`: one strange network at one second factor; `strangers`: all of them together.
 * `newcomer`: one strange network at one password; `newcomers`: all of them together.
 * `address`, `customer`, `site`, `provider`: one network at everything, from an address to all of a provider's (routing/network-levels.ts).
 * `neighbours`: one network at all the accounts it is known for. `passkey`: one network at one passkey, which nobody can guess.
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
  /** Failures that cost no waiting. */
  readonly free: number
  /** What the next one costs, in seconds; each one more costs `factor` times the one before. */
  readonly firstWaitSeconds: number
  readonly factor: number
  readonly waitSecondsMax: number
  /** Without a new attempt for this long, the bucket is forgotten. */
  readonly keepSeconds: number
  /** One failure is forgiven in this time; null for none. */
  readonly forgiveSeconds: number | null
}

const day = 24 * 3600
const doubling = { firstWaitSeconds: 1, factor: 2 } as const

export const limits: Readonly<Record<BucketKind, Limit>> = {
  account: { free: 3, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: null },
  factor: { free: 3, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: null },
  stranger: { free: 3, ...doubling, waitSecondsMax: 3600, keepSeconds: day, forgiveSeconds: null },
  strangers: { free: 3, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: null },
  // Remembered for a month: with a day, a thousand addresses had a thousand times thirty guesses a day.
  newcomer: { free: 3, ...doubling, waitSecondsMax: 7 * day, keepSeconds: 30 * day, forgiveSeconds: null },
  // The most that strangers may guess at one password, whoever they are: this many at once, and 144 a day. A thousand addresses do not reach it.
  newcomers: { free: 10_000, ...doubling, waitSecondsMax: 600, keepSeconds: 30 * day, forgiveSeconds: 600 },
  // Many honest people share an address: what they get right is given back, mistakes included.
  address: { free: 20, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: 300 },
  customer: { free: 30, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: 240 },
  site: { free: 40, ...doubling, waitSecondsMax: 300, keepSeconds: day, forgiveSeconds: 180 },
  provider: { free: 1024, ...doubling, waitSecondsMax: 120, keepSeconds: 30 * day, forgiveSeconds: 60 },
  // Never met in an ordinary morning: some hundred browsers without a mark, and who mistypes in them. A sprayer meets it within minutes, and from
  // then on has three guesses a minute over all accounts. The wait stays short, since who is held up is mostly a neighbour.
  neighbours: { free: 200, ...doubling, waitSecondsMax: 60, keepSeconds: day, forgiveSeconds: 20 },
  passkey: { free: 60, ...doubling, waitSecondsMax: 30, keepSeconds: 3600, forgiveSeconds: 5 }
}

/** So many failures of strangers at one password are an attack on it. */
export const siegeFailures = 100

/** A strange network at a password that is under attack: the first four tries are as free as ever, then a minute, a quarter of an hour, hours, days. */
export const newcomerInSiege: Limit = { ...limits.newcomer, firstWaitSeconds: 60, factor: 16 }

/** What `failures` cost, in milliseconds. */
export function waitMs(failures: number, { free, firstWaitSeconds, factor, waitSecondsMax }: Limit): number {
  const beyond = Math.floor(failures) - free
  return beyond <= 0 ? 0 : Math.min(waitSecondsMax, firstWaitSeconds * factor ** (beyond - 1)) * 1000
}
