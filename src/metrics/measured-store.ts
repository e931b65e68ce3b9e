/** Measures how long each operation of a store takes, and counts failures. */
import { performance } from 'node:perf_hooks'
import type { Purpose, Store, StoreCredentials, StoreNotice } from '../store/store.ts'
import type { Metrics } from './metrics.ts'

export class MeasuredStore implements Store {
  readonly #inner: Store
  readonly #metrics: Metrics
  /** Absent if the other store has none. */
  readonly settle?: () => Promise<void>

  constructor(inner: Store, metrics: Metrics) {
    this.#inner = inner
    this.#metrics = metrics
    if (inner.settle !== undefined) this.settle = () => this.#measure('settle', inner.settle!())
  }

  get(key: string): Promise<string | null> {
    return this.#measure('get', this.#inner.get(key))
  }
  put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    return this.#measure('put', this.#inner.put(key, value, ttlSeconds))
  }
  add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    return this.#measure('add', this.#inner.add(key, value, ttlSeconds))
  }
  take(key: string): Promise<string | null> {
    return this.#measure('take', this.#inner.take(key))
  }
  replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean> {
    return this.#measure('replace', this.#inner.replace(key, expected, next, ttlSeconds, purpose))
  }
  increment(key: string, ttlSeconds?: number): Promise<number> {
    return this.#measure('increment', this.#inner.increment(key, ttlSeconds))
  }
  delete(key: string, expected?: string): Promise<boolean> {
    return this.#measure('delete', this.#inner.delete(key, expected))
  }
  link(key: string, member: string, ttlSeconds?: number): Promise<void> {
    return this.#measure('link', this.#inner.link(key, member, ttlSeconds))
  }
  unlink(key: string, member: string): Promise<void> {
    return this.#measure('unlink', this.#inner.unlink(key, member))
  }
  members(key: string): Promise<string[]> {
    return this.#measure('members', this.#inner.members(key))
  }
  ping(): Promise<void> {
    return this.#measure('ping', this.#inner.ping())
  }

  distrust(): void {
    this.#inner.distrust?.()
  }

  renew(credentials: StoreCredentials): void {
    this.#inner.renew?.(credentials)
  }

  /** Scans and subscriptions last as long as they are wanted, so they are not measured. */
  subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void> {
    return this.#inner.subscribe(prefix, listener)
  }
  scan(prefix: string): ReturnType<Store['scan']> {
    return this.#inner.scan(prefix)
  }
  scanIndexes(prefix: string): ReturnType<Store['scanIndexes']> {
    return this.#inner.scanIndexes(prefix)
  }
  close(): Promise<void> {
    return this.#inner.close()
  }

  async #measure<T>(verb: string, answer: Promise<T>): Promise<T> {
    const begun = performance.now()
    try {
      return await answer
    } catch (error) {
      this.#metrics.count('factorgate_store_errors_total', verb)
      throw error
    } finally {
      this.#metrics.observe('factorgate_store_operation_seconds', verb, (performance.now() - begun) / 1000)
    }
  }
}
