/** Ending sign-ins from the account page. Owns "End", "End all others" and "That was not me"; nobody reaches another account's. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { cookieNames, expiredCookie } from '../cookies.ts'
import { setFlash } from './flash.ts'
import { requireForm } from './forms.ts'
import { type Frame, Page } from './layout.tsx'
import type { PortalOptions } from './options.ts'
import { callerOf, frameOf, goTo, sendPage, signedVisit } from './page-context.ts'

export function NotMePage({ frame, hasPassword = true }: { frame: Frame; hasPassword?: boolean }) {
  const say = frame.say.notMe
  return (
    <Page frame={frame} title={say.title} drawing="shut">
      <p>{say.lead}</p>
      <ol class="steps">
        <li>{hasPassword ? <a href="/.factorgate/account/password">{say.password}</a> : say.passwordElsewhere}</li>
        {say.steps.map(step => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <a class="button" href="/.factorgate/account">
        {say.account}
      </a>
    </Page>
  )
}

export function registerSessions(scope: FastifyInstance, options: PortalOptions): void {
  const { signOut } = options.signIn
  const { sessions } = options.services

  scope.post('/.factorgate/account/sessions/others/end', { config: { requires: 'signed-in' } }, async request => {
    const visit = signedVisit(request)
    requireForm(visit)
    await signOut.others(callerOf(visit), visit.principal, 'revoked')
    setFlash(visit, { kind: 'others' })
    return goTo(visit, '/.factorgate/account')
  })

  scope.post('/.factorgate/account/sessions/:id/end', { config: { requires: 'signed-in' } }, async (request, reply) => {
    const visit = signedVisit(request)
    const isStranger = requireForm(visit).field('stranger') !== ''
    const { id } = request.params as { id: string }
    const own = await sessions.list(visit.principal.account.id)
    const isThis = id === visit.principal.session.id
    const why = isThis ? 'logout' : isStranger ? 'not_me' : 'revoked'
    if (own.some(({ session }) => session.id === id)) await signOut.listed(callerOf(visit), id, why)
    else if (!(await sessions.confirmEnd(id, visit.principal.account.id))) throw new GateError('not_found')
    if (isThis) {
      reply.header('set-cookie', expiredCookie(cookieNames(visit.site).session, visit.site))
      return goTo(visit, '/.factorgate/signed-out')
    }
    if (isStranger) return goTo(visit, '/.factorgate/account/not-me')
    setFlash(visit, { kind: 'ended' })
    return goTo(visit, '/.factorgate/account')
  })

  scope.get('/.factorgate/account/not-me', { config: { requires: 'signed-in' } }, async request => {
    const visit = signedVisit(request)
    const hasPassword = visit.principal.account.directory === options.services.localDirectory.id
    return sendPage(visit, 200, <NotMePage frame={frameOf(visit)} hasPassword={hasPassword} />)
  })
}
