/**
 * A new password, from the account page. Owns that it takes a fresh second factor and the old password (ASVS 6.2.3), and that all other
 * sign-ins and an invitation that waits end with it; for people whose password is ours to keep.
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { passwordProblem } from '../../src/identity/password/password.ts'
import { everyStep } from '../../src/store/unconfirmed.ts'
import { CurrentPassword } from './current-password.tsx'
import { completed } from './device-cookie.ts'
import { setFlash } from './flash.ts'
import { readForm } from './forms.ts'
import { type Frame, Notice, Page } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import type { PortalOptions } from './options.ts'
import {
  type AuthenticatedContext,
  eventOf,
  frameOf,
  goTo,
  openAuthenticatedContext,
  sendPage
} from './page-context.ts'
import { namesAround } from './password-context.ts'
import { formatDuration, withWait } from './relative-time.ts'
import { revokeOtherSessions } from './revoke-other-sessions.ts'

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
  const { invitations, localDirectory, passwordLogin } = options.services

  scope.get(path, { config: { requires: 'fresh' } }, async (request, reply) => {
    const visit = openAuthenticatedContext(options, request, reply)
    requireOurs(visit)
    return show(visit, 200, {})
  })

  scope.post(path, { config: { requires: 'fresh' } }, async (request, reply) => {
    const visit = openAuthenticatedContext(options, request, reply)
    requireOurs(visit)
    const form = readForm(visit)
    if (form === 'expired')
      return show(visit, 403, { problem: { field: 'old', sentence: visit.say.login.formExpired } })
    const { account } = visit.principal
    const password = form.field('password')
    const weakness = passwordProblem(password, namesAround(options, account))
    if (weakness !== null)
      return show(visit, 403, { problem: { field: 'new', sentence: visit.say.invite.problem[weakness] } })
    // Counted like any other guess: otherwise whoever finds a browser signed in could try passwords here.
    const { address, browser } = visit
    const answer = await passwordLogin.attempt({ name: account.name, password: form.field('old'), address, browser })
    if (answer.kind !== 'accepted') return refuse(visit, answer)
    const keepPassword = await localDirectory.preparePassword(password)
    await options.audit.commit(eventOf(visit, 'password.change', { outcome: 'changed' }))
    await everyStep(
      () => keepPassword(account.id),
      // An invitation that still waits would set a password once more, in whoever's hands it is (FIELD G2).
      () => invitations.removeAll(account.id),
      () => completed(visit, account, true),
      () => revokeOtherSessions(visit, visit.principal, 'password_changed')
    )
    setFlash(visit, { kind: 'password' })
    return goTo(visit, '/.factorgate/account')
  })

  function requireOurs(visit: AuthenticatedContext): void {
    if (visit.principal.account.directory !== localDirectory.id) throw new GateError('not_found')
  }

  function refuse(
    visit: AuthenticatedContext,
    answer:
      | { kind: 'refused'; waitSeconds?: number }
      | { kind: 'busy' }
      | { kind: 'throttled'; retryAfterSeconds: number }
  ) {
    const { say, reply } = visit
    const isThrottled = answer.kind === 'throttled'
    options.audit.record(eventOf(visit, isThrottled ? 'throttle' : 'password.change', { outcome: answer.kind }))
    if (isThrottled) {
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
