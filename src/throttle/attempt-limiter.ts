/**
 * How many guesses somebody has. Owns the counting, before the check and in the store, so that a hundred guesses at once on several
 * gateways are counted like a hundred in a row (THREATS M10, M12); refuses to keep anything of an attempt that is not checked.
 * Without the store there is no guess.
 */
import type { Clock } from '../clock.ts'
import { networkLevels } from '../request/network-levels.ts'
import type { Store } from '../store/store.ts'
import { type Count, countAt, countRecord, isAhead, lifeSeconds, untilOf } from './count.ts'
import { type BucketKind, type Limit, limits, newcomerInSiege, siegeFailures } from './limits.ts'

export { unknownNetwork } from '../request/network-levels.ts'

export interface Bucket {
  /** Account id, name or network: whose guesses are counted together. For `address` and `neighbours`, the client's address as it is. */
  readonly key: string
  readonly kind: BucketKind
}

export type Reservation =
  | {
      readonly kind: 'allowed'
      /** Failures that stood against this person before this attempt; those of neighbours say nothing of them. */
      readonly failures: number
      /** For an attempt that failed: how long nothing more is checked, in seconds, so that the person is told at once; nothing where there is no wait. */
      wait?(): Promise<{ readonly waitSeconds?: number }>
      /** The attempt was right: the counts of the person begin anew, and what many share gets back what was theirs. */
      succeeded(): Promise<void>
      /** Nothing was checked after all: every bucket gets this one attempt back. */
      released(): Promise<void>
    }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

/** In this order they are counted, from those that most often refuse to those whose count depends on the others. */
const order: readonly BucketKind[] = [
  'address',
  'customer',
  'site',
  'provider',
  'neighbours',
  'passkey',
  'account',
  'factor',
  'stranger',
  'strangers',
  'newcomers',
  'newcomer'
]

const shared: ReadonlySet<BucketKind> = new Set([
  'address',
  'customer',
  'site',
  'provider',
  'neighbours',
  'passkey',
  'newcomers'
])
/** What a stranger filled by mistyping is given back with their success: they were tries at their own account (THREATS M11). */
const givenBackWhole: ReadonlySet<BucketKind> = new Set(['address', 'customer', 'site', 'provider', 'newcomers'])

/** What many people fill together: one of them who is right empties it for nobody else (THREATS M11). */
export function isShared({ kind }: Bucket): boolean {
  return shared.has(kind)
}

