/** When each session was last used. The store and other processes know it some seconds later. */
import { type Clock, clockSkewMs } from '../clock.ts'
import { inBatches } from '../store/batches.ts'
import type { Store } from '../store/store.ts'
import { seenKey } from './records.ts'

export class LastUses {
  readonly #store: Store
  readonly #clock: Clock
  readonly #idleSeconds: () => number
  /** Session id → milliseconds since the epoch. */
  readonly #seen = new Map<string, number>()
  readonly #touched = new Map<string, number>()

  constructor(input: { store: Store; clock: Clock; idleSeconds: () => number }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#idleSeconds = input.idleSeconds
  }

  forget(id: string): void {
    this.#seen.delete(id)
    this.#touched.delete(id)
  }

  forgetAll(): void {
    this.#seen.clear()
    this.#touched.clear()
  }

  /** In milliseconds; 0 if unknown. */
  async latest(id: string): Promise<number> {
    return Math.max(this.#seen.get(id) ?? 0, Number((await this.#store.get(seenKey(id))) ?? 0))
  }

  /** Uses within a minute, or a tenth of the idle time, count as one. */
  touch(id: string): void {
    const seen = this.#seen.get(id)
    const now = this.#clock()
    if (seen === undefined || now - seen < Math.min(60_000, this.#idleSeconds() * 100)) return
    this.#seen.set(id, now)
    this.#touched.set(id, now)
  }

  activeWithin(seconds: number): number {
    const since = this.#clock() - seconds * 1000
    let count = 0
    for (const at of this.#seen.values()) if (at >= since) count++
    return count
  }

  /** False if the store has to be asked. */
  isFresh(id: string, now: number): boolean {
    const seen = this.#seen.get(id)
    return seen !== undefined && this.#isWithin(seen, now)
  }

  async hasIdled(id: string, now: number): Promise<boolean> {
    if (this.isFresh(id, now)) return false
    const seen = Number((await this.#store.get(seenKey(id))) ?? Number.NaN)
    if (!this.#isWithin(seen, now)) return true
    this.#seen.set(id, seen)
    return false
  }

  /** A time in the future says nothing about the age of the session. */
  #isWithin(seen: number, now: number): boolean {
    return seen <= now + clockSkewMs && now - seen <= this.#idleSeconds() * 1000
  }

  async flush(): Promise<void> {
    await inBatches([...this.#touched.keys()], id => this.write(id))
    const old = this.#clock() - this.#idleSeconds() * 1000
    for (const [id, at] of this.#seen) if (at < old) this.#seen.delete(id)
  }

  async write(id: string): Promise<void> {
    const at = this.#touched.get(id)
    if (at === undefined) return
    await this.#store.put(seenKey(id), String(at), this.#idleSeconds())
    // A session that was used meanwhile is due the next time.
    if (this.#touched.get(id) === at) this.#touched.delete(id)
  }
}
