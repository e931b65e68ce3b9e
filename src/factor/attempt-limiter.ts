/**
 * How many guesses somebody has. Owns the counting, before the check and in the store, so that a hundred guesses at once on several
 * gateways are counted like a hundred in a row (THREATS M10, M12); refuses to let one network hold up everybody else. Without the store there is no guess.
 */
import type { Clock } from '../clock.ts'
import { parseAddress } from '../routing/address.ts'
import type { Store } from '../store/store.ts'

export interface Bucket {
  /** Account id, name or address: whose guesses are counted together. For `address` and `neighbours`, the client's address as it is. */
  readonly key: string
  /**
   * `account`, `factor`: one party at one thing. `stranger`: one strange network at one thing; `strangers`: all of them together.
   * `address`: one address at everything. `neighbours`: one network at all the accounts it is known for.
   * `passkey`: one network at one passkey, which nobody can guess.
   */
  readonly kind: 'account' | 'factor' | 'stranger' | 'strangers' | 'address' | 'neighbours' | 'passkey'
}

export type Reservation =
  | {
      readonly kind: 'allowed'
      /** Failures that stood against the fullest of the buckets before this attempt; those of neighbours say nothing of this person. */
      readonly failures: number
      /** The attempt was right: the account's and the factor's count begin anew, what many share gets this one attempt back. */
      succeeded(): Promise<void>
      /** Nothing was checked after all: every bucket gets this one attempt back. */
      released(): Promise<void>
    }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

interface Limit {
  /** Failures that cost no waiting. The next costs one second, and each one more twice the one before. */
  readonly free: number
  readonly waitSecondsMax: number
  /** Without a new attempt for this long, the bucket is forgotten. */
  readonly keepSeconds: number
  /** One failure is forgiven in this time; null for none. Many honest people share an address. */
  readonly forgiveSeconds: number | null
}

const limits: Readonly<Record<Bucket['kind'], Limit>> = {
  account: { free: 3, waitSecondsMax: 300, keepSeconds: 24 * 3600, forgiveSeconds: null },
  factor: { free: 3, waitSecondsMax: 300, keepSeconds: 24 * 3600, forgiveSeconds: null },
  stranger: { free: 3, waitSecondsMax: 3600, keepSeconds: 24 * 3600, forgiveSeconds: null },
  strangers: { free: 3, waitSecondsMax: 300, keepSeconds: 24 * 3600, forgiveSeconds: null },
  address: { free: 20, waitSecondsMax: 300, keepSeconds: 24 * 3600, forgiveSeconds: 60 },
  // Never met in an ordinary morning: some hundred browsers without a mark, and who mistypes in them. A sprayer meets it within minutes, and from
  // then on has three guesses a minute over all accounts. The wait stays short, since who is held up is mostly a neighbour.
  neighbours: { free: 200, waitSecondsMax: 60, keepSeconds: 24 * 3600, forgiveSeconds: 20 },
  passkey: { free: 60, waitSecondsMax: 30, keepSeconds: 3600, forgiveSeconds: 5 }
}

/**
 * In this order they are counted. Addresses first: a stranger who is held back leaves nothing under the names they make up (THREATS D15).
 * All strangers together last: what one of them may add depends on what they did before.
 */
const order: readonly Bucket['kind'][] = [
  'address',
  'neighbours',
  'passkey',
  'account',
  'factor',
  'stranger',
  'strangers'
]

/** What many people fill together: one of them who is right empties it for nobody else (THREATS M11). */
export function isShared({ kind }: Bucket): boolean {
  return kind === 'address' || kind === 'neighbours' || kind === 'passkey'
}

/** A bucket in the store: failures, when they were counted, and until when nothing more is checked (milliseconds). */
interface Count {
  readonly failures: number
  readonly at: number
  readonly until: number
}

export class AttemptLimiter {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** Counts one attempt against every bucket, as if it had failed already. Rejects where the store does: then nothing may be checked. */
  async reserve(buckets: readonly Bucket[]): Promise<Reservation> {
    const counted: { bucket: Bucket; share: number }[] = []
    const giveBack = async () => {
      await Promise.all(counted.map(({ bucket, share }) => this.#giveBack(bucket, share)))
    }
    let failures = 0
    let strangerFailures = 0
    for (const bucket of [...buckets].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))) {
      // Half of what its last failure added: one network fills the bucket of all by less than two, however long it goes on (THREATS M17).
      const share = bucket.kind === 'strangers' ? 2 ** -Math.min(strangerFailures, 50) : 1
      const outcome = await this.#count(bucket, share)
      if (outcome.waitMs > 0) {
        // What was not checked is not held against the others.
        await giveBack()
        return { kind: 'throttled', retryAfterSeconds: Math.ceil(outcome.waitMs / 1000) }
      }
      if (bucket.kind === 'stranger') strangerFailures = outcome.failures
      if (bucket.kind !== 'neighbours') failures = Math.max(failures, outcome.failures)
      counted.push({ bucket, share })
    }
    return { kind: 'allowed', failures, succeeded: () => this.clear(buckets), released: giveBack }
  }

