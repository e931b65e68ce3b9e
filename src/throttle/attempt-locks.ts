/** Who has to wait. It reads every count, so only operators call it. */
import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import { storedKinds } from './attempt-limiter.ts'
import { countAt, countRecord } from './count.ts'
import { type BucketKind, limits } from './limits.ts'

export interface Lock {
  readonly kind: BucketKind
  /** Account, factor and place, or a network. */
  readonly key: string
  /** Null for a network, and for buckets that accounts share. */
  readonly accountId: string | null
  readonly failures: number
  /** Milliseconds since the epoch; zero for no wait. */
  readonly until: number
}

const kindOf = new Map<string, BucketKind>(
  (Object.keys(limits) as BucketKind[]).map(kind => [storedKinds[kind] ?? kind, kind])
)
const ofAccounts: ReadonlySet<BucketKind> = new Set([
  'account',
  'factor',
  'factor_unknown_network',
  'factor_unknown_total'
])
const idShape = /^[a-z]+:([A-Za-z0-9_-]{22})(?:@|$)/

export class AttemptLocks {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** The longest waits, and the number of all. */
  async waiting(most: number): Promise<{ readonly locks: readonly Lock[]; readonly total: number }> {
    const now = this.#clock()
    let locks: Lock[] = []
    let total = 0
    const order = (a: Lock, b: Lock) => b.until - a.until
    for await (const lock of this.#all()) {
      if (lock.until <= now) continue
      total++
      locks.push(lock)
      // An attack from many addresses must not fill the memory.
      if (locks.length > most * 4) locks = locks.sort(order).slice(0, most)
    }
    return { locks: locks.sort(order).slice(0, most), total }
  }

  /** The end of the longest wait, by account id. */
  async ofAccounts(): Promise<ReadonlyMap<string, number>> {
    const now = this.#clock()
    const ends = new Map<string, number>()
    for await (const { accountId, until } of this.#all())
      if (accountId !== null && until > now) ends.set(accountId, Math.max(until, ends.get(accountId) ?? 0))
    return ends
  }

  async of(accountId: string): Promise<readonly Lock[]> {
    const now = this.#clock()
    const found: Lock[] = []
    for await (const lock of this.#all(accountId)) if (lock.until > now) found.push(lock)
    return found
  }

  /** Also unknown networks' buckets, which a few names share. Their total stays, since it holds back an attack. */
  async unlock(accountId: string): Promise<number> {
    let cleared = 0
    for await (const { kind, key } of this.#all(accountId)) if (await this.#delete(kind, key)) cleared++
    return cleared
  }

  async unlockNetwork(kind: BucketKind, key: string): Promise<boolean> {
    return !ofAccounts.has(kind) && this.#delete(kind, key)
  }

  #delete(kind: BucketKind, key: string): Promise<boolean> {
    return this.#store.delete(countRecord.key(`${storedKinds[kind] ?? kind}:${key}`))
  }

  async *#all(accountId?: string): AsyncGenerator<Lock> {
    const now = this.#clock()
    const slot = accountId === undefined ? null : `${createHash('sha256').update(accountId).digest()[0]}@`
    for await (const { key: storeKey, value } of this.#store.scan(countRecord.prefix)) {
      const id = storeKey.slice(countRecord.prefix.length)
      const cut = id.indexOf(':')
      const kind = kindOf.get(id.slice(0, cut))
      if (kind === undefined) continue
      const key = id.slice(cut + 1)
      const owner = ofAccounts.has(kind) ? (idShape.exec(key)?.[1] ?? null) : null
      const isTheirs =
        accountId === undefined ||
        owner === accountId ||
        (kind === 'password_unknown_network' && slot !== null && key.startsWith(slot))
      if (!isTheirs) continue
      const { failures, until } = countAt(countRecord.parseIfKnown(value), limits[kind], now)
      yield { kind, key, accountId: owner, failures: Math.round(failures), until }
    }
  }
}
