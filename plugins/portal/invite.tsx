/** The page of an invitation's link, with a form for a password. src/sign-in/invitation.ts does the work. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { Account } from '../../src/identity/account.ts'
import type { NotAccepted } from '../../src/sign-in/first-factor.ts'
import type { Invited } from '../../src/sign-in/invitation.ts'
import { CurrentPassword } from './current-password.tsx'
import { enter, wayOn } from './enter.ts'
import { lostCookie, readForm, staleForm } from './forms.ts'
import { answerElsewhere, showElsewhere } from './invite-elsewhere.tsx'
import { type Frame, Notice, Page, Said, Token } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import { callerOf, frameOf, goTo, isSigned, type PageContext, sendPage } from './page-context.ts'
import { namesAround } from './password-context.ts'
import { formatDuration, withWait } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

interface InviteView {
  readonly returnTo: ReturnTo
  readonly token: string
  readonly name: string
  readonly displayName: string
  /** True if the password is set and the second factor is missing. */
  readonly isBegun: boolean
  readonly problem: string | null
  readonly waitSeconds: number | null
}

export function InvitePage({ frame, view }: { frame: Frame; view: InviteView }) {
  const say = frame.say.invite
  const { problem } = view
  return (
    <Page frame={frame} title={(view.isBegun ? say.againTitle : say.title)({ name: view.displayName })} drawing="open">
      <p>
        <Said text={view.isBegun ? say.again : say.what({ lab: frame.look.title })} />
      </p>
      <form class="fields" method="post" action={withReturnTo(`/.factorgate/invite/${view.token}`, view.returnTo)}>
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
          <CurrentPassword say={frame.say} label={frame.say.login.password} isWrong={problem !== null} isFirst />
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

export function registerInvite(scope: FastifyInstance): void {
  scope.get(path, { config: { requires: 'anyone' } }, async request => {
    const page = request.page
    const token = tokenOf(page)
    const found = await invited(page, token)
    if (found.via !== 'ours') return showElsewhere(page, token, found)
    const { account, isBegun } = found
    // The browser that accepted the invitation returns.
    if (isBegun && isSigned(page) && page.portal.signIn.invitation.isHalfWay(page.principal, token))
      return goTo(page, await wayOn(page))
    return show(page, 200, account, { token, isBegun })
  })

  scope.post(path, { config: { requires: 'anyone' } }, async request => {
    const page = request.page
    const { invitation } = page.portal.signIn
    const found = await invitation.look(tokenOf(page))
    if (found !== null && found.via !== 'ours') return answerElsewhere(page, tokenOf(page), found)
    const lost = lostCookie(page)
    const stale = lost === null && readForm(page) === 'expired'
    if (lost !== null || stale) return answerStale(lost ?? page, tokenOf(page))
    const form = staleForm(page)
    const token = tokenOf(page)
    const { account, isBegun } = await invited(page, token)
    const password = form.field('password')
    const by = callerOf(page)
    const answer = isBegun
      ? await invitation.resume(by, token, account, password)
      : await invitation.accept(by, token, account, password, namesAround(page.portal, account))
    if (answer.kind === 'entered' || answer.kind === 'denied') return goTo(page, enter(page, answer))
    if (answer.kind === 'weak')
      return show(page, 403, account, { token, problem: page.say.invite.problem[answer.problem] })
    return refuse(page, token, account, answer)
  })
}

function refuse(page: PageContext, token: string, account: Account, answer: NotAccepted) {
  const { say, reply } = page
  if (answer.kind === 'busy') throw new GateError('busy', { retryAfterSeconds: 2 })
  if (answer.kind === 'unreachable') throw new GateError('institution_unreachable', { retryAfterSeconds: 10 })
  const isThrottled = answer.kind === 'throttled'
  reply.header('factorgate-error', isThrottled ? 'too_many_attempts' : 'wrong_credentials')
  if (!isThrottled) {
    const { waitSeconds = null } = answer
    const problem = withWait(reply, say.invite.againWrong, waitSeconds, say)
    return show(page, 401, account, { token, isBegun: true, problem, waitSeconds })
  }
  const waitSeconds = Math.ceil(answer.retryAfterSeconds)
  reply.header('retry-after', String(waitSeconds))
  const problem = say.login.throttled({ wait: formatDuration(waitSeconds, say) })
  return show(page, 429, account, { token, isBegun: true, problem, waitSeconds })
}

/** The form again, or the next step if another tab has accepted this invitation (FIELD F3). */
async function answerStale(page: PageContext, token: string) {
  const { say } = page
  const { invitation } = page.portal.signIn
  if (isSigned(page) && (await invitation.isAcceptedBy(page.principal, token))) return goTo(page, await wayOn(page))
  const { account, isBegun } = await invited(page, token)
  const problem = page.isRetry ? say.login.cookieLost : say.login.formExpired
  return show(page, 403, account, { token, isBegun, problem })
}

function tokenOf(page: PageContext): string {
  return (page.request.params as { token: string }).token
}

async function invited({ portal }: PageContext, token: string): Promise<Invited> {
  const found = await portal.signIn.invitation.look(token)
  if (found === null) throw new GateError('invitation_invalid')
  return found
}

function show(
  page: PageContext,
  status: number,
  account: Account,
  view: Pick<InviteView, 'token'> & Partial<InviteView>
) {
  const { name, displayName } = account
  return sendPage(
    page,
    status,
    <InvitePage
      frame={{ ...frameOf(page), person: null }}
      view={{ returnTo: page.returnTo, name, displayName, isBegun: false, problem: null, waitSeconds: null, ...view }}
    />
  )
}
