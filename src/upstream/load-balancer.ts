/** Chooses among an app's upstreams: in turn, or by a key that stays with one. */
import type { PoolListener } from './connection.ts'
import type { UpstreamPool } from './pool.ts'
import { hashOf, weightOf } from './rendezvous.ts'
import type { UpstreamState } from './upstream-state.ts'

interface Balanced {
  readonly pool: UpstreamPool
  readonly state: UpstreamState
}

export class LoadBalancer {
  readonly #upstreams: readonly Balanced[]
  readonly #hashes: readonly number[]
  readonly #now: () => number
  #start = 0

  /** `now` is in milliseconds and never put back. */
  constructor(upstreams: readonly Balanced[], now: () => number) {
    this.#upstreams = upstreams
    this.#hashes = upstreams.map(({ state }) => hashOf(state.address))
    this.#now = now
  }

  /** -1 if none but `tried` may be asked. `key` keeps one upstream; null takes turns. */
  next(tried: readonly number[], key: string | null): number {
    const count = this.#upstreams.length
    // A refused connection does not pause the only upstream.
    if (count === 1) return tried.length === 0 && this.#state(0).isHealthy ? 0 : -1
    const now = this.#now()
    let index = key === null ? this.#inTurn(tried, now) : this.#preferred(tried, hashOf(key), now)
    if (index < 0) index = this.#lastResort(tried, now)
    return index
  }

  /** True for a trial: others avoid the upstream until it succeeds, and it needs a new connection, since a kept one proves nothing. */
  asked(index: number): boolean {
    const state = this.#state(index)
    if (state.isUp) return false
    state.asked(this.#now())
    return true
  }

  indexOf(listener: PoolListener): number {
    return this.#upstreams.findIndex(({ pool }) => pool === listener)
  }

  pool(index: number): UpstreamPool {
    return (this.#upstreams[index] as Balanced).pool
  }

  refused(index: number, problem: string): void {
    this.#state(index).refused(this.#now(), problem)
  }

  reached(index: number): void {
    this.#state(index).reached()
  }

  get waitMs(): number {
    const now = this.#now()
    let waitMs = Number.POSITIVE_INFINITY
    for (const { state } of this.#upstreams)
      waitMs = Math.min(waitMs, (state.isHealthy ? state.lastResortAt : state.nextCheckAt) - now)
    return Math.max(0, waitMs)
  }

  #inTurn(tried: readonly number[], now: number): number {
    const count = this.#upstreams.length
    for (let i = 0; i < count; i++) {
      const index = (this.#start + i) % count
      if (tried.includes(index) || !this.#state(index).mayBeAsked(now)) continue
      this.#start = index + 1
      return index
    }
    return -1
  }

  #preferred(tried: readonly number[], key: number, now: number): number {
    let best = -1
    let most = -1
    for (let index = 0; index < this.#hashes.length; index++) {
      const weight = weightOf(key, this.#hashes[index] as number)
      if (weight <= most || tried.includes(index) || !this.#state(index).mayBeAsked(now)) continue
      best = index
      most = weight
    }
    return best
  }

  /** The upstream whose last refusal is oldest, at most once a second. */
  #lastResort(tried: readonly number[], now: number): number {
    let best = -1
    let at = Number.POSITIVE_INFINITY
    for (let index = 0; index < this.#upstreams.length; index++) {
      const { isHealthy, lastResortAt } = this.#state(index)
      if (!isHealthy || lastResortAt > now || lastResortAt >= at || tried.includes(index)) continue
      best = index
      at = lastResortAt
    }
    return best
  }

  #state(index: number): UpstreamState {
    return (this.#upstreams[index] as Balanced).state
  }
}
