/** The pages for a lost password: the request for a link, the link from the mail, and the new password. src/sign-in/password-reset.ts does the work. */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { enter, wayOn } from './enter.ts'
import { lostCookie, readForm, staleForm } from './forms.ts'
import { FormProblem, type Frame, Notice, Page, Token } from './layout.tsx'
import { NewPassword } from './new-password.tsx'
import {
  type AuthenticatedContext,
  callerOf,
  frameOf,
  goTo,
  type PageContext,
  sendPage,
  signedPage
} from './page-context.ts'
import { namesAround } from './password-context.ts'
import { formatDuration } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'
import { KnownUsername, UsernameField } from './username-field.tsx'

export const forgottenPath = '/.factorgate/forgotten'
const resetPath = '/.factorgate/reset'

interface ForgottenView {
  readonly returnTo: ReturnTo
  readonly username: string
  readonly problem: string | null
}

export function ForgottenPage({ frame, view }: { frame: Frame; view: ForgottenView }) {
  const { forgotten: say, login } = frame.say
  return (
    <Page frame={frame} title={say.title} drawing="key">
      <p>{say.lead}</p>
      <form class="fields" method="post" action={withReturnTo(forgottenPath, view.returnTo)}>
        <Token frame={frame} />
        <FormProblem text={view.problem} />
        <UsernameField label={login.username} value={view.username} autofocus />
        <button type="submit">{say.submit}</button>
      </form>
    </Page>
  )
}

export function ForgottenSentPage({ frame }: { frame: Frame }) {
  const say = frame.say.forgotten
  return (
    <Page frame={frame} title={say.sentTitle} drawing="open">
      <p>{say.sentWhat}</p>
      <p class="soft">{say.sentNow}</p>
    </Page>
  )
}

export interface ResetView {
  readonly returnTo: ReturnTo
  /** Null for a link that is no use here. */
  readonly token: string | null
  readonly kind: 'good' | 'other_browser' | 'gone'
  readonly problem: string | null
}

export function ResetPage({ frame, view }: { frame: Frame; view: ResetView }) {
  const say = frame.say.forgotten
  const notice = view.problem !== null && <Notice alert>{view.problem}</Notice>
  if (view.kind === 'good' && view.token !== null)
    return (
      <Page frame={frame} title={say.title} drawing="open">
        {notice}
        <p>{say.goOn}</p>
        <form class="fields" method="post" action={withReturnTo(`${resetPath}/${view.token}`, view.returnTo)}>
          <Token frame={frame} />
          <button type="submit">{frame.say.login.submit}</button>
        </form>
      </Page>
    )
  const isElsewhere = view.kind === 'other_browser'
  return (
    <Page frame={frame} title={isElsewhere ? say.elsewhereTitle : say.goneTitle} drawing="ajar">
      {notice}
      <p>{isElsewhere ? say.elsewhere : say.gone}</p>
      <a class="button" href={forgottenPath}>
        {say.again}
      </a>
    </Page>
  )
}

export function ChoosePasswordPage({
  frame,
  view
}: {
  frame: Frame
  view: { name: string; returnTo: ReturnTo; problem: string | null }
}) {
  const { forgotten: say, password } = frame.say
  return (
    <Page frame={frame} title={say.choose} drawing="key">
      <p>{password.lead}</p>
      <form class="fields" method="post" action={withReturnTo(`${resetPath}/password`, view.returnTo)}>
        <Token frame={frame} />
        <FormProblem text={view.problem} />
        <KnownUsername name={view.name} />
        <NewPassword say={frame.say} isWrong={view.problem !== null} isFirst />
        <button type="submit">{frame.say.login.submit}</button>
      </form>
    </Page>
  )
}

