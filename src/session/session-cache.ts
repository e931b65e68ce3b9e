/**
 * A read-through cache of tokens, sessions and accounts in front of the store. The store's notices keep it true: a value that may have changed is
 * never served, and nothing is served from memory while the notices are broken.
 */
import type { LRUCache } from 'lru-cache'
import type { Store, StoreNotice } from '../store/store.ts'
import { growingLru } from './growing-lru.ts'

/** A person takes three entries (token, session, account) and one more for each further host, so this is enough for 50,000 people on two hosts. */
const capacity = 200_000

/** A read-through cache over some key prefixes of a store. Parsed values are shared: treat them as frozen. */
export class SessionCache {
  readonly #store: Store
  readonly #entries: LRUCache<string, object>
  /** Reads under way; a notice about their key makes their result unfit to keep. */
  readonly #pending = new Map<string, { promise: Promise<unknown>; stale: boolean }>()
  readonly #listeners = new Set<(notice: StoreNotice) => void>()
  #ends: (() => void)[] = []
  /** How many of the subscriptions stand. */
  #standing = 0
  #wanted = 0

  constructor(store: Store, options: { capacity?: number } = {}) {
    this.#store = store
    this.#entries = growingLru(options.capacity ?? capacity)
  }

  /** Subscribes to `prefixes`. Until it resolves, and whenever a subscription is lost, every read goes to the store. */
  async watch(prefixes: readonly string[]): Promise<void> {
    this.#wanted = prefixes.length
    for (const prefix of prefixes) {
      let stands = true
      this.#standing++
      const end = await this.#store.subscribe(prefix, notice => {
        if (notice.kind === 'changed') this.forget(notice.key)
        else {
          if (notice.kind === 'lost' && stands) this.#standing--
          if (notice.kind === 'ready' && !stands) this.#standing++
          stands = notice.kind === 'ready'
          this.#forgetAll()
        }
        for (const listener of this.#listeners) listener(notice)
      })
      this.#ends.push(end)
    }
  }

  /** Passes every notice on, after the cache has obeyed it. */
  onNotice(listener: (notice: StoreNotice) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** True while the notices can be believed, and so the cache. */
  get isTold(): boolean {
    return this.#wanted > 0 && this.#standing === this.#wanted && this.#ends.length === this.#wanted
  }

  /** The value without a look into the store; undefined where that takes one. */
  peek(key: string): unknown {
    return this.#entries.get(key)
  }

  /** Value of `key` as `parse` reads it; null where there is none. Absence is not cached: strangers' cookies must not fill memory. */
  async read<T extends object>(key: string, parse: (text: string, key: string) => T | null): Promise<T | null> {
    const known = this.#entries.get(key)
    if (known !== undefined) return known as T
    const running = this.#pending.get(key)
    if (running !== undefined && !running.stale) return running.promise as Promise<T | null>
    const read: { stale: boolean; promise: Promise<unknown> } = {
      stale: false,
      promise: this.#load(key, parse, () => read.stale) as Promise<unknown>
    }
    this.#pending.set(key, read)
    try {
      return (await read.promise) as T | null
    } finally {
      if (this.#pending.get(key) === read) this.#pending.delete(key)
    }
  }

  close(): void {
    for (const end of this.#ends) end()
    this.#ends = []
    this.#forgetAll()
  }

  async #load<T extends object>(
    key: string,
    parse: (text: string, key: string) => T | null,
    isStale: () => boolean
  ): Promise<T | null> {
    const text = await this.#store.get(key)
    if (text === null) return null
    const value = parse(text, key)
    if (value !== null && this.isTold && !isStale()) this.#entries.set(key, value)
    return value
  }

  /** For the writer itself, who need not wait for its own notice. */
  forget(key: string): void {
    this.#entries.delete(key)
    const running = this.#pending.get(key)
    if (running !== undefined) running.stale = true
  }

  #forgetAll(): void {
    this.#entries.clear()
    for (const running of this.#pending.values()) running.stale = true
  }
}
