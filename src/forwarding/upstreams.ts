/** An app's upstreams with their request plans, connection pools and health checks. */
import type { App, Upstream } from '../apps/route-table.ts'
import type { UpstreamError } from '../upstream/connection.ts'
import { HealthChecker } from '../upstream/health-check.ts'
import { LoadBalancer } from '../upstream/load-balancer.ts'
import { UpstreamPool } from '../upstream/pool.ts'
import { certificateTrouble, plainTrouble, type UpstreamTls } from '../upstream/trust.ts'
import { healthHead, type OutboundPlan, outboundPlan } from './outbound.ts'
import { UpstreamStates } from './upstream-states.ts'

export interface AppUpstreams {
  readonly balancer: LoadBalancer
  readonly plans: readonly OutboundPlan[]
}

interface UpstreamRegistryOptions {
  readonly apps: readonly App[]
  readonly states?: UpstreamStates
  /** A clock in milliseconds that is never put back. */
  readonly now?: () => number
}

const tickMs = 250

export class UpstreamRegistry {
  readonly #apps: readonly App[]
  readonly #states: UpstreamStates
  readonly #now: () => number
  readonly #upstreams = new Map<App, AppUpstreams>()
  readonly #pools = new Map<string, UpstreamPool>()
  #checkers: readonly HealthChecker[] = []
  #timer: NodeJS.Timeout | undefined

  constructor({ apps, states = new UpstreamStates(), now = () => performance.now() }: UpstreamRegistryOptions) {
    this.#apps = apps
    this.#states = states
    this.#now = now
  }

  of(app: App): AppUpstreams {
    let upstreams = this.#upstreams.get(app)
    if (upstreams === undefined) {
      const balanced = app.upstreams.map(upstream => ({
        pool: this.#pool(upstream, app.tls ?? null),
        state: this.#states.of(app, upstream)
      }))
      const plans = app.upstreams.map(upstream => outboundPlan(app, upstream))
      upstreams = { plans, balancer: new LoadBalancer(balanced, this.#now) }
      this.#upstreams.set(app, upstreams)
    }
    return upstreams
  }

  start(): void {
    this.#states.retain(this.#apps)
    this.#checkers = this.#apps.flatMap(app => this.#checkersOf(app))
    if (this.#checkers.length === 0) return
    this.tick()
    this.#timer = setInterval(() => this.tick(), tickMs).unref()
  }

  tick(): void {
    const now = this.#now()
    for (const checker of this.#checkers) checker.tick(now)
  }

  /** Busy connections close when they finish. */
  close(): void {
    clearInterval(this.#timer)
    for (const checker of this.#checkers) checker.stop()
    for (const pool of this.#pools.values()) pool.close()
  }

  #checkersOf(app: App): HealthChecker[] {
    const { health: check } = app
    if (check == null) return []
    const { plans } = this.of(app)
    return app.upstreams.map((upstream, i) => {
      const head = healthHead(plans[i] as OutboundPlan, check.path)
      const state = this.#states.of(app, upstream)
      const explain = (error: UpstreamError) => explainFailure(app, upstream, error) ?? error.message
      return new HealthChecker({ pool: this.#pool(upstream, app.tls ?? null), state, check, head, explain })
    })
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

/** Null for other failures than those of TLS. */
export function explainFailure(app: App, { origin, socketPath }: Upstream, error: UpstreamError): string | null {
  if (socketPath !== null) return null
  const explain = origin.startsWith('https:') ? certificateTrouble : plainTrouble
  return explain(error, app.id, app.tlsPath ?? 'tls')
}
