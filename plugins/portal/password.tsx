/**
 * The page for a new password, for people whose password is ours to keep. It takes a fresh second factor and the old password (ASVS 6.2.3).
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { NotAccepted } from '../../src/sign-in/first-factor.ts'
import { CurrentPassword } from './current-password.tsx'
import { setEntryCookies, urlOf } from './enter.ts'
import { setFlash } from './flash.ts'
import { readForm } from './forms.ts'
import { type Frame, Notice, Page } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import type { PortalOptions } from './options.ts'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedVisit } from './page-context.ts'
import { namesAround } from './password-context.ts'
import { formatDuration, withWait } from './relative-time.ts'

export interface PasswordView {
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
        <input type="hidden" name="csrf" value={frame.csrf} />
        {problem !== null && (
          <Notice id="problem" alert waitSeconds={view.waitSeconds} ready={frame.say.login.ready}>
            {problem.sentence}
          </Notice>
        )}
        <input type="hidden" value={view.name} autocomplete="username" />
        <CurrentPassword name="old" label={say.old} isWrong={wrong('old')} isFirst={!wrong('new')} />
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

export function registerPassword(scope: FastifyInstance, options: PortalOptions): void {
  const { localDirectory } = options.services

  scope.get(path, { config: { requires: 'fresh' } }, async request => {
    const visit = signedVisit(request)
    requireOurs(visit)
    return show(visit, 200, {})
  })

  scope.post(path, { config: { requires: 'fresh' } }, async request => {
    const visit = signedVisit(request)
    requireOurs(visit)
    const form = readForm(visit)
    if (form === 'expired')
      return show(visit, 403, { problem: { field: 'old', sentence: visit.say.login.formExpired } })
    const names = namesAround(options, visit.principal.account)
    const password = form.field('password')
    const answer = await options.signIn.passwordChange.change(callerOf(visit), form.field('old'), password, names)
    if (answer.kind === 'weak')
      return show(visit, 403, { problem: { field: 'new', sentence: visit.say.invite.problem[answer.problem] } })
    if (answer.kind !== 'changed') return refuse(visit, answer)
    setEntryCookies(visit, { token: null, browser: answer.browser })
    const url = urlOf(answer.next, visit.trip)
    setFlash(visit, { kind: 'password' })
    return goTo(visit, url)
  })

  function requireOurs(visit: AuthenticatedContext): void {
    if (visit.principal.account.directory !== localDirectory.id) throw new GateError('not_found')
  }

  function refuse(visit: AuthenticatedContext, answer: NotAccepted) {
    const { say, reply } = visit
    if (answer.kind === 'throttled') {
      const waitSeconds = Math.ceil(answer.retryAfterSeconds)
      reply.header('retry-after', String(waitSeconds)).header('factorgate-error', 'too_many_attempts')
      const sentence = say.login.throttled(formatDuration(waitSeconds, say))
      return show(visit, 429, { problem: { field: 'old', sentence }, waitSeconds })
    }
    if (answer.kind === 'busy') throw new GateError('busy', { retryAfterSeconds: 2 })
    reply.header('factorgate-error', 'wrong_credentials')
    const { waitSeconds = null } = answer
    const sentence = withWait(reply, say.password.wrong, waitSeconds, say)
    return show(visit, 401, { problem: { field: 'old', sentence }, waitSeconds })
  }

  function show(visit: AuthenticatedContext, status: number, view: Partial<PasswordView>) {
    const { name } = visit.principal.account
    return sendPage(
      visit,
      status,
      <PasswordPage frame={frameOf(visit)} view={{ name, problem: null, waitSeconds: null, ...view }} />
    )
  }
}
