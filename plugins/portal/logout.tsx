/**
 * Signing out, on every host alike: an app may link to `/.factorgate/logout` on its own. Owns the end of the whole session; refuses
 * `Clear-Site-Data`, which would throw away what the app itself keeps in the browser.
 */
import type { FastifyInstance } from 'fastify'
import { cookieNames, expiredCookie } from '../cookies.ts'
import { requireForm } from './forms.ts'
import { type Frame, Page } from './layout.tsx'
import { home } from './onward.ts'
import type { PortalOptions } from './options.ts'
import { eventOf, frameOf, goTo, openVisit, sendPage } from './visit.ts'

export function LogoutPage({ frame }: { frame: Frame }) {
  const say = frame.say.logout
  return (
    <Page frame={frame} title={say.title} drawing="ajar">
      <p>{say.lead(frame.look.title)}</p>
      <form method="post" action="/.factorgate/logout">
        <input type="hidden" name="csrf" value={frame.csrf} />
        <button type="submit">{say.submit}</button>
      </form>
      <p>
        <a href={`${frame.base}${home}`}>{say.stay}</a>
      </p>
    </Page>
  )
}

export function SignedOutPage({ frame }: { frame: Frame }) {
  const say = frame.say.logout
  return (
    <Page frame={frame} title={say.outTitle} drawing="shut">
      <p>{say.outLead}</p>
      <a class="button second" href="/.factorgate/login">
        {say.again}
      </a>
    </Page>
  )
}

export function registerLogout(scope: FastifyInstance, options: PortalOptions): void {
  const { sessions } = options.services
  const signedOut = `${options.portalOrigin}/.factorgate/signed-out`
  const config = { requires: 'anyone', everyHost: true } as const

  scope.get('/.factorgate/logout', { config }, async (request, reply) => {
    const visit = openVisit(options, request, reply)
    if (visit.principal === null) return goTo(visit, signedOut)
    // The answer to this form leads to the portal.
    const trip = visit.site.isPortal ? visit.trip : { rd: signedOut, state: null }
    return sendPage({ ...visit, trip }, 200, <LogoutPage frame={{ ...frameOf(visit), person: null }} />)
  })

  scope.post('/.factorgate/logout', { config }, async (request, reply) => {
    const visit = openVisit(options, request, reply)
    requireForm(visit)
    if (visit.principal !== null) {
      await sessions.end(visit.principal.session.id, 'logout')
      options.audit.record(eventOf(visit, 'logout', { outcome: 'logout' }))
    }
    reply.header('set-cookie', expiredCookie(cookieNames(visit.site).session, visit.site))
    return goTo(visit, signedOut)
  })

  scope.get('/.factorgate/signed-out', { config: { requires: 'anyone' } }, async (request, reply) => {
    const visit = openVisit(options, request, reply)
    if (visit.principal !== null) return goTo(visit, home)
    return sendPage(visit, 200, <SignedOutPage frame={frameOf(visit)} />)
  })
}
