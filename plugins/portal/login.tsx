/**
 * The sign-in page: a passkey first, with name and password beside it. All refusals look the same (THREATS M15). It also tells why an
 * earlier sign-in ended.
 */
import type { FastifyInstance } from 'fastify'
import { GateError } from '../../src/errors.ts'
import { wordsOf } from '../../src/identity/suspension.ts'
import type { Ended } from '../../src/session/records.ts'
import type { FirstFactor } from '../../src/sign-in/first-factor.ts'
import { cookieNames, expiredCookie, readOwn } from '../cookies.ts'
import { withHead } from '../with-head.ts'
import { CurrentPassword } from './current-password.tsx'
import { askForProof, hasKey } from './device-proof.ts'
import { type EndedWords, endedWords } from './ended-sentence.ts'
import { enter, urlOf, wayOn } from './enter.ts'
import { forgottenPath } from './forgotten.tsx'
import { lostCookie, readForm, staleForm } from './forms.ts'
import { type Frame, Notice, Page, Reasons, Said, Token } from './layout.tsx'
import type { LoginEntry } from './options.ts'
import {
  type AuthenticatedContext,
  callerOf,
  frameOf,
  goTo,
  isSigned,
  type PageContext,
  sendPage
} from './page-context.ts'
import { PasskeyButton } from './passkey-button.tsx'
import { formatDuration, withWait } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'
import { UsernameField } from './username-field.tsx'

export interface LoginView {
  readonly returnTo: ReturnTo
  readonly app: string | null
  readonly username: string
  readonly ended: Ended | null
  readonly logins: readonly Pick<LoginEntry, 'id' | 'title'>[]
  readonly problem: string | null
  readonly waitSeconds: number | null
  readonly takesPassword: boolean
  /** People can ask for a new password by mail. */
  readonly takesForgotten?: boolean
  /** A person is signed in and another one wants to be. */
  readonly isSwitch?: boolean
}

const path = '/.factorgate/login'

export function LoginPage({ frame, view }: { frame: Frame; view: LoginView }) {
  const say = frame.say.login
  const { returnTo, problem, takesPassword } = view
  return (
    <Page
      frame={frame}
      title={say.title}
      subtitle={view.app === null ? undefined : say.to({ app: view.app })}
      drawing="ajar"
    >
      {view.ended !== null && <EndedNotice ended={endedWords(view.ended, frame.say)} />}
      <PasskeyButton frame={frame} returnTo={returnTo} purpose="login" label={say.passkey} autofill />
      {view.logins.map(({ id, title }) => (
        <a key={id} class="button second" href={withReturnTo(`${path}/${id}`, returnTo, switchQuery(view))}>
          <Said text={say.with({ place: title })} />
        </a>
      ))}
      {takesPassword && <PasswordForm frame={frame} view={view} />}
      {!takesPassword && problem !== null && <Notice alert>{problem}</Notice>}
      {takesPassword && view.takesForgotten && (
        <p>
          <a href={withReturnTo(forgottenPath, returnTo)}>{frame.say.forgotten.link}</a>
        </p>
      )}
      <p class="soft unscripted">{frame.say.frame.noScript}</p>
      <p class="soft">{takesPassword ? say.help : say.helpElsewhere}</p>
    </Page>
  )
}

function EndedNotice({ ended: { sentence, reasons } }: { ended: EndedWords }) {
  if (reasons.length === 0) return <Notice>{sentence}</Notice>
  return (
    <div class="notice" role="status">
      <p>
        <Said text={sentence} />
      </p>
      <Reasons lines={reasons} />
    </div>
  )
}

const switchQuery = ({ isSwitch }: LoginView): Record<string, string> => (isSwitch ? { switch: '1' } : {})

function PasswordForm({ frame, view }: { frame: Frame; view: LoginView }) {
  const say = frame.say.login
  const { returnTo, problem } = view
  return (
    <>
      <p class="or scripted" data-passkey-only="">
        {say.or}
      </p>
      <form class="fields" method="post" action={withReturnTo(path, returnTo, switchQuery(view))}>
        <Token frame={frame} />
        {problem !== null && (
          <Notice id="problem" alert waitSeconds={view.waitSeconds} ready={say.ready}>
            {problem}
          </Notice>
        )}
        <UsernameField
          label={say.username}
          value={view.username}
          offersPasskey
          autofocus={problem === null && view.username === ''}
        />
        <CurrentPassword
          say={frame.say}
          label={say.password}
          isWrong={problem !== null}
          isFirst={view.username !== ''}
        />
        <button type="submit" class="second">
          {say.submit}
        </button>
      </form>
    </>
  )
}

type NotEntered = Exclude<Awaited<ReturnType<FirstFactor['withPassword']>>, { kind: 'entered' | 'denied' }>

