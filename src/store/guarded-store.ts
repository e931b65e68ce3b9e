/**
 * A store that refuses to answer once it is swapped or rolled back, since an older copy holds revoked sessions and spent codes. Its mark identifies it, and its
 * epoch counts its progress. The refusal ends when the right store is back, or with `factorgate store accept`.
 */
import { randomBytes } from 'node:crypto'
import { changeKnown } from './change.ts'
import { acceptedEpoch, advancedEpoch, epochKeys, isBehind, knownAfter, pastOf, pastRecord } from './epochs.ts'
import { joined, type KnownStore, type KnownStores } from './known-stores.ts'
import { StoreMisconfigured } from './misconfigured.ts'
import { markKey, recordKey, refusalOf, shown, stateKeys, stateOf } from './state.ts'
import {
  type Purpose,
  type Store,
  type StoreCredentials,
  type StoreEntry,
  type StoreNotice,
  StoreUnconfirmed,
  StoreUnreachable
} from './store.ts'

const checkMs = 1000

const remedy = 'Check the store. If it is the right one, run: factorgate store accept'

export interface GuardOptions {
  readonly known: KnownStores
  readonly address: string
  readonly isCluster: boolean
  /** The gate accepts an emptied store: nobody can sign in with it. */
  readonly isEmptied?: (sentence: string) => void
}

/** A record of writers that nobody needs any more ends after this time. */
const recordSeconds = 400 * 86_400

/** Marks a new store. Throws StoreMisconfigured if it is another one or has gone back. */
export async function guardStore(inner: Store, options: GuardOptions): Promise<GuardedStore> {
  let before = options.known.get(options.address)
  if (before !== null && options.isEmptied !== undefined && (await isEmpty(inner))) {
    options.isEmptied(
      `The store ${shown(options.address)} is empty, but it was not empty the last time: nobody has an account. If you do not expect this, stop the gate and restore the store.`
    )
    await acceptStore(inner, options)
    before = options.known.get(options.address)
  }
  const store = new GuardedStore(inner, options, before)
  const why = await store.verify()
  if (why === null) return store
  throw new StoreMisconfigured(`${why} ${remedy}`)
}

/** Makes every gate accept the store as it is. Returns the problem, or null. */
export async function acceptStore(inner: Store, options: GuardOptions): Promise<string | null> {
  const before = options.known.get(options.address)
  const state = await stateOf(inner, options.isCluster, before)
  const why = before === null ? null : refusalOf(state, before, shown(options.address))
  const ids = [...new Set([...state.ids, ...(before === null ? [] : [before.id])])]
  if (ids.length === 0) ids.push(newId())
  const epochs = state.epochs.map((text, n) => acceptedEpoch(text, before?.epochs[n] ?? null))
  const keys = epochKeys(options.isCluster)
  await inner.put(markKey, ids.join(' '))
  for (const [n, key] of keys.entries()) await inner.put(key, epochs[n]!)
  await inner.settle?.(keys)
  const known = { id: before?.id ?? ids[0]!, epochs: epochs.map(text => knownAfter(null, text)) }
  options.known.remember(options.address, known, epochs)
  return why
}

