/** What a person can do on the page of a refusal: one real action, and others below it. */
import { describeError, type ErrorCode } from '../../src/errors.ts'
import { asksForLogin, type ErrorContext, factsOf, whyUnsent } from './error-context.ts'
import { type Frame, mailAddressOf, plain, Said } from './layout.tsx'
import { said } from './messages/messages.ts'
import { withReturnTo } from './return-to.ts'

/** `access`, `mail`: a mail to whom the configuration names. `other`: another account. */
type Way = 'again' | 'access' | 'mail' | 'other' | 'signIn' | 'account' | 'home'

interface Action {
  readonly href: string
  readonly label: string
  readonly newTab?: boolean
  /** Takes the fragment of the address along. */
  readonly takesHash?: boolean
}

/** The best first. For other codes, the person can only try again. */
const ways: { readonly [Code in ErrorCode]?: readonly Way[] } = {
  not_allowed: ['access', 'other', 'home'],
  lockdown: ['again', 'home'],
  account_suspended: ['mail', 'other'],
  enrolment_not_allowed: ['account'],
  kept_gone: ['home'],
  invitation_invalid: ['signIn', 'mail'],
  institution_refused: ['signIn'],
  institution_first: ['signIn'],
  institution_login_expired: ['signIn'],
  institution_gone: ['other'],
  institution_answer_invalid: ['signIn', 'mail'],
  institution_name_invalid: ['mail', 'signIn'],
  institution_name_taken: ['mail', 'signIn'],
  ambiguous_target: ['home'],
  not_found: ['home'],
  no_such_app: ['home'],
  misdirected: ['home']
}

interface ActionsProps {
  frame: Frame
  code: ErrorCode
  context: ErrorContext
}

export function Actions({ frame, code, context }: ActionsProps) {
  const actions = actionsOf(frame, code, context)
  return (
    <>
      {actions.map(({ href, label, newTab, takesHash }, at) => (
        <a
          key={href}
          class={at === 0 ? 'button' : 'button second'}
          href={href}
          data-on={takesHash}
          {...(newTab ? { target: '_blank', rel: 'noopener' } : {})}
        >
          <Said text={label} />
        </a>
      ))}
      <Look frame={frame} code={code} context={context} />
    </>
  )
}

function actionsOf(frame: Frame, code: ErrorCode, context: ErrorContext): readonly Action[] {
  const { unsent } = context
  if (unsent) {
    const label = said(frame.say.error.unsentAction[whyUnsent(code, unsent.isForeign)], factsOf(context, frame.say))
    return [{ href: unsent.href, label, newTab: !unsent.isForeign }]
  }
  const found = (ways[code] ?? ['again']).flatMap(way => actionFor(way, frame, code, context) ?? [])
  return found.length > 0 ? found : [actionFor('home', frame, code, context)!]
}

function actionFor(way: Way, frame: Frame, code: ErrorCode, context: ErrorContext): Action | null {
  const { base, say } = frame
  const { again = null, address = null, query = '', signIn = `${base}/.factorgate/login${query}` } = context
  switch (way) {
    case 'again': {
      const isOnward = (describeError(code).status === 401 && code !== 'device_required') || asksForLogin(code)
      const isSignIn = code === 'sign_in_required' || code === 'device_proof_required'
      const label = say.error.onward[asksForLogin(code) ? 'login' : isSignIn ? 'signIn' : 'confirm']
      return again === null ? null : { href: again, label: isOnward ? label : say.error.again, takesHash: true }
    }
    case 'access':
    case 'mail': {
      const href = mailHref(way, frame, code, context)
      return href === null ? null : { href, label: way === 'access' ? say.error.askAccess : say.error.askMail }
    }
    case 'other': {
      const label = say.challenge.somebodyElse
      if (code !== 'not_allowed') return { href: signIn, label }
      const to = withReturnTo('/.factorgate/login', { rd: address, state: null }, { switch: '1' })
      return { href: base + to, label }
    }
    case 'signIn':
      return { href: signIn, label: say.error.onward.signIn }
    case 'account':
      return { href: `${base}/.factorgate/account`, label: say.notMe.account }
    case 'home':
      return { href: `${base}/.factorgate/`, label: say.error.home }
  }
}

const maxAddressLength = 1000

/** RFC 6068. Null if the contact is no mail address. */
function mailHref(way: 'access' | 'mail', { say, person }: Frame, code: ErrorCode, context: ErrorContext) {
  const to = mailAddressOf(context.contact)
  if (to === null) return null
  const facts = factsOf(context, say)
  const subject = way === 'access' ? say.error.mailSubject(facts) : said(say.errors[code].title, facts)
  const lines = [
    ...(way === 'access' ? [say.error.mailBody(facts), ''] : []),
    context.address?.slice(0, maxAddressLength),
    person === null ? undefined : say.challenge.asWhom({ name: person.displayName }),
    `${say.error.reference}: ${context.reference}`
  ]
  const body = lines.filter(line => line !== undefined).join('\r\n')
  return `mailto:${to}?subject=${encodeURIComponent(plain(subject))}&body=${encodeURIComponent(plain(body))}`
}

const comeBack: ReadonlySet<ErrorCode> = new Set([
  'app_unreachable',
  'app_reply_invalid',
  'app_timeout',
  'app_busy',
  'app_maintenance'
])

/**
 * The page's script looks whether the app answers, and loads the page again. It never repeats a request that may act twice, or that took
 * too long: then it asks for the app's front page, and says that the app is back.
 */
function Look({ frame, code, context }: ActionsProps) {
  const { again = null, front = null, back, unsent } = context
  if (!comeBack.has(code) || front === null || unsent) return null
  const { error: say } = frame.say
  const facts = factsOf(context, frame.say)
  const isRepeated = again !== null && back === undefined && code !== 'app_timeout'
  return (
    <p
      class="soft scripted"
      role="status"
      data-look={isRepeated ? again : front}
      data-ready={isRepeated ? undefined : plain(say.answers(facts))}
    >
      <Said text={isRepeated ? say.looking(facts) : say.lookingLate(facts)} />
    </p>
  )
}
