/** The buttons "End", "End all others" and "That was not me" of the account page, for the person's own sign-ins. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { clearSessionCookie } from './enter.ts'
import { setFlash } from './flash.ts'
import { requireForm } from './forms.ts'
import { type Frame, Page } from './layout.tsx'
import { callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'

export function NotMePage({ frame, hasPassword = true }: { frame: Frame; hasPassword?: boolean }) {
  const say = frame.say.notMe
  return (
    <Page frame={frame} title={say.title} drawing="shut">
      <p>{say.lead}</p>
      <ol class="steps">
        <li>{hasPassword ? <a href="/.factorgate/account/password">{say.password}</a> : say.passwordElsewhere}</li>
        {Object.values(say.steps).map(step => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <a class="button" href="/.factorgate/account">
        {say.account}
      </a>
    </Page>
  )
}

export function registerSessions(scope: FastifyInstance): void {
  const { portal } = scope
  const { signOut } = portal.signIn

  scope.post('/.factorgate/account/sessions/others/end', { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    requireForm(page)
    await signOut.others(callerOf(page), page.principal, 'revoked')
    setFlash(page, { kind: 'others' })
    return goTo(page, '/.factorgate/account')
  })

  scope.post('/.factorgate/account/sessions/:id/end', { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    const isStranger = requireForm(page).field('stranger') !== ''
    const { id } = request.params as { id: string }
    const { session } = page.principal
    if ((await signOut.listed(callerOf(page), id, isStranger)) === 'absent') throw new GateError('not_found')
    if (id === session.id) {
      clearSessionCookie(page)
      return goTo(page, '/.factorgate/signed-out')
    }
    if (isStranger) return goTo(page, '/.factorgate/account/not-me')
    setFlash(page, { kind: 'ended' })
    return goTo(page, '/.factorgate/account')
  })

  scope.get('/.factorgate/account/not-me', { config: { requires: 'signed-in' } }, async request => {
    const page = signedPage(request)
    const hasPassword = page.principal.account.directory === portal.services.localDirectory.id
    return sendPage(page, 200, <NotMePage frame={frameOf(page)} hasPassword={hasPassword} />)
  })
}
