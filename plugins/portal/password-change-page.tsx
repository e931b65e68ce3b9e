/** The page for a new password of local people. It takes a fresh second factor and the old password (ASVS 6.2.3). */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { NotAccepted } from '../../src/sign-in/first-factor.ts'
import { CurrentPassword } from './current-password.tsx'
import { setEntryCookies, urlOf } from './enter.ts'
import { setFlash } from './flash.ts'
import { readForm } from './forms.ts'
import { type Frame, Notice, Page, Token } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { namesAround } from './password-context.ts'
import { formatDuration, withWait } from './relative-time.ts'
import { KnownUsername } from './username-field.tsx'

interface PasswordView {
  readonly name: string
  readonly problem: { readonly field: 'old' | 'new'; readonly sentence: string } | null
  readonly waitSeconds: number | null
}

export function PasswordPage({ frame, view }: { frame: Frame; view: PasswordView }) {
  const say = frame.say.password
  const { problem } = view
  const wrong = (field: 'old' | 'new') => problem?.field === field
  return (
    <Page frame={frame} title={say.title} drawing="key">
      <p>{say.lead}</p>
      <form class="fields" method="post" action="/.factorgate/account/password">
        <Token frame={frame} />
        {problem !== null && (
          <Notice id="problem" alert waitSeconds={view.waitSeconds} ready={frame.say.login.ready}>
            {problem.sentence}
          </Notice>
        )}
        <KnownUsername name={view.name} />
        <CurrentPassword say={frame.say} name="old" label={say.old} isWrong={wrong('old')} isFirst={!wrong('new')} />
        <NewPassword say={frame.say} isWrong={wrong('new')} isFirst={wrong('new')} />
        <button type="submit">{say.submit}</button>
      </form>
      <p class="soft">{say.forgotten}</p>
      <p>
        <a href="/.factorgate/account">{say.keep}</a>
      </p>
    </Page>
  )
}

const path = '/.factorgate/account/password'

export function registerPassword(scope: FastifyInstance): void {
  const { portal } = scope
  const { localDirectory } = portal.services

  scope.get(path, { config: { requires: 'fresh' } }, async request => {
    const page = signedPage(request)
    requireOurs(page)
    return show(page, 200, {})
  })

  scope.post(path, { config: { requires: 'fresh' } }, async request => {
    const page = signedPage(request)
    requireOurs(page)
    const form = readForm(page)
    if (form === 'expired') return show(page, 403, { problem: { field: 'old', sentence: page.say.login.formExpired } })
    const names = namesAround(portal, page.principal.account)
    const password = form.field('password')
    const answer = await portal.signIn.passwordChange.change(callerOf(page), form.field('old'), password, names)
    if (answer.kind === 'weak')
      return show(page, 403, { problem: { field: 'new', sentence: page.say.invite.problem[answer.problem] } })
    if (answer.kind !== 'changed') return refuse(page, answer)
    setEntryCookies(page, { token: null, browser: answer.browser })
    const url = urlOf(answer.next, page.returnTo)
    setFlash(page, { kind: 'password' })
    return goTo(page, url)
  })

  function requireOurs(page: AuthenticatedContext): void {
    if (page.principal.account.directory !== localDirectory.id) throw new GateError('not_found')
  }

  function refuse(page: AuthenticatedContext, answer: NotAccepted) {
    const { say, reply } = page
    if (answer.kind === 'throttled') {
      const waitSeconds = Math.ceil(answer.retryAfterSeconds)
      reply.header('retry-after', String(waitSeconds)).header('factorgate-error', 'too_many_attempts')
      const sentence = say.login.throttled({ wait: formatDuration(waitSeconds, say) })
      return show(page, 429, { problem: { field: 'old', sentence }, waitSeconds })
    }
    if (answer.kind === 'busy') throw new GateError('busy', { retryAfterSeconds: 2 })
    if (answer.kind === 'unreachable') throw new GateError('institution_unreachable', { retryAfterSeconds: 10 })
    reply.header('factorgate-error', 'wrong_credentials')
    const { waitSeconds = null } = answer
    const sentence = withWait(reply, say.password.wrong, waitSeconds, say)
    return show(page, 401, { problem: { field: 'old', sentence }, waitSeconds })
  }

  function show(page: AuthenticatedContext, status: number, view: Partial<PasswordView>) {
    const { name } = page.principal.account
    return sendPage(
      page,
      status,
      <PasswordPage frame={frameOf(page)} view={{ name, problem: null, waitSeconds: null, ...view }} />
    )
  }
}
