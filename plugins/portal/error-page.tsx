/**
 * The page of every refusal: what happened, whose task it is, what to do now, whom to ask, and a reference for the operators. It shows no
 * cause and no status number, and of the request only a link for a retry.
 */
import { describeError, type ErrorCode } from '../../src/errors.ts'
import { type ErrorContext, factsOf, reasonsOf, whyUnsent } from './error-context.ts'
import { Contact, type Frame, Page, Reasons, Said, toHtml } from './layout.tsx'
import { defaultTexts, type Messages, said } from './messages/messages.ts'
import type { Branding } from './options.ts'
import { Actions } from './refusal-actions.tsx'

/** `base` comes before its links. The page itself has the person to ask. */
export function errorFrame(look: Branding, say: Messages | undefined, base: string): Frame {
  return { look: { ...look, contact: null }, say: say ?? defaultTexts.in('en'), person: null, base, csrf: '' }
}

/** `pageHeaders` has its headers. */
export function renderError(code: ErrorCode, context: ErrorContext): string {
  const { person = null, address = null, back, standsAlone = false, portalOrigin, say } = context
  const returnTo = { rd: address, state: null }
  const frame = { ...errorFrame(context, say, portalOrigin), person, returnTo, back, standsAlone }
  return toHtml(<ErrorPage frame={frame} code={code} context={context} />)
}

/** A wrong address may be anybody's mistake, a silent institution is neither the gate's nor the app's, and a suspension or a lockdown is no fault at all. */
const withoutOwner: ReadonlySet<ErrorCode> = new Set([
  'no_such_app',
  'misdirected',
  'institution_unreachable',
  'account_suspended',
  'lockdown'
])

export function errorSentences(code: ErrorCode, context: ErrorContext, say: Messages) {
  const { unsent } = context
  const { title, what, now } = unsent
    ? unsentSentences(say, code, unsent.isForeign)
    : code === 'app_maintenance'
      ? maintenanceSentences(context, say)
      : (code === 'too_many_attempts' || code === 'budget_spent') && context.retryAfterSeconds === undefined
        ? { ...say.errors[code], now: say.errors[code].nowUnknown }
        : code === 'account_suspended' && context.words
          ? suspendedSentences(context, say)
          : say.errors[code]
  const facts = factsOf(context, say)
  return {
    title: capital(said(title, facts)),
    what: capital(said(what, facts)),
    now: capital(said(now, facts)),
    whose: withoutOwner.has(code) ? '' : say.error.whose[describeError(code).whose],
    reasons: code === 'account_suspended' ? reasonsOf(context, say) : []
  }
}

/** What happened, whose task it is, and what to do now. */
export function Told({ sentences, say }: { sentences: ReturnType<typeof errorSentences>; say: Messages }) {
  const { what, whose, reasons, now } = sentences
  return (
    <>
      <p>
        <Said text={what} /> {whose}
      </p>
      {reasons.length > 0 && (
        <>
          <Reasons lines={reasons} />
          <p>{say.errors.account_suspended.unchanged}</p>
        </>
      )}
      <p>
        <Said text={now} />
      </p>
    </>
  )
}

export function ErrorPage({ frame, code, context }: { frame: Frame; code: ErrorCode; context: ErrorContext }) {
  const say = frame.say.error
  const sentences = errorSentences(code, context, frame.say)
  return (
    <Page frame={frame} title={sentences.title} drawing="shut">
      <Told sentences={sentences} say={frame.say} />
      <Actions frame={frame} code={code} context={context} />
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

/** With one reason it stands in the sentence; several are a list below it. */
function suspendedSentences(context: ErrorContext, texts: Messages) {
  const say = texts.errors.account_suspended
  const hasSeveral = reasonsOf(context, texts).length > 0
  return { ...say, what: hasSeveral ? say.whatList : say.whatWhy, now: say.nowWhy }
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

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
