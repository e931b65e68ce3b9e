/**
 * Invitations: whose it is, a password, and a session that may enrol. Owns the link's page; opening it spends nothing, since mail scanners and
 * previews open links too. Who left before a second factor stood comes back with the link and the password.
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { invitationOf } from '../../src/factor/proof.ts'
import type { Account } from '../../src/identity/account.ts'
import { passwordProblem } from '../../src/identity/password/password.ts'
import { tokenDigest } from '../../src/ids.ts'
import type { Principal } from '../../src/session/sessions.ts'
import { StoreUnconfirmed } from '../../src/store/store.ts'
import { CurrentPassword } from './current-password.tsx'
import { lostCookie, readForm, staleForm } from './forms.ts'
import { type Frame, Notice, Page, Said, Token } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import { factorsOf, nextStep } from './next-step.ts'
import type { PortalOptions } from './options.ts'
import { eventOf, frameOf, goTo, openContext, type PageContext, sendPage, setSessionCookie } from './page-context.ts'
import { namesAround } from './password-context.ts'
import { formatDuration, withWait } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

export interface InviteView {
  readonly trip: ReturnTo
  readonly token: string
  readonly name: string
  readonly displayName: string
  /** Its password was set already, and the second factor is missing. */
  readonly isBegun: boolean
  readonly problem: string | null
  readonly waitSeconds: number | null
}

export function InvitePage({ frame, view }: { frame: Frame; view: InviteView }) {
  const say = frame.say.invite
  const { problem } = view
  return (
    <Page frame={frame} title={(view.isBegun ? say.againTitle : say.title)(view.displayName)} drawing="open">
      <p>
        <Said text={view.isBegun ? say.again : say.what(frame.look.title)} />
      </p>
      <form class="fields" method="post" action={withReturnTo(`/.factorgate/invite/${view.token}`, view.trip)}>
        <Token frame={frame} />
        {problem !== null && (
          <Notice id="problem" alert waitSeconds={view.waitSeconds} ready={frame.say.login.ready}>
            {problem}
          </Notice>
        )}
        <div>
          <label for="username">{say.username}</label>
          <input id="username" value={view.name} dir="auto" autocomplete="username" readOnly />
        </div>
        {view.isBegun ? (
          <CurrentPassword label={frame.say.login.password} isWrong={problem !== null} isFirst />
        ) : (
          <NewPassword say={frame.say} isWrong={problem !== null} isFirst />
        )}
        <button type="submit">{view.isBegun ? frame.say.login.submit : say.submit}</button>
      </form>
      {view.isBegun && <p class="soft">{say.againForgotten}</p>}
    </Page>
  )
}

const path = '/.factorgate/invite/:token'

