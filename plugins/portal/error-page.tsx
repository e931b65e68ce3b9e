/**
 * The page of every refusal: what happened, whose task it is, what to do now, whom to ask, and a reference for the operators. It shows no
 * cause and no status number, and of the request only a link for a retry.
 */
import type { Maintenance } from '../../src/apps/route-table.ts'
import { describeError, type ErrorCode } from '../../src/errors.ts'
import { Contact, type Frame, Page, Said, toHtml } from './layout.tsx'
import { defaultTexts, type Messages, said } from './messages/messages.ts'
import type { Branding } from './options.ts'
import { formatDuration, zonedTime } from './relative-time.ts'
import { withReturnTo } from './return-to.ts'

/** The facts in an error's sentences. */
export interface ErrorFacts {
  /** Title of the app, or "the app". */
  readonly app: string
  /** "25 seconds"; empty if unknown. */
  readonly wait: string
  /** The planned end of the maintenance; empty if unknown. */
  readonly until: string
}

export interface ErrorContext extends Branding {
  /** `exchange.id`, as in the journal. */
  readonly reference: string
  /** `https://gate.lab.example` */
  readonly portalOrigin: string
  readonly appTitle?: string | null | undefined
  readonly retryAfterSeconds?: number | undefined
  readonly maintenance?: Maintenance | null | undefined
  readonly now?: number
  /** Path and query; null if a repetition might act twice. */
  readonly again?: string | null | undefined
  /** A stopped form for an app: the link with which the person can still send it. */
  readonly unsent?: { readonly href: string; readonly isForeign: boolean } | null | undefined
  readonly address?: string | null | undefined
  readonly query?: string | undefined
  /** Who is signed in. */
  readonly person?: Frame['person'] | undefined
  /** See `Frame.back`. */
  readonly back?: string | undefined
  /** English by default. */
  readonly say?: Messages | undefined
}

/** `base` comes before its links. The person to ask is in the page itself. */
export function errorFrame(look: Branding, say: Messages | undefined, base: string): Frame {
  return { look: { ...look, contact: null }, say: say ?? defaultTexts.in('en'), person: null, base, csrf: '' }
}

/** As HTML. `pageHeaders` has its headers. */
export function renderError(code: ErrorCode, context: ErrorContext): string {
  const { person = null, address = null, back, portalOrigin, say } = context
  const returnTo = { rd: address, state: null }
  const frame = { ...errorFrame(context, say, portalOrigin), person, returnTo, back }
  return toHtml(<ErrorPage frame={frame} code={code} context={context} />)
}

const home: ReadonlySet<ErrorCode> = new Set([
  'not_found',
  'no_such_app',
  'misdirected',
  'not_allowed',
  'ambiguous_target',
  'invitation_invalid'
])
/** A wrong address may be anybody's mistake, and an institution that does not answer is neither the gate's nor the app's. */
const withoutOwner: ReadonlySet<ErrorCode> = new Set(['no_such_app', 'misdirected', 'institution_unreachable'])
const notRepeated: ReadonlySet<ErrorCode> = new Set(['account_suspended', ...home])

/** Headline, event, responsible person, next action. */
export function errorSentences(code: ErrorCode, context: ErrorContext, say: Messages) {
  const { unsent } = context
  const { title, what, now } = unsent
    ? unsentSentences(say, code, unsent.isForeign)
    : code === 'app_maintenance'
      ? maintenanceSentences(context, say)
      : (code === 'too_many_attempts' || code === 'budget_spent') && context.retryAfterSeconds === undefined
        ? { ...say.errors[code], now: say.errors[code].nowUnknown }
        : say.errors[code]
  const facts = factsOf(context, say)
  return {
    title: capital(said(title, facts)),
    what: capital(said(what, facts)),
    now: capital(said(now, facts)),
    whose: withoutOwner.has(code) ? '' : say.error.whose[describeError(code).whose]
  }
}

