/** The store port without any waiting, for tests that count a month of guesses: values and lives, and nothing of what the others promise. */
import type { Clock } from '../../src/clock.ts'
import type { Store } from '../../src/store/store.ts'

interface Kept {
  readonly value: string
  readonly endsAt: number
}

export class QuickStore {
  readonly #clock: Clock
  readonly values = new Map<string, Kept>()
  /** How many writes there were. */
  writes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** As the rooms take it. */
  asStore(): Store {
    return this as unknown as Store
  }

  async get(key: string): Promise<string | null> {
    return this.#live(key)?.value ?? null
  }

  async put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    this.writes++
    const endsAt = ttlSeconds === undefined ? Number.POSITIVE_INFINITY : this.#clock() + ttlSeconds * 1000
    this.values.set(key, { value, endsAt })
  }

  async add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    if (this.#live(key) !== null) return false
    await this.put(key, value, ttlSeconds)
    return true
  }

  async replace(key: string, expected: string, next: string, ttlSeconds?: number): Promise<boolean> {
    const kept = this.#live(key)
    if (kept?.value !== expected) return false
    await this.put(key, next, ttlSeconds ?? (kept.endsAt - this.#clock()) / 1000)
    return true
  }

  async delete(key: string): Promise<boolean> {
    this.writes++
    return this.values.delete(key)
  }

  async link(): Promise<void> {
    this.writes++
  }

  /** How many values are alive. */
  get size(): number {
    return [...this.values.keys()].filter(key => this.#live(key) !== null).length
  }

  #live(key: string): Kept | null {
    const kept = this.values.get(key)
    return kept === undefined || kept.endsAt <= this.#clock() ? null : kept
  }
}
