/** Probes apps with a health path as the gate checks them. */
import type { Config } from '../../../config/schema.ts'
import { healthHead, outboundPlan } from '../../forwarding/outbound.ts'
import { explainFailure } from '../../forwarding/upstreams.ts'
import { tlsOf, toApp } from '../../services/app-options.ts'
import { HealthChecker } from '../../upstream/health-check.ts'
import { UpstreamPool } from '../../upstream/pool.ts'
import { UpstreamState } from '../../upstream/upstream-state.ts'
import { limited, type ProbeFinding } from './finding.ts'

/** Asks all at once, within each check's own timeout and the limit. Never rejects. */
export async function probeHealth(
  { apps, portal }: Pick<Config, 'apps' | 'portal'>,
  limitMs?: number
): Promise<ProbeFinding[]> {
  const asked = apps.flatMap((app, a) => {
    const { health, ...route } = toApp(app, portal.url.origin, apps)
    if (health == null) return []
    return route.upstreams.map((upstream, u) => {
      const path = `apps[${a}].upstream[${u}]`
      const work = async (signal: AbortSignal): Promise<ProbeFinding[]> => {
        const pool = new UpstreamPool(upstream, tlsOf(app))
        const head = healthHead(outboundPlan({ ...route, health }, upstream), health.path)
        const problem = await new Promise<string | null>(resolve => {
          const state = new ProbedState(app.id, upstream.origin, resolve)
          const explain = (error: Parameters<typeof explainFailure>[2]) =>
            explainFailure({ ...route, health }, upstream, error) ?? error.message
          const checker = new HealthChecker({ pool, state, check: health, head, explain })
          checker.tick(performance.now())
          const timer = setInterval(() => checker.tick(performance.now()), 100)
          signal.addEventListener('abort', () => {
            clearInterval(timer)
            checker.stop()
            pool.close()
          })
        })
        if (problem === null) return []
        const wrong = `the health check of '${app.id}' fails: ${problem}`
        return [{ degree: 'problem', path, wrong, mend: "look into the log of the app, or correct 'health'" }]
      }
      return limited(path, work, limitMs)
    })
  })
  return (await Promise.all(asked)).flat()
}

class ProbedState extends UpstreamState {
  readonly #resolve: (problem: string | null) => void

  constructor(appId: string, address: string, resolve: (problem: string | null) => void) {
    super(appId, address)
    this.#resolve = resolve
  }

  override checked(problem: string | null): void {
    this.#resolve(problem)
  }
}