export function ErrorPage({ frame, code, context }: { frame: Frame; code: ErrorCode; context: ErrorContext }) {
  const say = frame.say.error
  const { unsent } = context
  const facts = factsOf(context, frame.say)
  const { title, what, now, whose } = errorSentences(code, context, frame.say)
  const again = notRepeated.has(code) || unsent ? null : (context.again ?? null)
  const other = otherPerson(code, context)
  return (
    <Page frame={frame} title={title} drawing="shut">
      <p>
        <Said text={what} /> {whose}
      </p>
      <p>
        <Said text={now} />
      </p>
      {unsent && (
        <a class="button" href={unsent.href} {...(unsent.isForeign ? {} : { target: '_blank', rel: 'noopener' })}>
          <Said text={said(say.unsentAction[whyUnsent(code, unsent.isForeign)], facts)} />
        </a>
      )}
      {again !== null && (
        <a class="button second" href={again} data-on>
          {describeError(code).status !== 401
            ? say.again
            : say.onward[code === 'sign_in_required' ? 'signIn' : 'confirm']}
        </a>
      )}
      {other !== null && (
        <a class="button second" href={frame.base + other}>
          {frame.say.challenge.somebodyElse}
        </a>
      )}
      {home.has(code) && (
        <a class="button second" href={`${frame.base}/.factorgate/`}>
          {say.home}
        </a>
      )}
      <WhomToAsk say={say} context={context} />
      <p class="soft">{say.referenceHint}</p>
    </Page>
  )
}

export function WhomToAsk({ say, context }: { say: Messages['error']; context: ErrorContext }) {
  return (
    <dl>
      {context.contact !== null && (
        <>
          <dt>{say.ask}</dt>
          <dd>
            <bdi>
              <Contact text={context.contact} />
            </bdi>
          </dd>
        </>
      )}
      <dt>{say.reference}</dt>
      <dd>
        <bdi>{context.reference}</bdi>
      </dd>
    </dl>
  )
}

/** Why a form did not reach its app; its page has a sentence and a button for each. */
export function whyUnsent(code: ErrorCode, isForeign: boolean): 'foreign' | 'signIn' | 'confirm' {
  if (isForeign) return 'foreign'
  return code === 'sign_in_required' ? 'signIn' : 'confirm'
}

function unsentSentences({ unsent }: Messages, code: ErrorCode, isForeign: boolean) {
  const { title, what, now } = unsent
  const why = whyUnsent(code, isForeign)
  return { title, what: what[why], now: now[why] }
}

/** Maintenance without an end, with a coming or past one, and with the operators' own text. */
function maintenanceSentences({ maintenance, now = 0 }: ErrorContext, { errors }: Messages) {
  const say = errors.app_maintenance
  const until = maintenance?.until ?? null
  const message = maintenance?.message ?? null
  const isOverdue = until?.at != null && until.at <= now
  if (until === null) return { ...say, what: message ?? say.what }
  if (message !== null) return { ...say, what: message, now: isOverdue ? say.nowLate : say.nowPlanned }
  return isOverdue
    ? { ...say, what: say.whatOverdue, now: say.nowOverdue }
    : { ...say, what: say.whatUntil, now: say.nowUntil }
}

/** The sign-in page with the same return address, for another account. */
function otherPerson(code: ErrorCode, { address, query }: ErrorContext): string | null {
  if (code === 'not_allowed' && address)
    return withReturnTo('/.factorgate/login', { rd: address, state: null }, { switch: '1' })
  return code === 'account_suspended' ? `/.factorgate/login${query ?? ''}` : null
}

export function factsOf(context: ErrorContext, say: Messages): ErrorFacts {
  const { retryAfterSeconds, maintenance } = context
  const until = maintenance?.until ?? null
  return {
    app: context.appTitle ?? say.error.app,
    wait: retryAfterSeconds === undefined ? '' : formatDuration(retryAfterSeconds, say),
    until: until === null ? '' : until.at === null ? until.text : zonedTime(until, say)
  }
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