export function registerInvite(scope: FastifyInstance, options: PortalOptions): void {
  const { invitations, accounts, localDirectory, passwordLogin, sessions } = options.services

  scope.get(path, { config: { requires: 'anyone' } }, async (request, reply) => {
    const visit = openContext(options, request, reply)
    const token = tokenOf(visit)
    const { account, isBegun } = await invited(visit, token)
    // Back, in the browser that accepted it.
    if (isBegun && visit.principal?.account.id === account.id && beganWith(visit.principal, token))
      return goTo(visit, await nextStep(visit, visit.principal))
    return show(visit, 200, account, { token, isBegun })
  })

  scope.post(path, { config: { requires: 'anyone' } }, async (request, reply) => {
    const visit = openContext(options, request, reply)
    const lost = lostCookie(visit)
    const stale = lost === null && readForm(visit) === 'expired'
    if (lost !== null || stale) return answerStale(lost ?? visit, tokenOf(visit))
    const form = staleForm(visit)
    const token = tokenOf(visit)
    const { account, isBegun } = await invited(visit, token)
    const password = form.field('password')
    if (isBegun) return resume(visit, token, account, password)
    const problem = passwordProblem(password, namesAround(options, account))
    if (problem !== null) return show(visit, 403, account, { token, problem: visit.say.invite.problem[problem] })
    // Hashed first, since that may be too much at the moment, and the link must then still be good.
    const keepPassword = await localDirectory.preparePassword(password)
    if (!options.audit.writable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    // Accepted before anything is done: of two who hold the link, one sets a password.
    if ((await invitations.accept(token)) !== account.id) throw new GateError('invitation_invalid')
    try {
      await options.audit.commit(
        eventOf(visit, 'invitation.accept', { account: account.id, name: account.name, session: undefined })
      )
      await keepPassword(account.id)
    } catch (error) {
      // The password is set: whoever opens the link again goes on with both.
      if (error instanceof StoreUnconfirmed) throw error
      // No password came of it, so nobody could go on with one.
      await invitations.release(token)
      throw error
    }
    // Whoever has a second factor needs nothing but the password now.
    if ((await factorsOf(visit, account.id)).length > 0) await invitations.removeAll(account.id)
    return enter(visit, account, token)
  })

  /** Link and password together, before the first factor stands: the person left in between. Either alone opens nothing (THREATS M5). */
  async function resume(visit: PageContext, token: string, account: Account, password: string) {
    const { say, address, browser } = visit
    const whom = { account: account.id, name: account.name, session: undefined }
    // Counted like any other guess.
    const answer = await passwordLogin.attempt({ name: account.name, password, address, browser })
    if (answer.kind === 'busy') throw new GateError('busy', { retryAfterSeconds: 2 })
    if (answer.kind === 'accepted' && answer.account.id === account.id) {
      // Replaced, or done in another browser meanwhile.
      if (!(await invited(visit, token)).isBegun) throw new GateError('invitation_invalid')
      await options.audit.commit(eventOf(visit, 'invitation.accept', { ...whom, outcome: 'resumed' }))
      return enter(visit, account, token)
    }
    const isThrottled = answer.kind === 'throttled'
    options.audit.record(
      eventOf(visit, isThrottled ? 'throttle' : 'login', { ...whom, factor: 'password', outcome: answer.kind })
    )
    visit.reply.header('factorgate-error', isThrottled ? 'too_many_attempts' : 'wrong_credentials')
    if (!isThrottled) {
      const { waitSeconds = null } = answer.kind === 'refused' ? answer : {}
      const problem = withWait(visit.reply, say.invite.againWrong, waitSeconds, say)
      return show(visit, 401, account, { token, isBegun: true, problem, waitSeconds })
    }
    const waitSeconds = Math.ceil(answer.retryAfterSeconds)
    visit.reply.header('retry-after', String(waitSeconds))
    const problem = say.login.throttled(formatDuration(waitSeconds, say))
    return show(visit, 429, account, { token, isBegun: true, problem, waitSeconds })
  }

  /** A session that may enrol while this very invitation stands, and nothing else. */
  async function enter(visit: PageContext, account: Account, token: string) {
    const { reply } = visit
    const entered = await sessions.start({
      accountId: account.id,
      proof: { kind: 'invitation', at: visit.now, userVerified: false, invitation: tokenDigest(token) },
      more: [{ kind: 'password', at: visit.now, userVerified: false }],
      device: visit.device,
      host: visit.site.host,
      replaces: visit.principal
    })
    setSessionCookie(reply, entered.token, visit.site)
    return goTo(visit, await nextStep(visit, entered.principal))
  }

  /** The form anew; or, where another tab has accepted this invitation, the way on from there (FIELD F3). */
  async function answerStale(visit: PageContext, token: string) {
    const { principal, say } = visit
    if (principal !== null && beganWith(principal, token, true) && (await invitations.peek(token)) === null)
      return goTo(visit, await nextStep(visit, principal))
    const { account, isBegun } = await invited(visit, token)
    const problem = visit.isRetry ? say.login.cookieLost : say.login.formExpired
    return show(visit, 403, account, { token, isBegun, problem })
  }

  function tokenOf(visit: PageContext): string {
    return (visit.request.params as { token: string }).token
  }

  /**
   * Whom it is for, and whether its password is set. Suspended people hear the same as holders of a spent one, and so do people whose password is
   * not ours to set. One whose password is set is over as soon as a second factor stands.
   */
  async function invited(visit: PageContext, token: string): Promise<{ account: Account; isBegun: boolean }> {
    const fresh = await invitations.peek(token)
    const id = fresh ?? (await invitations.begun(token))
    const account = id === null ? null : await accounts.byId(id)
    if (account === null || account.suspended !== null || account.directory !== localDirectory.id)
      throw new GateError('invitation_invalid')
    if (fresh === null && (await factorsOf(visit, account.id)).length > 0) throw new GateError('invitation_invalid')
    return { account, isBegun: fresh === null }
  }

  function show(
    visit: PageContext,
    status: number,
    account: Account,
    view: Pick<InviteView, 'token'> & Partial<InviteView>
  ) {
    const { name, displayName } = account
    return sendPage(
      visit,
      status,
      <InvitePage
        frame={{ ...frameOf(visit), person: null }}
        view={{ trip: visit.trip, name, displayName, isBegun: false, problem: null, waitSeconds: null, ...view }}
      />
    )
  }
}

/** True for the sign-in that this very link began; for a complete one only where `orWhole`. */
const beganWith = ({ proofs, isFullySignedIn }: Principal, token: string, orWhole = false) =>
  (orWhole || !isFullySignedIn) && invitationOf(proofs) === tokenDigest(token)
