/** A read-through cache of tokens, sessions and accounts. While change notices fail, every read goes to the store. */
import type { LRUCache } from 'lru-cache'
import type { Store, StoreNotice } from '../store/store.ts'
import { growingLru } from './growing-lru.ts'

/** Enough for 50,000 people on two hosts. */
const capacity = 200_000

/** Values are shared and must not be changed. */
export class SessionCache {
  readonly #store: Store
  readonly #entries: LRUCache<string, object>
  /** A notice makes a pending read stale, so its result is not cached. */
  readonly #pending = new Map<string, { promise: Promise<unknown>; stale: boolean }>()
  readonly #listeners = new Set<(notice: StoreNotice) => void>()
  #ends: (() => void)[] = []
  #subscribed = 0
  #wanted = 0

  constructor(store: Store, options: { capacity?: number } = {}) {
    this.#store = store
    this.#entries = growingLru(options.capacity ?? capacity)
  }

  /** Before this resolves, and while a subscription is lost, every read goes to the store. */
  async watch(prefixes: readonly string[]): Promise<void> {
    this.#wanted = prefixes.length
    for (const prefix of prefixes) {
      let stands = true
      this.#subscribed++
      const end = await this.#store.subscribe(prefix, notice => {
        if (notice.kind === 'changed') this.forget(notice.key)
        else {
          if (notice.kind === 'lost' && stands) this.#subscribed--
          if (notice.kind === 'ready' && !stands) this.#subscribed++
          stands = notice.kind === 'ready'
          this.#forgetAll()
        }
        for (const listener of this.#listeners) listener(notice)
      })
      this.#ends.push(end)
    }
  }

  onNotice(listener: (notice: StoreNotice) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get isTold(): boolean {
    return this.#wanted > 0 && this.#subscribed === this.#wanted && this.#ends.length === this.#wanted
  }

  /** Undefined if the store must be asked. */
  peek(key: string): unknown {
    return this.#entries.get(key)
  }

  /** Absence is not cached, otherwise strangers' cookies would fill the memory. */
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

  /** The writer of a change does not wait for the notice. */
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