export function registerLogin(scope: FastifyInstance): void {
  scope.get(path, { config: { requires: 'anyone' }, ...withHead }, async request => {
    const page = request.page
    if (isSigned(page) && !wantsAnother(page)) return goOn(page)
    const ended = await lastEnd(page)
    const only = onlyWay(page)
    if (ended === null && only !== null) return goTo(page, only)
    return showLogin(page, 200, { ended })
  })

  scope.post(path, { config: { requires: 'anyone' } }, async request => {
    const page = request.page
    const say = page.say.login
    const username = staleForm(page).field('username')
    const lost = lostCookie(page)
    const form = lost === null ? readForm(page) : null
    if (lost !== null || form === null || form === 'expired') {
      // Another tab has signed in: an expired form leads where its page would lead now (FIELD F3).
      if (isSigned(page) && !wantsAnother(page)) return goTo(page, await wayOn(page))
      const problem = lost === null ? say.formExpired : say.cookieLost
      return showLogin(lost ?? page, 403, { username, problem })
    }
    const answer = await page.portal.signIn.firstFactor.withPassword(callerOf(page), username, form.field('password'))
    if (answer.kind === 'entered' || answer.kind === 'denied') return goTo(page, enter(page, answer))
    return refuse(page, username, answer)
  })
}

function refuse(page: PageContext, username: string, answer: NotEntered) {
  const { say, reply, portal } = page
  switch (answer.kind) {
    case 'throttled': {
      const waitSeconds = Math.ceil(answer.retryAfterSeconds)
      reply.header('retry-after', String(waitSeconds)).header('factorgate-error', 'too_many_attempts')
      const problem = say.login.throttled({ wait: formatDuration(answer.retryAfterSeconds, say) })
      return showLogin(page, 429, { username, problem, waitSeconds })
    }
    case 'busy':
      reply.header('retry-after', '2').header('factorgate-error', 'busy')
      return showLogin(page, 503, { username, problem: say.login.busy })
    case 'unreachable':
      reply.header('retry-after', '10').header('factorgate-error', 'institution_unreachable')
      return showLogin(page, 503, { username, problem: say.login.unreachable })
    case 'refused': {
      reply.header('factorgate-error', 'wrong_credentials')
      const { waitSeconds = null, why } = answer
      // Some directories (OpenLDAP) answer a locked account like a wrong password. Everybody reads the same, so that nobody learns whose is
      // locked.
      const mayBeLocked = portal.directories.passwords.some(({ source }) => source != null)
      const wrong = mayBeLocked ? say.login.wrongOrLocked : say.login.wrong
      const problem = withWait(reply, why === undefined ? wrong : say.login.held[why], waitSeconds, say)
      return showLogin(page, 401, { username, problem, waitSeconds })
    }
  }
}

/** A sign-in whose device key is not shown is worth nothing here: the next one replaces it. */
async function goOn(page: AuthenticatedContext) {
  const next = await page.portal.signIn.nextStep.of(callerOf(page), page.principal)
  if (next.kind !== 'device-proof') return goTo(page, urlOf(next, page.returnTo))
  if (!hasKey(page)) return goTo(page, withReturnTo(path, page.returnTo, { switch: '1' }))
  const asked = askForProof(page, path)
  if (asked !== null) return asked
  const only = onlyWay(page)
  return only === null ? showLogin({ ...page, principal: null }, 200, {}) : goTo(page, only)
}

/** Where people on their way to an app go at once, if they have no choice. */
function onlyWay(page: PageContext): string | null {
  const { passwords, institutions } = page.portal.directories
  if (passwords.length > 0 || institutions.length !== 1 || page.returnTo.rd === null || wantsAnother(page)) return null
  return withReturnTo(`${path}/${institutions[0]!.source.id}`, page.returnTo)
}

function wantsAnother({ request }: PageContext): boolean {
  return (request.query as { switch?: unknown }).switch !== undefined
}

/** Throws for a suspended person. */
async function lastEnd(page: PageContext): Promise<Ended | null> {
  const ended = await whyEnded(page)
  if (ended?.why !== 'suspended') return ended
  if (ended.accountId === null) throw new GateError('account_suspended')
  const suspended = (await page.portal.services.accounts.byId(ended.accountId))?.suspended ?? null
  if (suspended !== null) throw new GateError('account_suspended', { words: wordsOf(suspended) })
  return null
}

/** Null if unknown. The cookie is removed, so that the page tells it once; the answer to HEAD shows nobody anything. */
async function whyEnded(page: PageContext): Promise<Ended | null> {
  const { site, reply, request, portal } = page
  const token = readOwn(request.raw.headers.cookie, 'session', site)
  // The next sign-in of the same person in this browser ends one that is bound to a device.
  if (token === null || page.principal !== null || request.exchange.stale !== null) return null
  const ended = await portal.services.sessions.whyEnded(token)
  if (request.raw.method === 'HEAD') return ended
  // A cookie without the port in its name may be another gate's. It is removed only if the store remembers its session.
  const bare = { secure: site.secure, port: '' }
  for (const one of ended === null || site.port === '' ? [site] : [site, bare])
    reply.header('set-cookie', expiredCookie(cookieNames(one).session, one))
  return ended
}

function showLogin(page: PageContext, status: number, view: Partial<LoginView>) {
  const { portal } = page
  const { nextStep, passwordReset } = portal.signIn
  return sendPage(
    page,
    status,
    <LoginPage
      frame={{ ...frameOf(page), person: null }}
      view={{
        returnTo: page.returnTo,
        app: nextStep.requirement(callerOf(page), null)?.app.title ?? null,
        username: '',
        ended: null,
        logins: portal.logins ?? [],
        problem: null,
        waitSeconds: null,
        isSwitch: wantsAnother(page),
        takesPassword: portal.directories.passwords.length > 0,
        takesForgotten: passwordReset.isOffered,
        ...view
      }}
    />
  )
}
