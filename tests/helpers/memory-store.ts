/**
 * The store port in memory, for tests of the domain: the same promises as the adapters, a clock that the test turns, and a switch that
 * makes the store unreachable. Each verb waits a turn of the event loop first, as over a network, so check-then-act shows.
 */
import type { Clock } from '../../src/clock.ts'
import { checkKey, checkName, checkValue, lifeMs } from '../../src/store/bounds.ts'
import { type Store, type StoreEntry, type StoreNotice, StoreUnreachable } from '../../src/store/store.ts'

interface Kept {
  readonly value: string
  readonly endsAt: number
}

/** A clock that stands still until it is turned. */
export class TestClock {
  now: number

  constructor(now = Date.UTC(2026, 10, 22, 12)) {
    this.now = now
  }

  readonly read: Clock = () => this.now

  advance(seconds: number): void {
    this.now += seconds * 1000
  }
}

export class MemoryStore implements Store {
  /** While true, every verb rejects with StoreUnreachable. */
  isDown = false
  /** How many verbs were called. */
  calls = 0
  /** For a test whose store has replicas. */
  settle?: () => Promise<void>
  readonly #clock: Clock
  readonly #values = new Map<string, Kept>()
  readonly #indexes = new Map<string, Map<string, number>>()
  readonly #listeners = new Set<{ prefix: string; listener: (notice: StoreNotice) => void }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async get(key: string): Promise<string | null> {
    checkKey(key)
    await this.#turn()
    return this.#live(key)?.value ?? null
  }

  async put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    checkKey(key)
    checkValue(value)
    await this.#turn()
    this.#set(key, value, this.#end(ttlSeconds))
  }

  async add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    checkKey(key)
    checkValue(value)
    await this.#turn()
    if (this.#live(key) !== null) return false
    this.#set(key, value, this.#end(ttlSeconds))
    return true
  }

  async take(key: string): Promise<string | null> {
    checkKey(key)
    await this.#turn()
    const kept = this.#live(key)
    if (kept !== null) this.#unset(key)
    return kept?.value ?? null
  }

  async replace(key: string, expected: string, next: string, ttlSeconds?: number): Promise<boolean> {
    checkKey(key)
    checkValue(next)
    await this.#turn()
    const kept = this.#live(key)
    if (kept?.value !== expected) return false
    this.#set(key, next, ttlSeconds === undefined ? kept.endsAt : this.#end(ttlSeconds))
    return true
  }

  async increment(key: string, ttlSeconds?: number): Promise<number> {
    checkKey(key)
    await this.#turn()
    const kept = this.#live(key)
    const count = Number(kept?.value ?? 0) + 1
    this.#set(key, String(count), kept?.endsAt ?? this.#end(ttlSeconds))
    return count
  }

  async delete(key: string): Promise<boolean> {
    return (await this.take(key)) !== null
  }

  async link(key: string, member: string, ttlSeconds?: number): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    await this.#turn()
    const index = this.#indexes.get(key) ?? new Map<string, number>()
    this.#indexes.set(key, index.set(member, this.#end(ttlSeconds)))
  }

  async unlink(key: string, member: string): Promise<void> {
    checkName(key, 'index')
    await this.#turn()
    this.#indexes.get(key)?.delete(member)
  }

  async members(key: string): Promise<string[]> {
    checkName(key, 'index')
    await this.#turn()
    return this.#group(key).map(({ member }) => member)
  }

  async subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void> {
    await this.#turn()
    const entry = { prefix, listener }
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  async *scan(prefix: string): AsyncIterable<StoreEntry> {
    await this.#turn()
    for (const key of [...this.#values.keys()].sort()) {
      const kept = key.startsWith(prefix) ? this.#live(key) : null
      if (kept !== null) yield { key, value: kept.value, ttlSeconds: this.#left(kept.endsAt) }
    }
  }

  async *scanIndexes(prefix: string): ReturnType<Store['scanIndexes']> {
    await this.#turn()
    for (const key of [...this.#indexes.keys()].sort()) {
      const members = key.startsWith(prefix) ? this.#group(key) : []
      if (members.length > 0) yield { key, members }
    }
  }

  async ping(): Promise<void> {
    await this.#turn()
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }

  /** Everything that stands in the store, as one text: what a thief of it would read. */
  async dump(): Promise<string> {
    let text = ''
    for await (const { key, value } of this.scan('')) text += `${key} ${value}\n`
    for await (const { key, members } of this.scanIndexes('')) text += `${key} ${JSON.stringify(members)}\n`
    return text
  }

  /** Tells the subscribers, as an adapter does that lost its server or has it back. */
  tell(notice: StoreNotice): void {
    for (const { listener } of this.#listeners) listener(notice)
  }

  async #turn(): Promise<void> {
    this.calls++
    await new Promise(setImmediate)
    if (this.isDown) throw new StoreUnreachable('the store of the test does not answer')
  }

  #end(ttlSeconds: number | undefined): number {
    const life = lifeMs(ttlSeconds)
    return life === null ? Number.POSITIVE_INFINITY : this.#clock() + life
  }

  #left(endsAt: number): number | null {
    return endsAt === Number.POSITIVE_INFINITY ? null : (endsAt - this.#clock()) / 1000
  }

  #live(key: string): Kept | null {
    const kept = this.#values.get(key)
    return kept === undefined || kept.endsAt <= this.#clock() ? null : kept
  }

  #group(key: string): { member: string; ttlSeconds: number | null }[] {
    return [...(this.#indexes.get(key) ?? [])]
      .filter(([, endsAt]) => endsAt > this.#clock())
      .map(([member, endsAt]) => ({ member, ttlSeconds: this.#left(endsAt) }))
      .sort((a, b) => (a.member < b.member ? -1 : 1))
  }

  #set(key: string, value: string, endsAt: number): void {
    this.#values.set(key, { value, endsAt })
    this.#tell(key)
  }

  #unset(key: string): void {
    this.#values.delete(key)
    this.#tell(key)
  }

  #tell(key: string): void {
    for (const { prefix, listener } of this.#listeners) if (key.startsWith(prefix)) listener({ kind: 'changed', key })
  }
}
