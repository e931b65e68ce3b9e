/** The upstreams of each app, and the connection pools of one configuration. */
import type { App, Upstream } from '../apps/route-table.ts'
import type { Clock } from '../clock.ts'
import { UpstreamPool } from '../upstream/pool.ts'
import { RoundRobin } from '../upstream/round-robin.ts'
import type { UpstreamTls } from '../upstream/trust.ts'
import { type OutboundPlan, outboundPlan } from './outbound.ts'

export interface AppUpstreams {
  readonly roundRobin: RoundRobin
  readonly plans: readonly OutboundPlan[]
}

export class UpstreamRegistry {
  readonly #clock: Clock
  readonly #upstreams = new Map<App, AppUpstreams>()
  readonly #pools = new Map<string, UpstreamPool>()

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  of(app: App): AppUpstreams {
    let upstreams = this.#upstreams.get(app)
    if (upstreams === undefined) {
      const plans = app.upstreams.map(upstream => outboundPlan(app, upstream))
      const pools = app.upstreams.map(upstream => this.#pool(upstream, app.tls ?? null))
      upstreams = { plans, roundRobin: new RoundRobin(pools, this.#clock) }
      this.#upstreams.set(app, upstreams)
    }
    return upstreams
  }

  /** Closes idle connections now, and busy ones when they finish. */
  close(): void {
    for (const pool of this.#pools.values()) pool.close()
  }

  #pool(upstream: Upstream, tls: UpstreamTls | null): UpstreamPool {
    const key = JSON.stringify([upstream.socketPath, upstream.origin, tls])
    let pool = this.#pools.get(key)
    if (pool === undefined) {
      pool = new UpstreamPool(upstream, tls)
      this.#pools.set(key, pool)
    }
    return pool
  }
}
