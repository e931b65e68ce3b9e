/** The pools of one app's upstreams, asked in turn. An upstream that refused a connection lately comes last. */
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

  /** Index of the next upstream to ask that is not in `tried`; -1 where none is left. Those that refused lately come last. */
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

  /** True where another upstream is left to ask. */
  hasMore(tried: readonly number[]): boolean {
    return tried.length < this.#pools.length
  }

  /** Which upstream a connection belongs to; -1 for none of these. */
  indexOf(keeper: PoolListener): number {
    return this.#pools.indexOf(keeper as UpstreamPool)
  }

  pool(index: number): UpstreamPool {
    return this.#pools[index] as UpstreamPool
  }

  refused(index: number): void {
    this.pool(index).markDown(this.#clock())
  }
}
