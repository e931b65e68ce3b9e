/** The way to an app: its upstreams, and what a request to each looks like. Made once an app, so that a request finds it ready. */

import type { App, Upstream } from '../apps/route-table.ts'
import type { Clock } from '../clock.ts'
import { UpstreamPool } from '../upstream/pool.ts'
import { RoundRobin } from '../upstream/round-robin.ts'
import type { UpstreamTls } from '../upstream/trust.ts'
import { type OutboundPlan, outboundPlan } from './outbound.ts'

export interface AppUpstreams {
  readonly roundRobin: RoundRobin
  /** One for each upstream, in their order. */
  readonly plans: readonly OutboundPlan[]
}

/** All ways of one configuration, and the connections they hold. */
export class UpstreamRegistry {
  readonly #clock: Clock
  readonly #ways = new Map<App, AppUpstreams>()
  readonly #pools = new Map<string, UpstreamPool>()

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  of(app: App): AppUpstreams {
    let way = this.#ways.get(app)
    if (way === undefined) {
      const plans = app.upstreams.map(upstream => outboundPlan(app, upstream))
      const pools = app.upstreams.map(upstream => this.#pool(upstream, app.tls ?? null))
      way = { plans, roundRobin: new RoundRobin(pools, this.#clock) }
      this.#ways.set(app, way)
    }
    return way
  }

  /** Closes what is idle; what is busy closes as it ends. */
  close(): void {
    for (const pool of this.#pools.values()) pool.close()
  }

  /** Apps behind one address share its connections, if they trust it for the same reasons. */
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