/** What the buckets that were counted already say about those that follow. */
interface SoFar {
  strangerFailures: number
  newcomersFailures: number
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
    const sorted = [...buckets].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    // Looked at first: an attempt that must wait writes nothing, otherwise a flood of them would fill the disk (THREATS D15).
    const waits = await Promise.all(sorted.map(bucket => this.#waitMs(bucket)))
    const longest = Math.max(0, ...waits)
    if (longest > 0) return throttled(longest)

    const counted: { bucket: Bucket; share: number }[] = []
    const giveBack = async () => {
      await Promise.all(counted.map(({ bucket, share }) => this.#giveBack(bucket, share)))
    }
    const soFar: SoFar = { strangerFailures: 0, newcomersFailures: 0 }
    let failures = 0
    for (const bucket of sorted) {
      const share = shareOf(bucket, soFar)
      const outcome = await this.#count(bucket, share, limitOf(bucket, soFar))
      if (outcome.waitMs > 0) {
        // Another attempt came first. What was not checked is not held against the others.
        await giveBack()
        return throttled(outcome.waitMs)
      }
      if (bucket.kind === 'stranger') soFar.strangerFailures = outcome.failures
      if (bucket.kind === 'newcomers') soFar.newcomersFailures = outcome.failures
      if (!isShared(bucket)) failures = Math.max(failures, outcome.failures)
      counted.push({ bucket, share })
    }
    const wait = async () => {
      const longest = Math.max(0, ...(await Promise.all(sorted.map(bucket => this.#waitMs(bucket)))))
      return longest > 0 ? { waitSeconds: Math.ceil(longest / 1000) } : {}
    }
    return { kind: 'allowed', failures, wait, succeeded: () => this.clear(buckets), released: giveBack }
  }

  /** What success does to the buckets, for whoever learns of it later than the attempt. */
  async clear(buckets: readonly Bucket[]): Promise<void> {
    const own = buckets.find(({ kind }) => kind === 'newcomer')
    const found = own === undefined ? null : await countRecord.get(this.#store, idOf(own))
    const mistakes = Math.max(1, Math.round(countAt(found, limits.newcomer, this.#clock()).failures))
    await Promise.all(
      buckets.map(bucket => {
        if (!isShared(bucket)) return this.#store.delete(countRecord.key(idOf(bucket)))
        // Otherwise one own account would wash away the guesses at all the others (THREATS M11).
        return this.#giveBack(bucket, givenBackWhole.has(bucket.kind) ? mistakes : 1)
      })
    )
  }

  /** How long the next attempt has to wait. Writes only where the clock was put back: what stood ahead of it would wait for it to come again. */
  async #waitMs(bucket: Bucket): Promise<number> {
    const limit = limits[bucket.kind]
    const found = await countRecord.get(this.#store, idOf(bucket))
    const now = this.#clock()
    const { until } = countAt(found, limit, now)
    if (until <= now || !isAhead(found, now)) return Math.max(0, until - now)
    return countRecord.change(this.#store, idOf(bucket), found => {
      const count = countAt(found, limit, now)
      const result = Math.max(0, count.until - now)
      return isAhead(found, now) ? { ...this.#written(count, limit, now), result } : { result }
    })
  }

  /** `share`: how much of a failure this one is, and of a wait. */
  #count(bucket: Bucket, share: number, limit: Limit): Promise<{ waitMs: number; failures: number }> {
    return countRecord.change(this.#store, idOf(bucket), found => {
      const now = this.#clock()
      const { failures, until } = countAt(found, limit, now)
      if (until > now) return { result: { waitMs: until - now, failures } }
      const next = failures + share
      const count = { failures: next, at: now, until: untilOf(now, next, limit, share) }
      return { ...this.#written(count, limit, now), result: { waitMs: 0, failures: Math.floor(failures) } }
    })
  }

  #giveBack(bucket: Bucket, share: number): Promise<void> {
    const limit = limits[bucket.kind]
    return countRecord.change<void>(this.#store, idOf(bucket), found => {
      if (found === null) return { result: undefined }
      const now = this.#clock()
      const count = countAt(found, limit, now)
      const failures = Math.max(0, count.failures - share)
      // The wait that this attempt caused ends with it; the one before it stands.
      const until = Math.min(count.until, untilOf(count.at, failures, limit, 1))
      return { ...this.#written({ failures, at: now, until }, limit, now), result: undefined }
    })
  }

  #written(count: Count, limit: Limit, now: number): { next: Count; ttlSeconds: number } {
    return { next: count, ttlSeconds: lifeSeconds(count, limit, now) }
  }
}

function throttled(waitMs: number): Reservation {
  return { kind: 'throttled', retryAfterSeconds: Math.ceil(waitMs / 1000) }
}

/** Each network adds half of what its last failure added: one alone fills the bucket of all by less than two (THREATS M17). */
function shareOf({ kind }: Bucket, { strangerFailures }: SoFar): number {
  return kind === 'strangers' ? 2 ** -Math.min(strangerFailures, 50) : 1
}

function limitOf({ kind }: Bucket, { newcomersFailures }: SoFar): Limit {
  return kind === 'newcomer' && newcomersFailures >= siegeFailures ? newcomerInSiege : limits[kind]
}

function idOf({ kind, key }: Bucket): string {
  return `${kind}:${kind === 'address' || kind === 'neighbours' ? network(key) : key}`
}

/** What one household has: an IPv4 address, or an IPv6 /64. */
export function network(address: string): string {
  return networkLevels(address).network
}

/** What one attacker has for the asking: an IPv4 address, or an IPv6 /48, which holds 65,536 networks. */
export function site(address: string): string {
  return networkLevels(address).site
}

/** What a counted attempt that failed is answered with: the wait that it brings is told with it (FIELD N6). */
export async function refusedBy(reservation: Reservation & { kind: 'allowed' }) {
  return { kind: 'refused' as const, ...(await reservation.wait?.()) }
}
