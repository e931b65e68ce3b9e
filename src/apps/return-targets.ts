/** The allowed targets of a redirect (THREATS R1-R8), and their requirements. */
import type { Clock } from '../clock.ts'
import type { Decision } from '../policy/decision.ts'
import { parseTarget, type Target } from '../request/target.ts'
import type { Principal } from '../session/sessions.ts'
import { type AccessContext, type AppAccess, type AppMatch, authorize, authorizeConsole } from './authorize.ts'
import { consoleApp } from './console-policy.ts'
import type { Message } from './return-to.ts'
import type { App, Match, RouteTable } from './route-table.ts'

const maxAddressLength = 12 * 1024
const getRequest: Message = { method: 'GET', headers: {} }

export class ReturnTargets {
  readonly #context: AccessContext
  readonly #apps: readonly App[]

  constructor(
    routes: RouteTable,
    apps: readonly App[],
    clock: Clock,
    given: Pick<AccessContext, 'demands' | 'tighteningOf'> = {}
  ) {
    this.#context = { routes, clock, audit: null, ...given }
    this.#apps = apps
  }

  accept(address: string): string | null {
    return this.#locate(address) === null ? null : address
  }

  /**
   * The app at `address` and the access to it, or null. `from` is the client's address. The operators' console counts as an app for people who are fully signed
   * in.
   */
  requirementFor(
    address: string,
    principal: Principal | null,
    from: string,
    message = getRequest
  ): { app: { id: string; title: string }; access: AppAccess | Decision } | null {
    const found = this.#locate(address)
    if (found?.match.kind === 'own' && principal?.isFullySignedIn) {
      const access = authorizeConsole(
        this.#context,
        { ...found, client: { address: from }, principal },
        message.method ?? 'GET'
      )
      return access === null ? null : { app: consoleApp, access }
    }
    if (found?.match.kind !== 'app') return null
    const { match, target } = found
    return { app: match.app, access: this.#ask(match, target, principal, from, message) }
  }

  /** Apps whose front page the rules permit, perhaps after a challenge. */
  appsFor(principal: Principal, from: string): App[] {
    return this.#apps.filter(({ host, prefix }) => {
      const target = parseTarget(`${prefix}/`) as Target
      const match = this.#context.routes.match(host, target)
      if (match.kind !== 'app') return false
      const access = this.#ask(match, target, principal, from, getRequest)
      return access.kind !== 'refuse' || access.reason === 'app_maintenance' || access.reason === 'budget_spent'
    })
  }

  #ask(match: AppMatch, target: Target, principal: Principal | null, address: string, message: Message): AppAccess {
    // The app's host asks for its device key later.
    const binding = principal === null ? 'none' : 'fresh'
    const request = { match, target, client: { address }, principal, binding, storeFailure: null } as const
    return authorize(this.#context, request, message)
  }

  #locate(address: string): { match: Match; target: Target } | null {
    if (address.length > maxAddressLength) return null
    const { routes } = this.#context
    // The origin is compared as text, so that no parser reads scheme, user info or host in another way (CVE-2021-21291).
    const site = routes.sites.find(({ origin }) => address === origin || address.startsWith(`${origin}/`))
    if (site === undefined) return null
    const target = parseTarget(address.slice(site.origin.length) || '/')
    if (target === null) return null
    const match = routes.match(site.host, target)
    // The portal's origin leads to the list of apps.
    if (match.kind === 'none' && !(site.isPortal && match.code === 'no_such_app')) return null
    // A link to the sign-in page would lead a person to a decoy (THREATS B2).
    if (match.kind === 'app' && match.app.decoys != null && match.app.decoys.at(match.readings, target.query) !== null)
      return null
    return { match, target }
  }
}
