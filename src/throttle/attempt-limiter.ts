/** The limiter of sign-in attempts. It counts before the check, so parallel attempts count like consecutive ones (THREATS M10, M12). */
import type { Clock } from '../clock.ts'
import { networkLevels } from '../request/network-levels.ts'
import type { Store } from '../store/store.ts'
import { type Count, countAt, countRecord, isAhead, lifeSeconds, untilOf } from './count.ts'
import { attackFailures, type BucketKind, type Limit, limits, unknownNetworkUnderAttack } from './limits.ts'

export { unknownNetwork } from '../request/network-levels.ts'

export interface Bucket {
  /** Account id, name or network; an address for `address` and `known_network`. */
  readonly key: string
  readonly kind: BucketKind
  /** That of the kind by default. */
  readonly limit?: Limit
}

export type Reservation =
  | {
      readonly kind: 'allowed'
      /** Failures of this person, without shared buckets. */
      readonly failures: number
      wait?(): Promise<{ readonly waitSeconds?: number }>
      /** Clears the person's counts, and their part in shared buckets. */
      succeeded(): Promise<void>
      /** Nothing was checked: the attempt does not count. */
      released(): Promise<void>
    }
  | { readonly kind: 'throttled'; readonly retryAfterSeconds: number }

/** Frequent refusals first, and weights that depend on others last. */
const order: readonly BucketKind[] = [
  'address',
  'customer',
  'site',
  'provider',
  'known_network',
  'passkey',
  'answer_network',
  'answer_provider',
  'account',
  'factor',
  'factor_unknown_network',
  'factor_unknown_total',
  'password_unknown_total',
  'password_unknown_network'
]

const shared: ReadonlySet<BucketKind> = new Set([
  'address',
  'customer',
  'site',
  'provider',
  'known_network',
  'passkey',
  'answer_network',
  'answer_provider',
  'password_unknown_total'
])
/** A success gives these all of the person's failures back (THREATS M11), and other shared buckets one. */
const givenBackInFull: ReadonlySet<BucketKind> = new Set([
  'address',
  'customer',
  'site',
  'provider',
  'password_unknown_total'
])

/** No single success empties a shared bucket (THREATS M11). */
export function isShared({ kind }: Bucket): boolean {
  return shared.has(kind)
}

interface SoFar {
  networkFailures: number
  totalFailures: number
}

interface AttemptLimiterOptions {
  readonly store: Store
  readonly clock: Clock
  readonly onThrottled?: (kind: BucketKind) => void
}

export class AttemptLimiter {
  readonly #store: Store
  readonly #clock: Clock
  readonly #onThrottled: (kind: BucketKind) => void

  /** `onThrottled` gets the bucket with the longest wait. */
  constructor({ store, clock, onThrottled = () => {} }: AttemptLimiterOptions) {
    this.#store = store
    this.#clock = clock
    this.#onThrottled = onThrottled
  }

  /** Rejects where the store does; then nothing may be checked. */
  async reserve(buckets: readonly Bucket[]): Promise<Reservation> {
    const sorted = [...buckets].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    // A throttled attempt writes nothing, otherwise a flood would fill the disk (THREATS D15).
    const waits = await Promise.all(sorted.map(bucket => this.#waitMs(bucket)))
    const longest = Math.max(0, ...waits)
    if (longest > 0) {
      this.#onThrottled(sorted[waits.indexOf(longest)]!.kind)
      return throttled(longest)
    }

    const counted: { bucket: Bucket; share: number }[] = []
    const giveBack = async () => {
      await Promise.all(counted.map(({ bucket, share }) => this.#giveBack(bucket, share)))
    }
    const soFar: SoFar = { networkFailures: 0, totalFailures: 0 }
    let failures = 0
    for (const bucket of sorted) {
      const share = shareOf(bucket, soFar)
      const outcome = await this.#count(bucket, share, limitOf(bucket, soFar))
      if (outcome.waitMs > 0) {
        // A parallel attempt came first.
        await giveBack()
        this.#onThrottled(bucket.kind)
        return throttled(outcome.waitMs)
      }
      if (bucket.kind === 'factor_unknown_network') soFar.networkFailures = outcome.failures
      if (bucket.kind === 'password_unknown_total') soFar.totalFailures = outcome.failures
      if (!isShared(bucket)) failures = Math.max(failures, outcome.failures)
      counted.push({ bucket, share })
    }
    const wait = async () => {
      const longest = Math.max(0, ...(await Promise.all(sorted.map(bucket => this.#waitMs(bucket)))))
      return longest > 0 ? { waitSeconds: Math.ceil(longest / 1000) } : {}
    }
    return { kind: 'allowed', failures, wait, succeeded: () => this.clear(buckets), released: giveBack }
  }

  async clear(buckets: readonly Bucket[]): Promise<void> {
    const own = buckets.find(({ kind }) => kind === 'password_unknown_network')
    const found = own === undefined ? null : await countRecord.get(this.#store, idOf(own))
    const mistakes = Math.max(1, Math.round(countAt(found, limits.password_unknown_network, this.#clock()).failures))
    await Promise.all(
      buckets.map(bucket => {
        if (!isShared(bucket)) return this.#store.delete(countRecord.key(idOf(bucket)))
        // Otherwise an attacker's own account would clear guesses at others (THREATS M11).
        return this.#giveBack(bucket, givenBackInFull.has(bucket.kind) ? mistakes : 1)
      })
    )
  }

  async forget(bucket: Bucket): Promise<void> {
    await this.#store.delete(countRecord.key(idOf(bucket)))
  }

  /** Writes only after the clock was set back. */
  async #waitMs(bucket: Bucket): Promise<number> {
    const limit = bucket.limit ?? limits[bucket.kind]
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

  /** `share`: the weight of the failure and its wait. */
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
    const limit = bucket.limit ?? limits[bucket.kind]
    return countRecord.change<void>(this.#store, idOf(bucket), found => {
      if (found === null) return { result: undefined }
      const now = this.#clock()
      const count = countAt(found, limit, now)
      const failures = Math.max(0, count.failures - share)
      // Only this attempt's wait ends.
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

/** Each further failure of a network counts half: it adds less than two to the total (THREATS M17). */
function shareOf({ kind }: Bucket, { networkFailures }: SoFar): number {
  return kind === 'factor_unknown_total' ? 2 ** -Math.min(networkFailures, 50) : 1
}

function limitOf({ kind, limit }: Bucket, { totalFailures }: SoFar): Limit {
  if (limit !== undefined) return limit
  return kind === 'password_unknown_network' && totalFailures >= attackFailures
    ? unknownNetworkUnderAttack
    : limits[kind]
}

/** Older names stay, otherwise an update would lose the counts. */
export const storedKinds: Partial<Record<BucketKind, string>> = {
  factor_unknown_network: 'stranger',
  factor_unknown_total: 'strangers',
  password_unknown_network: 'newcomer',
  password_unknown_total: 'newcomers',
  known_network: 'neighbours'
}

function idOf({ kind, key }: Bucket): string {
  return `${storedKinds[kind] ?? kind}:${kind === 'address' || kind === 'known_network' ? network(key) : key}`
}

/** An IPv4 address, or an IPv6 /64. */
export function network(address: string): string {
  return networkLevels(address).network
}

/** An IPv4 address, or an IPv6 /48, which one attacker easily gets. */
export function site(address: string): string {
  return networkLevels(address).site
}

/** The answer has its wait (FIELD N6). */
export async function refusedBy(reservation: Reservation & { kind: 'allowed' }) {
  return { kind: 'refused' as const, ...(await reservation.wait?.()) }
}
