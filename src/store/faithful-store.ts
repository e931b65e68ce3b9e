/**
 * A store wrapper that detects a swapped or rolled-back store by its mark (identity) and epoch (progress). It refuses to answer from such a
 * store until the right one is back, or an operator runs `factorgate store accept`. In an older copy a revoked session or a
 * spent code could be valid again.
 */
import { randomBytes } from 'node:crypto'
import { changeValue } from './change.ts'
import type { KnownStore, KnownStores } from './known-stores.ts'
import { StoreUnfit } from './misconfigured.ts'
import {
  type Purpose,
  type Store,
  type StoreEntry,
  type StoreNotice,
  StoreUnconfirmed,
  StoreUnreachable
} from './store.ts'

const stateKeys = 'meta:store-'
const markKey = `${stateKeys}id`
/** A Cluster has several epochs, spread over the slots, because each master can lose data separately. */
const epochsOfCluster = 16
const epochKey = (n: number) => `${stateKeys}epoch:${n}`
const beatMs = 1000
const leap = 2 ** 32

const wayOut = 'Look at the store first; if it is the right one: factorgate store accept'

export interface FaithfulOptions {
  readonly known: KnownStores
  /** For messages, without a password. */
  readonly address: string
  readonly isCluster: boolean
  /** Called if the store was emptied, which is accepted, because nobody can sign in to it. */
  readonly isEmptied?: (sentence: string) => void
}

interface State {
  readonly ids: readonly string[]
  readonly epochs: readonly number[]
}

/** Verifies the store, and marks a new one. Throws StoreUnfit if it is another store or has gone back. */
export async function watchOver(inner: Store, options: FaithfulOptions): Promise<FaithfulStore> {
  let before = options.known.get(options.address)
  if (before !== null && options.isEmptied !== undefined && (await isEmpty(inner))) {
    options.isEmptied(
      `The store ${options.address} is empty, and it was not the last time: nobody has an account. If that is not meant, stop the gate and put the store back.`
    )
    await acceptStore(inner, options)
    before = options.known.get(options.address)
  }
  const store = new FaithfulStore(inner, options, before)
  const why = await store.verify()
  if (why === null) return store
  throw new StoreUnfit(`${why} ${wayOut}`)
}

/** Makes every gateway accept the store as it is. Answers what was wrong, or null. */
export async function acceptStore(inner: Store, options: FaithfulOptions): Promise<string | null> {
  const before = options.known.get(options.address)
  const state = await stateOf(inner, options)
  const why = before === null ? null : trouble(state, before, options.address)
  const ids = [...new Set([...state.ids, ...(before === null ? [] : [before.id])])]
  if (ids.length === 0) ids.push(newId())
  const epochs = state.epochs.map((epoch, n) => Math.max(epoch, before?.epochs[n] ?? 0) + leap)
  await inner.put(markKey, ids.join(' '))
  for (const [n, epoch] of epochs.entries()) await inner.put(epochKey(n), String(epoch))
  await inner.settle?.()
  options.known.remember(options.address, { id: before?.id ?? ids[0]!, epochs })
  return why
}

