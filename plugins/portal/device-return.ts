/**
 * The address on every host where a browser waits until it has shown its device key, or has its first one. A navigation from another origin
 * does not wait for a refresh, but a request from this page does.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { authorize } from '../../src/apps/authorize.ts'
import type { RouteTable } from '../../src/apps/route-table.ts'
import { GateError } from '../../src/errors.ts'
import type { Leads } from '../../src/metering/led-requests.ts'
import { parseTarget } from '../../src/request/target.ts'
import type { Principal, Sessions } from '../../src/session/sessions.ts'
import { challengeUrl } from '../challenge-url.ts'
import { readOwn } from '../cookies.ts'
import { type DevicePort, isFromElsewhere, noteLost, returnPath, waitForCookie } from '../device-port.ts'
import { defaultMaxUrlLength } from '../return-address.ts'
import { sendMetaRefresh } from './meta-refresh.ts'
import { goTo, type PageContext } from './page-context.ts'

interface DeviceReturnOptions {
  readonly device: DevicePort
  readonly routes: RouteTable
  readonly sessions: Pick<Sessions, 'look'>
  readonly portalOrigin: string
  /** Null if nothing is counted. */
  readonly leads: Leads | null
  readonly maxUrlLength?: number
}

/** Browsers register a key within a tenth of a second. Others get a page that says so. */
const waitMs = 3_000
const lookEveryMs = 50

export function deviceReturn(options: DeviceReturnOptions): (scope: FastifyInstance) => void {
  const { device, routes, sessions, portalOrigin, leads, maxUrlLength = defaultMaxUrlLength } = options

  return scope => {
    const config = { requires: 'anyone', everyHost: true, isData: true } as const
    scope.get(returnPath, { config }, async request => {
      const { page } = request
      const { exchange, raw } = request
      const { site } = page
      const { stale } = exchange
      if (stale !== null && isFromElsewhere(raw.headers)) {
        // The next request is of this origin, so it is noted here who was led (THREATS B2).
        leads?.isLed(raw.headers, site, stale.session.id)
        return sendMetaRefresh(page, site.origin + exchange.target.raw)
      }
      const path = pathIn(page)
      if (path === null) return goTo(page, `${portalOrigin}/`)
      const goal = site.origin + path
      if (stale !== null) {
        // The page itself waits for the first cookie of a new key.
        if (site.isPortal || waitForCookie(device, stale, raw.headers) !== null) return goTo(page, goal)
        noteLost(device, { exchange, stale, site }, page.reply, raw.headers.cookie)
        return goTo(page, portalUrl(page, goal))
      }
      if (!needsKey(page, path)) return goTo(page, goal)
      const { principal } = page
      if (principal !== null && device.binding.isYoung(principal) && (await getsKey(page, principal)))
        return goTo(page, goal)
      throw new GateError('device_required', { continueUrl: portalUrl(page, goal) })
    })
  }

  /** The rules let only bound sign-ins in, and nothing else is missing. */
  function needsKey({ site, request, principal, portal }: PageContext, path: string): boolean {
    const target = parseTarget(path)
    if (target === null) return false
    const { client, binding } = request.exchange
    const asked = { match: routes.match(site.host, target), target, client, principal, binding, storeFailure: null }
    const access = authorize({ routes, clock: portal.clock, audit: null }, asked, { method: 'GET', headers: {} })
    return access.kind === 'challenge' && access.reason === 'device_required'
  }

  async function getsKey({ request, site }: PageContext, { session, host }: Principal): Promise<boolean> {
    const token = readOwn(request.raw.headers.cookie, 'session', site)
    if (token === null) return false
    for (let waited = 0; waited <= waitMs && !request.raw.socket.destroyed; waited += lookEveryMs) {
      const now = await sessions.look(host, token)
      if (now === null || now.session.id !== session.id) return false
      if (now.session.devices?.[host] !== undefined) return true
      await pause(lookEveryMs)
    }
    return false
  }

  /** The portal gives a new token to whoever shows that host's key, and asks everybody else to sign in. */
  function portalUrl({ request, reply, site }: PageContext, goal: string): string {
    const front = `${site.origin}/`
    const options = { portalOrigin, maxUrlLength, site, front, setsNonce: true }
    return challengeUrl(request, reply, 'device_proof_required', new URLSearchParams({ rd: goal }), options)
  }
}

/**
 * A path on this host. A decoy leads to the front page, otherwise a link of another site would lead a person to it as if they had come by
 * themselves (THREATS B2). Null if the front page is a decoy too.
 */
function pathIn({ request, portal, site }: PageContext): string | null {
  const { rd } = (request.query ?? {}) as { rd?: unknown }
  const isPath = typeof rd === 'string' && /^\/[\x21-\x7e]*$/.test(rd) && !rd.startsWith(returnPath)
  const paths = isPath ? [rd, '/'] : ['/']
  return paths.find(path => portal.returnTargets(site.origin + path) !== null) ?? null
}