  /** What success does to the buckets, for whoever learns of it later than the attempt. */
  async clear(buckets: readonly Bucket[]): Promise<void> {
    // Otherwise one own account would wash away the guesses at all the others (THREATS M11).
    await Promise.all(
      buckets.map(bucket => (isShared(bucket) ? this.#giveBack(bucket, 1) : this.#store.delete(keyOf(bucket))))
    )
  }

  /** `share`: how much of a failure this one is, and of a wait. */
  async #count(bucket: Bucket, share: number): Promise<{ waitMs: number; failures: number }> {
    const limit = limits[bucket.kind]
    for (;;) {
      const now = this.#clock()
      const text = await this.#store.get(keyOf(bucket))
      const { failures, until } = this.#read(text, limit, now)
      if (until > now) return { waitMs: until - now, failures }
      const next = failures + share
      if (await this.#write(bucket, text, { failures: next, at: now, until: untilOf(now, next, limit, share) }))
        return { waitMs: 0, failures: Math.floor(failures) }
    }
  }

  async #giveBack(bucket: Bucket, share: number): Promise<void> {
    const limit = limits[bucket.kind]
    for (;;) {
      const now = this.#clock()
      const text = await this.#store.get(keyOf(bucket))
      if (text === null) return
      const count = this.#read(text, limit, now)
      const failures = Math.max(0, count.failures - share)
      // The wait that this attempt caused ends with it; the one before it stands.
      const until = Math.min(count.until, untilOf(count.at, failures, limit, 1))
      if (await this.#write(bucket, text, { failures, at: now, until })) return
    }
  }

  #write(bucket: Bucket, expected: string | null, next: Count): Promise<boolean> {
    const key = keyOf(bucket)
    const text = JSON.stringify(next)
    const { keepSeconds } = limits[bucket.kind]
    return expected === null
      ? this.#store.add(key, text, keepSeconds)
      : this.#store.replace(key, expected, text, keepSeconds)
  }

  #read(text: string | null, limit: Limit, now: number): Count {
    if (text === null) return { failures: 0, at: now, until: 0 }
    const { failures, at, until } = parse(text) ?? { failures: limit.free, at: now, until: 0 }
    const forgiven = limit.forgiveSeconds === null ? 0 : Math.max(0, now - at) / (limit.forgiveSeconds * 1000)
    return {
      failures: Math.max(0, failures - forgiven),
      at,
      // A clock that was put back must not turn seconds into hours (THREATS D17).
      until: Math.min(until, now + limit.waitSecondsMax * 1000)
    }
  }
}

/** Zero for no wait: otherwise a clock that is put back would make one of it (THREATS D17). */
function untilOf(at: number, failures: number, limit: Limit, share: number): number {
  const wait = waitMs(failures, limit) * share
  return wait === 0 ? 0 : at + wait
}

function waitMs(failures: number, limit: Limit): number {
  const beyond = Math.floor(failures) - limit.free
  return beyond <= 0 ? 0 : Math.min(limit.waitSecondsMax, 2 ** (beyond - 1)) * 1000
}

function keyOf({ kind, key }: Bucket): string {
  return `attempts:${kind}:${kind === 'address' || kind === 'neighbours' ? network(key) : key}`
}

/** Where an address that cannot be read comes from. */
export const unknownNetwork = 'unknown'

/** What one household has: an IPv4 address, or an IPv6 /64. */
export function network(address: string): string {
  return prefixOf(address, 4)
}

/** What one attacker has for the asking: an IPv4 address, or an IPv6 /48, which holds 65,536 networks. */
export function site(address: string): string {
  return prefixOf(address, 3)
}

function prefixOf(address: string, groups: number): string {
  const parsed = parseAddress(address)
  if (parsed === null) return unknownNetwork
  if (parsed.family === 4) return parsed.text
  const kept = parsed.groups.slice(0, groups).map(group => group.toString(16))
  return `${kept.join(':')}::/${groups * 16}`
}

function parse(text: string): Count | null {
  try {
    const value = JSON.parse(text) as Partial<Count> | null
    const isRight = [value?.failures, value?.at, value?.until].every(
      field => typeof field === 'number' && Number.isFinite(field) && field >= 0
    )
    return isRight ? (value as Count) : null
  } catch {
    return null
  }
}