export function registerForgotten(scope: FastifyInstance): void {
  const anyone = { config: { requires: 'anyone' } } as const
  const half = { config: { requires: 'first-factor', isStep: true } } as const

  scope.get(forgottenPath, anyone, async request => showForm(offered(request.page), 200, {}))

  scope.post(forgottenPath, anyone, async request => {
    const page = offered(request.page)
    const username = staleForm(page).field('username')
    const lost = lostCookie(page)
    if (lost !== null) return showForm(lost, 403, { username, problem: page.say.login.cookieLost })
    if (readForm(page) === 'expired' || page.nonce === null)
      return showForm(page, 403, { username, problem: page.say.login.formExpired })
    const answer = await page.portal.signIn.passwordReset.ask(callerOf(page), username, page.nonce)
    if (answer.kind === 'asked') {
      answer.done.catch(error => page.portal.log.warn({ err: error }, 'a link for a new password could not be sent'))
      return sendPage(page, 200, <ForgottenSentPage frame={bare(page)} />)
    }
    if (answer.code !== 'too_many_attempts') throw new GateError(answer.code, answer)
    const seconds = answer.retryAfterSeconds ?? 60
    page.reply.header('retry-after', String(seconds)).header('factorgate-error', answer.code)
    const problem = page.say.login.throttled({ wait: formatDuration(seconds, page.say) })
    return showForm(page, 429, { username, problem })
  })

  scope.get(`${resetPath}/:token`, anyone, async request => showLink(offered(request.page), 200, null))

  scope.post(`${resetPath}/:token`, anyone, async request => {
    const page = offered(request.page)
    const lost = lostCookie(page)
    if (lost !== null) return showLink(lost, 403, page.say.login.cookieLost)
    if (readForm(page) === 'expired') return showLink(page, 403, page.say.login.formExpired)
    const answer = await page.portal.signIn.passwordReset.begin(callerOf(page), tokenOf(page), page.nonce)
    if (answer.kind === 'denied' && answer.code === 'invitation_invalid') return showLink(page, 403, null)
    return goTo(page, enter(page, answer))
  })

  scope.get(`${resetPath}/password`, half, async request => {
    const page = signedPage(request)
    if (!page.portal.signIn.passwordReset.isDue(callerOf(page))) return goTo(page, await wayOn(page))
    return showChoice(page, 200, null)
  })

  scope.post(`${resetPath}/password`, half, async request => {
    const page = signedPage(request)
    const form = readForm(page)
    if (form === 'expired') return showChoice(page, 403, page.say.login.formExpired)
    const { passwordReset } = page.portal.signIn
    if (!passwordReset.isDue(callerOf(page))) return goTo(page, await wayOn(page))
    const avoid = namesAround(page.portal, page.principal.account)
    const answer = await passwordReset.finish(callerOf(page), form.field('password'), avoid)
    if (answer.kind === 'weak') return showChoice(page, 403, page.say.invite.problem[answer.problem])
    return goTo(page, enter(page, answer))
  })
}

/** Without mail there is no such page. */
function offered(page: PageContext): PageContext {
  if (!page.portal.signIn.passwordReset.isOffered) throw new GateError('not_found')
  return page
}

function tokenOf(page: PageContext): string {
  return (page.request.params as { token: string }).token
}

function showForm(page: PageContext, status: number, view: Partial<ForgottenView>) {
  const all = { returnTo: page.returnTo, username: '', problem: null, ...view }
  return sendPage(page, status, <ForgottenPage frame={bare(page)} view={all} />)
}

async function showLink(page: PageContext, status: number, problem: string | null) {
  const token = tokenOf(page)
  const kind = await page.portal.signIn.passwordReset.look(token, page.nonce)
  const view = { returnTo: page.returnTo, token: kind === 'good' ? token : null, kind, problem }
  return sendPage(page, kind === 'good' ? status : 403, <ResetPage frame={bare(page)} view={view} />)
}

function showChoice(page: AuthenticatedContext, status: number, problem: string | null) {
  const { name } = page.principal.account
  const view = { name, returnTo: page.returnTo, problem }
  return sendPage(page, status, <ChoosePasswordPage frame={bare(page)} view={view} />)
}

/** The page does not name the person who is signed in: the link may be for somebody else. */
function bare(page: PageContext): Frame {
  return { ...frameOf(page), person: null }
}