export class GuardedStore implements Store {
  readonly #inner: Store
  readonly #options: GuardOptions
  readonly #listeners = new Set<{
    listener: (notice: StoreNotice) => void
    isWaiting: boolean
    /** While this is false, subscribers may cache nothing. */
    isConnected: boolean
  }>()
  readonly #epochKeys: readonly string[]
  /** The name of this process in the epochs. */
  #writer = newName()
  #texts: (string | null)[] = []
  /** The epochs when the store was last found right. */
  #accepted: readonly (string | null)[] = []
  #known: KnownStore | null
  #timer: NodeJS.Timeout | undefined
  #refusal: string | null = null
  #isLost = false
  #isUnsaved = false
  /** A check that began before the last loss proves nothing. */
  #losses = 0
  #verifying: Promise<string | null> | undefined
  #settling: { promise: Promise<void>; isBegun: boolean } | undefined

  constructor(inner: Store, options: GuardOptions, known: KnownStore | null) {
    this.#inner = inner
    this.#options = options
    this.#epochKeys = epochKeys(options.isCluster)
    this.#known = known
  }

  /** Returns the problem, or null. Rejects with StoreUnreachable. */
  verify(): Promise<string | null> {
    this.#verifying ??= this.#verify().finally(() => {
      this.#verifying = undefined
    })
    return this.#verifying
  }

  get(key: string): Promise<string | null> {
    return this.#onceAccepted(() => this.#inner.get(key))
  }
  put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    return this.#onceAccepted(() => this.#inner.put(key, value, ttlSeconds))
  }
  add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    return this.#onceAccepted(() => this.#inner.add(key, value, ttlSeconds))
  }
  take(key: string): Promise<string | null> {
    return this.#onceAccepted(() => this.#inner.take(key))
  }
  replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean> {
    return this.#onceAccepted(() => this.#inner.replace(key, expected, next, ttlSeconds, purpose))
  }
  increment(key: string, ttlSeconds?: number): Promise<number> {
    return this.#onceAccepted(() => this.#inner.increment(key, ttlSeconds))
  }
  delete(key: string, expected?: string): Promise<boolean> {
    return this.#onceAccepted(() => this.#inner.delete(key, expected))
  }
  link(key: string, member: string, ttlSeconds?: number): Promise<void> {
    return this.#onceAccepted(() => this.#inner.link(key, member, ttlSeconds))
  }
  unlink(key: string, member: string): Promise<void> {
    return this.#onceAccepted(() => this.#inner.unlink(key, member))
  }
  members(key: string): Promise<string[]> {
    return this.#onceAccepted(() => this.#inner.members(key))
  }

  async subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void> {
    this.#assertAccepted()
    if (this.#timer === undefined) {
      await this.#inner.subscribe(stateKeys, notice => this.#onStateNotice(notice))
      this.#timer ??= setInterval(() => {
        this.#save()
        void this.verify().catch(() => {})
      }, checkMs).unref()
    }
    const entry = { listener, isWaiting: false, isConnected: true }
    const end = await this.#inner.subscribe(prefix, notice => {
      if (notice.kind === 'changed') return listener(notice)
      if (notice.kind === 'lost') {
        entry.isConnected = false
        entry.isWaiting = true
        return listener(notice)
      }
      entry.isConnected = true
      if (!this.#isLost && this.#refusal === null) {
        entry.isWaiting = false
        listener(notice)
      }
    })
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
      end()
    }
  }

  async *scan(prefix: string): AsyncIterable<StoreEntry> {
    this.#assertAccepted()
    yield* this.#inner.scan(prefix)
  }
  async *scanIndexes(prefix: string): ReturnType<Store['scanIndexes']> {
    this.#assertAccepted()
    yield* this.#inner.scanIndexes(prefix)
  }

  async ping(): Promise<void> {
    const why = await this.verify()
    if (why !== null) throw new StoreUnreachable(`${why} ${remedy}`)
    await this.#inner.ping()
  }

  /** Concurrent callers share one round. */
  async settle(): Promise<void> {
    this.#assertAccepted()
    if (this.#settling !== undefined && !this.#settling.isBegun) return this.#settling.promise
    const before = this.#settling?.promise.catch(() => {})
    const round = { promise: Promise.resolve(), isBegun: false }
    round.promise = Promise.resolve(before)
      .then(() => {
        round.isBegun = true
        return this.#settle()
      })
      .finally(() => {
        if (this.#settling === round) this.#settling = undefined
      })
    this.#settling = round
    return round.promise
  }

  distrust(): void {
    this.#inner.distrust?.()
  }

  renew(credentials: StoreCredentials): void {
    this.#inner.renew?.(credentials)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#save()
    await this.#inner.close()
  }

  async #settle(): Promise<void> {
    try {
      this.#accept(await Promise.all(this.#epochKeys.map((key, n) => this.#advanceEpoch(key, n))))
      await this.#inner.settle?.(this.#epochKeys)
    } catch (error) {
      if (!(error instanceof StoreUnreachable) || error instanceof StoreUnconfirmed) throw error
      this.#assertAccepted()
      throw new StoreUnconfirmed(
        `The store has the change, but it has not confirmed it. Do it again when the store answers. ${error.message}`,
        { cause: error }
      )
    }
  }

  async #advanceEpoch(key: string, n: number): Promise<string> {
    for (const isLast of [false, true]) {
      const text = await this.#tryToAdvance(key, n)
      if (text !== null) return text
      // What the list lacks may be in a record. Then it is known no longer, and the next try succeeds.
      await this.verify()
      this.#assertAccepted()
      if (isLast) break
    }
    throw new StoreUnreachable(
      `The store ${shown(this.#options.address)} went back to an earlier state and changed again, so the gate does not know what is in it.`
    )
  }

  /** Null if the store is behind. This may use the reserve, because it belongs to ending access. */
  async #tryToAdvance(key: string, n: number): Promise<string | null> {
    const known = this.#known?.epochs[n] ?? null
    // Kept, because another epoch may fail meanwhile and begin the next round: two advances of one epoch at a time need two names.
    const writer = this.#writer
    const made: string[] = []
    let before: string | null = null
    const { result, text } = await changeKnown<boolean>(this.#inner, key, this.#texts[n], async text => {
      before = text
      // SWAPDB breaks no connection, and an advanced epoch would make the wrong store look current.
      if (isBehind(text, known)) return { result: false }
      const record = pastRecord(text, writer, newName())
      const isKept = record !== null && (await this.#keepRecord(recordKey(key, record.name), record.value))
      if (isKept) made.push(record.name)
      const next = advancedEpoch(text, writer, isKept ? record : undefined)
      return { next, result: true, purpose: 'ends access' }
    }).catch((error: unknown) => {
      // That write may be at a master that was left. The same count of the same writer at another one would look like it.
      this.#writer = newName()
      throw error
    })
    this.#texts[n] = text
    // A record counts while an epoch names it.
    const named = pastOf(text)
    const unnamed = [...pastOf(before), ...made].filter(name => !named.includes(name))
    for (const name of unnamed) await this.#inner.delete(recordKey(key, name)).catch(() => {})
    return result ? text : null
  }

  /** False on a full disk, where ending access succeeds without it. */
  #keepRecord(key: string, value: string): Promise<boolean> {
    return this.#inner.add(key, value, recordSeconds).catch(() => false)
  }

  async #verify(): Promise<string | null> {
    if (this.#isLost) this.#learnOfOthers()
    // This is read first, otherwise epochs learnt meanwhile would make the answer look old.
    let before = this.#known
    const losses = this.#losses
    let state = await stateOf(this.#inner, this.#options.isCluster, before)
    if (before === null) {
      if (state.ids.length === 0) {
        await this.#inner.add(markKey, newId())
        // They are added now, because a full disk allows updates but no new keys.
        for (const key of this.#epochKeys) await this.#inner.add(key, '0')
        state = await stateOf(this.#inner, this.#options.isCluster, null)
      }
      before = { id: state.ids[0] ?? '', epochs: state.epochs.map(text => knownAfter(null, text)) }
      this.#known = before
      this.#options.known.remember(this.#options.address, this.#known)
    }
    const why = refusalOf(state, before, shown(this.#options.address))
    this.#texts = [...state.texts]
    if (why === null) this.#accept(state.epochs)
    // What only a record has is forgotten now, otherwise it would stay in the file until the record has ended too.
    if (why === null && state.epochs.some((epoch, n) => epoch !== state.texts[n])) this.#save()
    if (why !== null || losses === this.#losses) this.#setRefusal(why)
    return why
  }

  #accept(epochs: readonly (string | null)[]): void {
    this.#accepted = epochs
    if (this.#known !== null) this.#know(epochs.map((text, n) => knownAfter(this.#known?.epochs[n] ?? null, text)))
  }

  #learnOfOthers(): void {
    const { epochs = [] } = this.#options.known.get(this.#options.address) ?? {}
    if (this.#known !== null) this.#know(joined(this.#known.epochs, epochs, this.#accepted))
  }

  #know(next: readonly string[]): void {
    if (this.#known === null) return
    if (next.every((epoch, n) => epoch === this.#known?.epochs[n])) return
    this.#known = { id: this.#known.id, epochs: next }
    this.#isUnsaved = true
    // A gate writes the file later, so that no sign-in waits for it.
    if (this.#timer === undefined) this.#save()
  }

  #save(): void {
    if (this.#isUnsaved && this.#known !== null)
      this.#options.known.remember(this.#options.address, this.#known, this.#accepted)
    this.#isUnsaved = false
  }

  #onStateNotice(notice: StoreNotice): void {
    if (notice.kind === 'lost') {
      this.#isLost = true
      this.#losses++
      return
    }
    void this.verify().catch(() => {})
  }

  #setRefusal(why: string | null): void {
    const wasRefused = this.#refusal !== null
    this.#refusal = why
    this.#isLost = false
    for (const entry of this.#listeners) {
      if (why !== null && !wasRefused && !entry.isWaiting) {
        entry.isWaiting = true
        entry.listener({ kind: 'lost' })
      }
      if (why === null && entry.isWaiting && entry.isConnected) {
        entry.isWaiting = false
        entry.listener({ kind: 'ready' })
      }
    }
  }

  #assertAccepted(): void {
    if (this.#refusal !== null) throw new StoreUnreachable(`${this.#refusal} ${remedy}`)
  }

  async #onceAccepted<T>(work: () => Promise<T>): Promise<T> {
    this.#assertAccepted()
    while (this.#isLost) {
      await this.verify()
      this.#assertAccepted()
    }
    return work()
  }
}

/** Accounts without a mark mean an older copy. */
async function isEmpty(store: Store): Promise<boolean> {
  return (await store.get(markKey)) === null && (await store.members('accounts')).length === 0
}

function newName(): string {
  return randomBytes(6).toString('base64url')
}

function newId(): string {
  return randomBytes(12).toString('base64url')
}
