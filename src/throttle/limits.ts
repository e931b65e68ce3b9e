/** The limits of each kind of bucket. */

/**
 * `account`, `factor`: one account. `…_unknown_network`: one unknown network at one factor or password; `…_unknown_total`: all of them. `address` to
 * `provider`, `known_network`: one network at accounts. `passkey`: one network at one passkey. `answer_…`: an institution's invalid answers.
 */
export type BucketKind =
  | 'account'
  | 'factor'
  | 'factor_unknown_network'
  | 'factor_unknown_total'
  | 'password_unknown_network'
  | 'password_unknown_total'
  | 'address'
  | 'customer'
  | 'site'
  | 'provider'
  | 'known_network'
  | 'passkey'
  | 'answer_network'
  | 'answer_provider'

export interface Limit {
  readonly free: number
  /** Each next wait is `factor` times longer. */
  readonly firstWaitSeconds: number
  readonly factor: number
  readonly maxWaitSeconds: number
  /** The bucket ends so long after the last attempt. */
  readonly keepSeconds: number
  /** One failure is forgiven in this time; null for never. */
  readonly forgiveSeconds: number | null
}

const day = 24 * 3600
const doubling = { firstWaitSeconds: 1, factor: 2 } as const

export const limits: Readonly<Record<BucketKind, Limit>> = {
  account: { free: 3, ...doubling, maxWaitSeconds: 300, keepSeconds: day, forgiveSeconds: null },
  factor: { free: 3, ...doubling, maxWaitSeconds: 300, keepSeconds: day, forgiveSeconds: null },
  factor_unknown_network: { free: 3, ...doubling, maxWaitSeconds: 3600, keepSeconds: day, forgiveSeconds: null },
  factor_unknown_total: { free: 3, ...doubling, maxWaitSeconds: 300, keepSeconds: day, forgiveSeconds: null },
  // A month, otherwise a thousand addresses would have thirty thousand guesses a day.
  password_unknown_network: {
    free: 3,
    ...doubling,
    maxWaitSeconds: 7 * day,
    keepSeconds: 30 * day,
    forgiveSeconds: null
  },
  // 10,000 failures at once, then 144 a day.
  password_unknown_total: {
    free: 10_000,
    ...doubling,
    maxWaitSeconds: 600,
    keepSeconds: 30 * day,
    forgiveSeconds: 600
  },
  // Many people share an address; a success gives their own failures back.
  address: { free: 20, ...doubling, maxWaitSeconds: 300, keepSeconds: day, forgiveSeconds: 300 },
  customer: { free: 30, ...doubling, maxWaitSeconds: 300, keepSeconds: day, forgiveSeconds: 240 },
  site: { free: 40, ...doubling, maxWaitSeconds: 300, keepSeconds: day, forgiveSeconds: 180 },
  provider: { free: 1024, ...doubling, maxWaitSeconds: 120, keepSeconds: 30 * day, forgiveSeconds: 60 },
  // An office stays below this; a password spray does not.
  known_network: { free: 200, ...doubling, maxWaitSeconds: 60, keepSeconds: day, forgiveSeconds: 20 },
  passkey: { free: 60, ...doubling, maxWaitSeconds: 30, keepSeconds: 3600, forgiveSeconds: 5 },
  // Each may cost a tenth of a second. A campus behind one address stays below this, unless its provider makes mistakes.
  answer_network: { free: 60, ...doubling, maxWaitSeconds: 60, keepSeconds: 3600, forgiveSeconds: 10 },
  answer_provider: { free: 600, ...doubling, maxWaitSeconds: 30, keepSeconds: 3600, forgiveSeconds: 2 }
}

/** A directory locks an account after so many wrong passwords within this time. */
export interface Lockout {
  readonly after: number
  readonly withinSeconds: number
}

/** Guesses that the person has left when strangers have spent theirs. */
const leftToThePerson = 2

/** Guesses at each of an account's names count alone. */
export function sharedByNames({ after, withinSeconds }: Lockout, names: number): Lockout {
  return { after: leftToThePerson + Math.floor((after - leftToThePerson) / names), withinSeconds }
}

/** The smallest `after` that leaves strangers one guess at each name. */
export function leastAfter(names: number): number {
  return leftToThePerson + names
}

/** What strangers have together at one password before the strictest policy locks its account; null without a policy. */
export function limitBelow(policies: readonly Lockout[]): Limit | null {
  if (policies.length === 0) return null
  const seconds = Math.max(...policies.map(({ withinSeconds }) => withinSeconds))
  const guesses = Math.max(1, Math.min(...policies.map(({ after }) => after)) - leftToThePerson)
  const wait = { firstWaitSeconds: seconds, factor: 1, maxWaitSeconds: seconds, keepSeconds: seconds }
  // The wait follows the guess that exceeds `free`.
  return { free: guesses - 1, ...wait, forgiveSeconds: null }
}

export const attackFailures = 100

/** Four free attempts, then waits from minutes to days. */
export const unknownNetworkUnderAttack: Limit = { ...limits.password_unknown_network, firstWaitSeconds: 60, factor: 16 }

export function waitMs(failures: number, { free, firstWaitSeconds, factor, maxWaitSeconds }: Limit): number {
  const beyond = Math.floor(failures) - free
  return beyond <= 0 ? 0 : Math.min(maxWaitSeconds, firstWaitSeconds * factor ** (beyond - 1)) * 1000
}