export class FaithfulStore implements Store {
  readonly #inner: Store
  readonly #options: FaithfulOptions
  readonly #listeners = new Set<{
    listener: (notice: StoreNotice) => void
    isWaiting: boolean
    /** While false, nothing may be cached. */
    isHeard: boolean
  }>()
  #known: KnownStore | null
  #beat: NodeJS.Timeout | undefined
  #refusal: string | null = null
  #isLost = false
  #isUnsaved = false
  /** Counts losses; a check begun before the last one proves nothing. */
  #breaks = 0
  #verifying: Promise<string | null> | undefined
  #settling: { promise: Promise<void>; isBegun: boolean } | undefined

  constructor(inner: Store, options: FaithfulOptions, known: KnownStore | null) {
    this.#inner = inner
    this.#options = options
    this.#known = known
  }

  /** Checks the store now. Answers what is wrong, or null. Rejects with StoreUnreachable. */
  verify(): Promise<string | null> {
    this.#verifying ??= this.#verify().finally(() => {
      this.#verifying = undefined
    })
    return this.#verifying
  }

  get(key: string): Promise<string | null> {
    return this.#trusted(() => this.#inner.get(key))
  }
  put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    return this.#trusted(() => this.#inner.put(key, value, ttlSeconds))
  }
  add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    return this.#trusted(() => this.#inner.add(key, value, ttlSeconds))
  }
  take(key: string): Promise<string | null> {
    return this.#trusted(() => this.#inner.take(key))
  }
  replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean> {
    return this.#trusted(() => this.#inner.replace(key, expected, next, ttlSeconds, purpose))
  }
  increment(key: string, ttlSeconds?: number): Promise<number> {
    return this.#trusted(() => this.#inner.increment(key, ttlSeconds))
  }
  delete(key: string): Promise<boolean> {
    return this.#trusted(() => this.#inner.delete(key))
  }
  link(key: string, member: string, ttlSeconds?: number): Promise<void> {
    return this.#trusted(() => this.#inner.link(key, member, ttlSeconds))
  }
  unlink(key: string, member: string): Promise<void> {
    return this.#trusted(() => this.#inner.unlink(key, member))
  }
  members(key: string): Promise<string[]> {
    return this.#trusted(() => this.#inner.members(key))
  }

  async subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void> {
    this.#trust()
    if (this.#beat === undefined) {
      await this.#inner.subscribe(stateKeys, notice => this.#noticed(notice))
      this.#beat ??= setInterval(() => {
        this.#save()
        void this.verify().catch(() => {})
      }, beatMs).unref()
    }
    const entry = { listener, isWaiting: false, isHeard: true }
    const end = await this.#inner.subscribe(prefix, notice => {
      if (notice.kind === 'changed') return listener(notice)
      if (notice.kind === 'lost') {
        entry.isHeard = false
        entry.isWaiting = true
        return listener(notice)
      }
      entry.isHeard = true
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
    this.#trust()
    yield* this.#inner.scan(prefix)
  }
  async *scanIndexes(prefix: string): ReturnType<Store['scanIndexes']> {
    this.#trust()
    yield* this.#inner.scanIndexes(prefix)
  }

  async ping(): Promise<void> {
    const why = await this.verify()
    if (why !== null) throw new StoreUnreachable(`${why} ${wayOut}`)
    await this.#inner.ping()
  }

  /** Advances the epoch and waits for replicas. Concurrent callers share one round. */
  async settle(): Promise<void> {
    this.#trust()
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

  async close(): Promise<void> {
    clearInterval(this.#beat)
    this.#save()
    await this.#inner.close()
  }

  async #settle(): Promise<void> {
    const count = this.#options.isCluster ? epochsOfCluster : 1
    try {
      const epochs = await Promise.all(Array.from({ length: count }, (_, n) => this.#moveOn(n)))
      this.#learn(epochs)
      await this.#inner.settle?.()
    } catch (error) {
      if (!(error instanceof StoreUnreachable) || error instanceof StoreUnconfirmed) throw error
      this.#trust()
      throw new StoreUnconfirmed(
        `The store has taken the change, but does not confirm that it stays, so do it again once the store answers: that asks again. ${error.message}`,
        { cause: error }
      )
    }
  }

  /** Part of ending access, so it may use that reserve. */
  async #moveOn(n: number): Promise<number> {
    const known = this.#known?.epochs[n]
    const next = (known ?? 0) + 1
    if (
      known !== undefined &&
      (await this.#inner.replace(epochKey(n), `${known}`, `${next}`, undefined, 'ends access'))
    )
      return next
    const moved = await changeValue<number | null>(this.#inner, epochKey(n), text => {
      const result = (Number(text ?? 0) || 0) + 1
      // SWAPDB breaks no connection; advancing the epoch would make the wrong store look current.
      if (result < next) return { result: null }
      return { next: String(result), result, purpose: 'ends access' }
    })
    if (moved !== null) return moved
    await this.verify()
    this.#trust()
    throw new StoreUnreachable(
      `The store ${this.#options.address} went back and came again, so it is not known what is in it.`
    )
  }

  async #verify(): Promise<string | null> {
    if (this.#isLost) this.#learn(this.#options.known.get(this.#options.address)?.epochs ?? [])
    // Read first, otherwise epochs learnt meanwhile would make the answer look old.
    let before = this.#known
    const breaks = this.#breaks
    let state = await stateOf(this.#inner, this.#options)
    if (before === null) {
      if (state.ids.length === 0) {
        await this.#inner.add(markKey, newId())
        // Created now, because a full disk allows updates but no new keys.
        for (const n of state.epochs.keys()) await this.#inner.add(epochKey(n), '0')
        state = await stateOf(this.#inner, this.#options)
      }
      before = { id: state.ids[0] ?? '', epochs: state.epochs }
      this.#known = before
      this.#options.known.remember(this.#options.address, this.#known)
    }
    const why = trouble(state, before, this.#options.address)
    if (why === null) this.#learn(state.epochs)
    if (why !== null || breaks === this.#breaks) this.#turn(why)
    return why
  }

  #learn(epochs: readonly number[]): void {
    if (this.#known === null) return
    const next = this.#known.epochs.map((epoch, n) => Math.max(epoch, epochs[n] ?? 0))
    if (next.every((epoch, n) => epoch === this.#known?.epochs[n])) return
    this.#known = { id: this.#known.id, epochs: next }
    this.#isUnsaved = true
    // A gateway writes the file later, so that sign-ins do not wait for it.
    if (this.#beat === undefined) this.#save()
  }

  #save(): void {
    if (this.#isUnsaved && this.#known !== null) this.#options.known.remember(this.#options.address, this.#known)
    this.#isUnsaved = false
  }

  #noticed(notice: StoreNotice): void {
    if (notice.kind === 'lost') {
      this.#isLost = true
      this.#breaks++
      return
    }
    void this.verify().catch(() => {})
  }

  #turn(why: string | null): void {
    const wasRefused = this.#refusal !== null
    this.#refusal = why
    this.#isLost = false
    for (const entry of this.#listeners) {
      if (why !== null && !wasRefused && !entry.isWaiting) {
        entry.isWaiting = true
        entry.listener({ kind: 'lost' })
      }
      if (why === null && entry.isWaiting && entry.isHeard) {
        entry.isWaiting = false
        entry.listener({ kind: 'ready' })
      }
    }
  }

  #trust(): void {
    if (this.#refusal !== null) throw new StoreUnreachable(`${this.#refusal} ${wayOut}`)
  }

  async #trusted<T>(work: () => Promise<T>): Promise<T> {
    this.#trust()
    while (this.#isLost) {
      await this.verify()
      this.#trust()
    }
    return work()
  }
}

async function stateOf(store: Store, { isCluster }: FaithfulOptions): Promise<State> {
  const count = isCluster ? epochsOfCluster : 1
  const [mark, ...epochs] = await Promise.all([
    store.get(markKey),
    ...Array.from({ length: count }, (_, n) => store.get(epochKey(n)))
  ])
  return { ids: (mark ?? '').split(' ').filter(Boolean), epochs: epochs.map(text => Number(text ?? 0) || 0) }
}

function trouble(state: State, known: KnownStore, address: string): string | null {
  if (state.ids.length === 0)
    return `The store ${address} is empty, or another one: the mark that the gate left in it is gone.`
  if (!state.ids.includes(known.id)) return `The store ${address} is another one than before.`
  if (state.epochs.some((epoch, n) => epoch < (known.epochs[n] ?? 0)))
    return `The store ${address} has gone back to an earlier state: what was revoked, suspended or spent since may be good again.`
  return null
}

/** True without mark and accounts. Accounts without a mark are an older copy. */
async function isEmpty(store: Store): Promise<boolean> {
  return (await store.get(markKey)) === null && (await store.members('accounts')).length === 0
}

function newId(): string {
  return randomBytes(12).toString('base64url')
}
