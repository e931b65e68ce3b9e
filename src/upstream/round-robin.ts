/** The round-robin choice among an app's upstreams. Those that recently refused a connection come last. */
import type { PoolListener } from './connection.ts'
import type { UpstreamPool } from './pool.ts'

export class RoundRobin {
  readonly #pools: readonly UpstreamPool[]
  readonly #clock: () => number
  #start = 0

  /** `clock` in milliseconds. */
  constructor(pools: readonly UpstreamPool[], clock: () => number) {
    this.#pools = pools
    this.#clock = clock
  }

  /** The index of the next upstream not in `tried`, or -1. */
  next(tried: readonly number[]): number {
    const count = this.#pools.length
    if (count === 1) return tried.length === 0 ? 0 : -1
    const now = this.#clock()
    let last = -1
    for (let i = 0; i < count; i++) {
      const index = (this.#start + i) % count
      if (tried.includes(index)) continue
      if (!this.#pools[index]!.isDown(now)) {
        this.#start = index + 1
        return index
      }
      if (last < 0) last = index
    }
    return last
  }

  hasMore(tried: readonly number[]): boolean {
    return tried.length < this.#pools.length
  }

  /** The index of a connection's upstream, or -1. */
  indexOf(pool: PoolListener): number {
    return this.#pools.indexOf(pool as UpstreamPool)
  }

  pool(index: number): UpstreamPool {
    return this.#pools[index] as UpstreamPool
  }

  refused(index: number): void {
    this.pool(index).markDown(this.#clock())
  }
}
