/** The enrolment of an authenticator app, with QR code and text. Its secret is shown only then (THREATS M4). */
import type { FastifyInstance } from 'fastify'
import type { Enrolment } from '../../src/sign-in/enrolment.ts'
import { CodeField } from './challenge-page.tsx'
import { afterEnrolment, cleanName, enterEnrolled, mayEnrol, NameField, refuseEnrolment } from './enrol.tsx'
import { readForm, requireForm, staleForm } from './forms.ts'
import { type Frame, Notice, Page, Token } from './layout.tsx'
import type { Messages } from './messages/messages.ts'
import { type AuthenticatedContext, callerOf, frameOf, goTo, sendPage, signedPage } from './page-context.ts'
import { QrCode } from './qr-code.tsx'
import { clockTime, formatDuration, withWait } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

interface EnrolTotpView {
  readonly returnTo: ReturnTo
  readonly ceremony: string
  readonly secret: string
  readonly uri: string
  readonly codeDigits: number
  readonly name: string
  readonly problem: string | null
  /** The gate's time, if a wrong clock may be the cause. */
  readonly clock: number | null
  readonly waitSeconds?: number | null
}

export function EnrolTotpPage({ frame, view }: { frame: Frame; view: EnrolTotpView }) {
  const say = frame.say.enrolTotp
  return (
    <Page frame={frame} title={say.title} drawing="key" wide>
      <div class="scan">
        <section>
          <h2>1. {say.scan}</h2>
          <QrCode text={view.uri} label={say.qr} />
          <p class="touch">
            <a class="button second" href={view.uri}>
              {say.onPhone}
            </a>
          </p>
          <details>
            <summary>{say.byHand}</summary>
            <p>{say.typeIt}</p>
            <code class="secret" id="totp-secret">
              {view.secret.match(/.{1,4}/g)?.join(' ')}
            </code>
            <button type="button" class="second scripted" data-copy="" data-copied={say.copied}>
              {say.copy}
            </button>
            <form method="post" action={withReturnTo('/.factorgate/enrol/totp/new', view.returnTo)}>
              <Token frame={frame} />
              <button type="submit" class="plain">
                {say.anew}
              </button>
            </form>
          </details>
        </section>
        <section>
          <h2>2. {say.next}</h2>
          <CodeForm frame={frame} view={view} />
          <p>
            <a href={withReturnTo('/.factorgate/enrol/webauthn', view.returnTo)}>{say.other}</a>
          </p>
        </section>
      </div>
    </Page>
  )
}

function CodeForm({ frame, view }: { frame: Frame; view: EnrolTotpView }) {
  const say = frame.say.enrolTotp
  return (
    <form class="fields" method="post" action={withReturnTo('/.factorgate/enrol/totp', view.returnTo)}>
      <Token frame={frame} />
      <input type="hidden" name="ceremony" value={view.ceremony} />
      {view.problem !== null && (
        <Notice id="problem" alert waitSeconds={view.waitSeconds ?? null} ready={frame.say.login.ready}>
          {view.problem}
        </Notice>
      )}
      {view.clock !== null && (
        <p class="soft">{frame.say.challenge.clock({ time: clockTime(view.clock, frame.say) })}</p>
      )}
      <div>
        <label for="code">{say.code}</label>
        <CodeField
          id="code"
          digits={view.codeDigits}
          autofocus={view.problem !== null}
          problemId={view.problem === null ? undefined : 'problem'}
        />
      </div>
      <NameField frame={frame} value={view.name} />
      <button type="submit">{say.submit}</button>
    </form>
  )
}

/** The message has the error of the clock, if known. Less than two minutes has other causes too. */
function wrongCode(offsetSeconds: number | null, say: Messages): string {
  if (offsetSeconds === null || Math.abs(offsetSeconds) < 120) return say.enrolTotp.wrong
  const span = formatDuration(Math.abs(offsetSeconds), say)
  return offsetSeconds > 0 ? say.enrolTotp.clockAhead({ span }) : say.enrolTotp.clockBehind({ span })
}

type Outcome = Awaited<ReturnType<Enrolment['withTotp']>>
type NotAccepted = Exclude<Outcome, { kind: 'enrolled' | 'denied' }>

