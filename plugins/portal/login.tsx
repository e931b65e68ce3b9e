/**
 * Sign-in: where a person says who they are. A passkey first, name and password beside it. Owns the answer to a first factor, the same
 * for every kind of wrong (THREATS M15), and the word on why an earlier sign-in ended.
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { EndReason } from '../../src/session/records.ts'
import { cookieNames, expiredCookie, readOwn } from '../cookies.ts'
import { CurrentPassword } from './current-password.tsx'
import { lostCookie, readForm, staleForm } from './forms.ts'
import { type Frame, Notice, Page, Token } from './layout.tsx'
import { nextStep, requirementOf } from './next-step.ts'
import type { PortalOptions } from './options.ts'
import { eventOf, frameOf, goTo, openContext, type PageContext, sendPage, setSessionCookie } from './page-context.ts'
import { PasskeyButton } from './passkey-button.tsx'
import { formatDuration, withWait } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

export interface LoginView {
  readonly trip: ReturnTo
  /** Title of the app the person is on the way to. */
  readonly app: string | null
  readonly username: string
  readonly ended: EndReason | null
  readonly problem: string | null
  readonly waitSeconds: number | null
  /** Somebody is signed in here, and another person wants to be. */
  readonly isSwitch?: boolean
}

export function LoginPage({ frame, view }: { frame: Frame; view: LoginView }) {
  const say = frame.say.login
  const { trip, problem } = view
  return (
    <Page
      frame={frame}
      title={say.title}
      subtitle={view.app === null ? say.toLab(frame.look.title) : say.to(view.app)}
      drawing="ajar"
    >
      {view.ended !== null && <Notice>{say.ended[view.ended]}</Notice>}
      <PasskeyButton frame={frame} trip={trip} purpose="login" label={say.passkey} autofill />
      <p class="or scripted" data-passkey-only>
        {say.or}
      </p>
      <form
        class="fields"
        method="post"
        action={withReturnTo('/.factorgate/login', trip, view.isSwitch ? { switch: '1' } : {})}
      >
        <Token frame={frame} />
        {problem !== null && (
          <Notice id="problem" alert waitSeconds={view.waitSeconds} ready={say.ready}>
            {problem}
          </Notice>
        )}
        <div>
          <label for="username">{say.username}</label>
          <input
            id="username"
            name="username"
            value={view.username}
            dir="auto"
            autocomplete="username webauthn"
            autocapitalize="none"
            autocorrect="off"
            spellcheck={false}
            maxLength={256}
            required
            autofocus={problem === null && view.username === ''}
          />
        </div>
        <CurrentPassword label={say.password} isWrong={problem !== null} isFirst={view.username !== ''} />
        <button type="submit" class="second">
          {say.submit}
        </button>
      </form>
      <p class="soft unscripted">{frame.say.frame.noScript}</p>
      <p class="soft">{say.help}</p>
    </Page>
  )
}

export function registerLogin(scope: FastifyInstance, options: PortalOptions): void {
  const { sessions, accounts, passwordLogin } = options.services

  scope.get('/.factorgate/login', { config: { requires: 'anyone' } }, async (request, reply) => {
    const visit = openContext(options, request, reply)
    if (visit.principal !== null && !wantsAnother(visit)) return goTo(visit, await nextStep(visit, visit.principal))
    const ended = await whyEnded(visit)
    if (ended === 'suspended') throw new GateError('account_suspended')
    return showLogin(visit, 200, { ended })
  })

  scope.post('/.factorgate/login', { config: { requires: 'anyone' } }, async (request, reply) => {
    const visit = openContext(options, request, reply)
    const say = visit.say.login
    const username = staleForm(visit).field('username')
    const lost = lostCookie(visit)
    const form = lost === null ? readForm(visit) : null
    if (lost !== null || form === null || form === 'expired') {
      // Signed in by another tab meanwhile: a form that is not good any more goes where its page would go now (FIELD F3).
      if (visit.principal !== null && !wantsAnother(visit)) return goTo(visit, await nextStep(visit, visit.principal))
      const problem = lost === null ? say.formExpired : say.cookieLost
      return showLogin(lost ?? visit, 403, { username, problem })
    }
    const answer = await passwordLogin.attempt({
      name: username,
      password: form.field('password'),
      address: visit.address,
      browser: visit.browser
    })
    if (answer.kind === 'accepted') {
      const { account } = answer
      const kind = account.directory === options.services.localDirectory.id ? 'password' : 'directory'
      await options.audit.commit(
        eventOf(visit, 'login', { account: account.id, name: account.name, factor: kind, outcome: 'accepted' })
      )
      const entered = await sessions.start({
        accountId: account.id,
        proof: { kind, at: visit.now, userVerified: false },
        device: visit.device,
        host: visit.site.host,
        replaces: visit.principal
      })
      setSessionCookie(reply, entered.token, visit.site)
      return goTo(visit, await nextStep(visit, entered.principal))
    }
    await recordRefusal(visit, username, answer.kind)
    if (answer.kind === 'throttled') return showThrottled(visit, username, answer.retryAfterSeconds)
    if (answer.kind === 'busy') {
      reply.header('retry-after', '2').header('factorgate-error', 'busy')
      return showLogin(visit, 503, { username, problem: say.busy })
    }
    reply.header('factorgate-error', 'wrong_credentials')
    const { waitSeconds = null } = answer
    const problem = withWait(reply, say.wrong, waitSeconds, visit.say)
    return showLogin(visit, 401, { username, problem, waitSeconds })
  })

  function wantsAnother({ request }: PageContext): boolean {
    return (request.query as { switch?: unknown }).switch !== undefined
  }

  /** A name goes into the journal only where somebody has it: people type passwords into the field above. */
  async function recordRefusal(visit: PageContext, username: string, outcome: string): Promise<void> {
    const account = await accounts.bySignIn(username)
    const kind = outcome === 'throttled' ? 'throttle' : 'login'
    const whom = account === null ? {} : { account: account.id, name: account.name }
    options.audit.record(eventOf(visit, kind, { session: undefined, ...whom, factor: 'password', outcome }))
  }

  function showThrottled(visit: PageContext, username: string, seconds: number) {
    visit.reply.header('retry-after', String(Math.ceil(seconds))).header('factorgate-error', 'too_many_attempts')
    const problem = visit.say.login.throttled(formatDuration(seconds, visit.say))
    return showLogin(visit, 429, { username, problem, waitSeconds: Math.ceil(seconds) })
  }

  /** Why the cookie that came along opens nothing, while the store remembers; said once. */
  async function whyEnded(visit: PageContext): Promise<EndReason | null> {
    const { site, reply } = visit
    const token = readOwn(visit.request.raw.headers.cookie, 'session', site)
    if (token === null || visit.principal !== null) return null
    const ended = await sessions.whyEnded(token)
    // Under the name without a port it is ours only where the store remembers it; it may be another gate's on this host.
    const bare = { secure: site.secure, port: '' }
    for (const one of ended === null || site.port === '' ? [site] : [site, bare])
      reply.header('set-cookie', expiredCookie(cookieNames(one).session, one))
    return ended
  }

  function showLogin(visit: PageContext, status: number, view: Partial<LoginView>) {
    return sendPage(
      visit,
      status,
      <LoginPage
        frame={{ ...frameOf(visit), person: null }}
        view={{
          trip: visit.trip,
          app: requirementOf(visit, null)?.app.title ?? null,
          username: '',
          ended: null,
          problem: null,
          waitSeconds: null,
          isSwitch: wantsAnother(visit),
          ...view
        }}
      />
    )
  }
}
