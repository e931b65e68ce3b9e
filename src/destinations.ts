/**
 * Where the portal may send people, and what each place asks of them. Owns the answer to "may this address be returned to" (only
 * hosts the gate serves, THREATS R1-R8) and to "what stands between this person and it"; both from the very table and rules that
 * serve requests.
 */
import type { Clock } from './clock.ts'
import { decide } from './policy/decide.ts'
import type { Decision } from './policy/decision.ts'
import type { App, Match, RouteTable } from './routing/route-table.ts'
import { parseTarget } from './routing/target.ts'
import type { Principal } from './session/sessions.ts'

/** Longer addresses would not fit a request. */
const longestAddress = 12 * 1024

export class Destinations {
  readonly #routes: RouteTable
  readonly #apps: readonly App[]
  readonly #clock: Clock

  constructor(routes: RouteTable, apps: readonly App[], clock: Clock) {
    this.#routes = routes
    this.#apps = apps
    this.#clock = clock
  }

  /** The same address if it lies on a host the gate serves, byte for byte; null for anything else. */
  accept(address: string): string | null {
    return this.#locate(address) === null ? null : address
  }

  /** The app at `address` and the decision for it; null where it belongs to no app. */
  requirementFor(
    address: string,
    principal: Principal | null,
    from: string,
    method = 'GET'
  ): { app: { id: string; title: string }; decision: Decision } | null {
    const match = this.#locate(address)
    if (match?.kind !== 'app') return null
    return { app: match.app, decision: this.#ask(match.app, match.readings, principal, from, method) }
  }

  /** The apps whose front door this person is not refused at. A challenge may still wait there. */
  appsFor(principal: Principal, from: string): App[] {
    return this.#apps.filter(app => this.#ask(app, ['/'], principal, from).kind !== 'refuse')
  }

  #ask(app: App, readings: readonly string[], principal: Principal | null, address: string, method = 'GET'): Decision {
    return decide({
      appId: app.id,
      policy: app.policy,
      readings,
      method,
      address,
      subject: principal?.subject ?? null,
      proofs: principal?.proofs ?? [],
      now: this.#clock()
    })
  }

  #locate(address: string): Match | null {
    if (address.length > longestAddress) return null
    // Exactly one of our origins, then a path: no second reading of scheme, user info or host is left to make (CVE-2021-21291).
    const site = this.#routes.sites.find(({ origin }) => address === origin || address.startsWith(`${origin}/`))
    if (site === undefined) return null
    const target = parseTarget(address.slice(site.origin.length) || '/')
    if (target === null) return null
    const match = this.#routes.match(site.host, target)
    return match.kind === 'none' && !site.isPortal ? null : match
  }
}