export function registerTotp(scope: FastifyInstance): void {
  scope.get('/.factorgate/enrol/totp', { config: { requires: 'first-factor' } }, async request => {
    const page = signedPage(request)
    const refusal = await mayEnrol(page)
    if (refusal !== null) return refusal
    return showEnrolment(page, 200, {})
  })

  scope.post('/.factorgate/enrol/totp', { config: { requires: 'first-factor' } }, async request => {
    const page = signedPage(request)
    const say = page.say.enrolTotp
    const form = readForm(page)
    const shown = form === 'expired' ? staleForm(page) : form
    const { totp } = page.portal.services
    const { enrolment } = page.portal.signIn
    const { account, session } = page.principal
    const name = cleanName(shown.field('name')) ?? say.suggested
    const ceremony = shown.field('ceremony')
    // The form was sent twice: its work is done, and the answer is that of the first.
    if (await totp.isFinished(ceremony, account.id, session.id)) return goTo(page, await afterEnrolment(page))
    const isBegun = (await totp.resume(ceremony, account.id, session.id)) !== null
    const may = await enrolment.mayFinish(callerOf(page), isBegun)
    if (may !== 'yes') return refuseEnrolment(page, may)
    if (form === 'expired') return showEnrolment(page, 403, { ceremony, name, problem: say.formExpired })
    const code = form.field('code')
    const answer = await enrolment.withTotp(callerOf(page), { ceremony, code, name })
    if (answer.kind === 'enrolled' || answer.kind === 'denied') return goTo(page, enterEnrolled(page, answer))
    return refuseCode(page, { ceremony, name }, answer)
  })

  scope.post('/.factorgate/enrol/totp/new', { config: { requires: 'first-factor' } }, async request => {
    const page = signedPage(request)
    requireForm(page)
    const refusal = await mayEnrol(page)
    if (refusal !== null) return refusal
    const { account, session } = page.principal
    await page.portal.services.totp.begin({ id: account.id, name: account.name }, session.id)
    return goTo(page, withReturnTo('/.factorgate/enrol/totp', page.returnTo))
  })
}

function refuseCode(page: AuthenticatedContext, typed: Pick<EnrolTotpView, 'ceremony' | 'name'>, answer: NotAccepted) {
  const { say, reply } = page
  if (answer.kind === 'throttled') {
    const waitSeconds = Math.ceil(answer.retryAfterSeconds)
    reply.header('factorgate-error', 'too_many_attempts').header('retry-after', String(waitSeconds))
    const problem = say.challenge.throttled({ wait: formatDuration(answer.retryAfterSeconds, say) })
    return showEnrolment(page, 429, { ...typed, problem, clock: null, waitSeconds })
  }
  reply.header('factorgate-error', 'wrong_code')
  if (answer.kind === 'expired')
    return showEnrolment(page, 401, { ...typed, problem: say.enrolTotp.expired, clock: null, waitSeconds: null })
  const waitSeconds = answer.waitSeconds ?? null
  const problem = withWait(reply, wrongCode(answer.clockOffsetSeconds ?? null, say), waitSeconds, say)
  return showEnrolment(page, 401, { ...typed, problem, clock: page.now, waitSeconds })
}

/** The session's pending secret, since an app may have scanned it; a new one if none is pending, or the form's one has expired. */
async function showEnrolment(page: AuthenticatedContext, status: number, view: Partial<EnrolTotpView>) {
  const { totp } = page.portal.services
  const { account, session } = page.principal
  const again = view.ceremony ? await totp.resume(view.ceremony, account.id, session.id) : null
  const { ceremony, secret, uri, digits } =
    again ?? (await totp.open({ id: account.id, name: account.name }, session.id))
  const problem = view.ceremony && again === null ? page.say.enrolTotp.expired : (view.problem ?? null)
  const name = view.name ?? page.say.enrolTotp.suggested
  const { returnTo } = page
  return sendPage(
    page,
    status,
    <EnrolTotpPage
      frame={frameOf(page)}
      view={{
        returnTo,
        ceremony,
        secret,
        uri,
        codeDigits: digits,
        name,
        problem,
        clock: view.clock ?? null,
        waitSeconds: view.waitSeconds ?? null
      }}
    />
  )
}
