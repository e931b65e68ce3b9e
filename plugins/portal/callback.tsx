/**
 * The app's side of a hand-over: a code from the portal becomes this host's own cookie. Owns the tie to the browser that set out (its
 * nonce); a code that is late, spent or another browser's leads back to the start and sets nothing.
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { readNonce, stateOf } from '../cookies.ts'
import { type Frame, Page } from './layout.tsx'
import type { PortalOptions } from './options.ts'
import { validTarget } from './trip.ts'
import { frameOf, goTo, openVisit, sendPage, setSessionCookie } from './visit.ts'

export function LatePage({ frame, app, href }: { frame: Frame; app: string; href: string }) {
  const say = frame.say.handOver
  return (
    <Page frame={frame} title={say.title} drawing="shut">
      <p>{say.what(app)}</p>
      <p>{say.now}</p>
      <a class="button" href={href}>
        {say.again}
      </a>
    </Page>
  )
}

export function registerCallback(scope: FastifyInstance, options: PortalOptions): void {
  scope.get('/.factorgate/callback', { config: { requires: 'anyone', everyHost: true } }, async (request, reply) => {
    // Before the visit, which would give this browser a nonce: one that set out from here has one.
    const { site } = request.exchange.match
    const nonce = site === null ? null : readNonce(request.raw.headers.cookie, site)
    if (nonce === null) throw new GateError('cookies_off')
    const visit = openVisit(options, request, reply)
    const { code } = request.query as { code?: unknown }
    const { host, origin } = visit.site
    const entered = typeof code === 'string' ? await options.services.sessions.redeem(code, host, stateOf(nonce)) : null
    const returnTo = entered === null ? null : validTarget(entered.returnTo, options.returnTargets)
    if (entered !== null && returnTo !== null && new URL(returnTo).origin === origin) {
      setSessionCookie(reply, entered.token, visit.site)
      return goTo(visit, returnTo)
    }
    reply.header('factorgate-error', 'form_expired')
    const app = options.routes.requirementFor(`${origin}/`, null, visit.address)?.app.title ?? visit.say.error.app
    return sendPage(visit, 403, <LatePage frame={{ ...frameOf(visit), person: null }} app={app} href={`${origin}/`} />)
  })
}
