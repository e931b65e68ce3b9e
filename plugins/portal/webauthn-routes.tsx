/**
 * Passkeys and security keys: the enrolment page, and the beginning and end of every ceremony as JSON. A ceremony is bound to the session,
 * or before one to the browser's nonce. src/factor/webauthn.ts checks the rest.
 */
import type { FastifyInstance } from 'fastify'
import { describeError, type ErrorCode, GateError } from '../../src/errors.ts'
import type { AuthenticatorType } from '../../src/factor/authenticator-names.ts'
import type { Misfit } from '../../src/factor/webauthn-policy.ts'
import { inLines } from '../../src/reasons/in-words.ts'
import { causesOf, type Words } from '../../src/reasons/reason.ts'
import { stateOf } from '../cookies.ts'
import { answerScriptOnce, type Elsewhere } from './answer-once.ts'
import { systemName } from './device-name.ts'
import { cleanName, enterEnrolled, mayEnrol, NameField } from './enrol.tsx'
import { enter } from './enter.ts'
import { readJson, requireJson } from './forms.ts'
import { type Frame, Page, plain } from './layout.tsx'
import type { Messages } from './messages/messages.ts'
import { type AuthenticatedContext, callerOf, frameOf, type PageContext, sendPage, signedPage } from './page-context.ts'
import { PasskeyButton, type Purpose } from './passkey-button.tsx'
import { problemOf } from './refused-factor.ts'
import { formatDuration, withWait } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

type Again = Elsewhere<{ redirect: string }>

interface EnrolPasskeyView {
  readonly returnTo: ReturnTo
  readonly name: string
}

export function EnrolPasskeyPage({ frame, view }: { frame: Frame; view: EnrolPasskeyView }) {
  const say = frame.say.enrolPasskey
  return (
    <Page frame={frame} title={say.title} drawing="key">
      <p>{say.lead}</p>
      <form class="fields" data-passkey-form="">
        <NameField frame={frame} value={view.name} />
        <PasskeyButton frame={frame} returnTo={view.returnTo} purpose="enrol" label={say.submit} nameField="name" />
      </form>
      <p class="notice unscripted">{say.noScript}</p>
      <p>
        <a href={withReturnTo('/.factorgate/enrol/totp', view.returnTo)}>{say.other}</a>
      </p>
    </Page>
  )
}

/** Its model, `here` for this device, or the word for its type. */
export function nameFrom(
  registration: object,
  here: string,
  { model, sort, say }: { model: string | null; sort: AuthenticatorType; say: Messages }
): string {
  if (model !== null) return model
  const { authenticatorAttachment } = registration as { authenticatorAttachment?: unknown }
  return authenticatorAttachment === 'platform' ? here : say.enrolPasskey.sort[sort]
}

function unfitSentence({ why, model }: { why: Misfit; model: string | null }, { enrolPasskey }: Messages): string {
  const { unfit } = enrolPasskey
  if (why === 'denied_model') return model === null ? unfit.denied_unnamed : unfit.denied_model({ model })
  if (why === 'unlisted_model') return model === null ? unfit.unlisted_unnamed : unfit.unlisted_model({ model })
  return unfit[why]
}

export function registerWebauthn(scope: FastifyInstance): void {
  const { webauthn } = scope.portal.services
  const json = { requires: 'anyone', takes: 'json', isData: true } as const

  scope.get('/.factorgate/enrol/webauthn', { config: { requires: 'first-factor' } }, async request => {
    const page = signedPage(request)
    const refusal = await mayEnrol(page)
    if (refusal !== null) return refusal
    const view = { returnTo: page.returnTo, name: suggestedName(page) }
    return sendPage(page, 200, <EnrolPasskeyPage frame={frameOf(page)} view={view} />)
  })

  scope.post('/.factorgate/webauthn/options', { config: json }, async (request, reply) => {
    const page = request.page
    requireJson(page)
    reply.header('cache-control', 'no-store')
    const purpose = await purposeOf(page)
    if (purpose.kind === 'login') return webauthn.authenticationOptions({ accountId: null, binding: purpose.binding })
    const { account, session } = purpose.page.principal
    if (purpose.kind === 'enrol') {
      const { id, name, displayName } = account
      return webauthn.registrationOptions({ id, name, displayName }, session.id)
    }
    return webauthn.authenticationOptions({ accountId: account.id, binding: session.id })
  })

  scope.post('/.factorgate/webauthn/verify', { config: json }, async (request, reply) => {
    const page = request.page
    const { csrf, ceremony, response, name } = readJson(page)
    if (typeof ceremony !== 'string' || typeof response !== 'object' || response === null) {
      requireJson(page)
      throw new GateError('bad_request')
    }
    reply.header('cache-control', 'no-store')
    return answerScriptOnce(page, csrf, { ceremony, response, name }, async elsewhere => {
      requireJson(page)
      const purpose = await purposeOf(page, ceremony)
      if (purpose.kind === 'login') return login(page, elsewhere, purpose.binding, ceremony, response)
      if (purpose.kind === 'enrol') return enrol(purpose.page, elsewhere, ceremony, response, name)
      return challenge(purpose.page, elsewhere, ceremony, response)
    })
  })
}

async function login(page: PageContext, elsewhere: Again, binding: string, ceremony: string, response: object) {
  const { say, reply } = page
  const answer = await page.portal.signIn.firstFactor.withPasskey(
    callerOf(page),
    binding,
    ceremony,
    response,
    elsewhere
  )
  if (answer.kind === 'denied' && answer.words !== undefined)
    return refuse(page, answer.code, suspendedText(answer.words, say))
  if (answer.kind === 'entered' || answer.kind === 'denied') return { redirect: enter(page, answer) }
  if (answer.kind === 'repeated') return answer.answer
  if (answer.kind === 'throttled') return refuseThrottled(page, answer.retryAfterSeconds)
  if (answer.kind === 'unfit') {
    const sentence = say.login.passkeyUnfit({ why: say.factor.misfit[answer.why] })
    return refuse(page, 'authenticator_not_allowed', sentence)
  }
  const { waitSeconds } = answer
  const message = withWait(reply, say.login.passkeyRefused, waitSeconds ?? null, say)
  return refuse(
    page,
    'wrong_credentials',
    message,
    waitSeconds,
    await page.portal.services.webauthn.isUnknown(response)
  )
}

async function challenge(page: AuthenticatedContext, elsewhere: Again, ceremony: string, response: object) {
  const answer = await page.portal.signIn.secondFactor.withPasskey(callerOf(page), ceremony, response, elsewhere)
  if (answer.kind === 'entered' || answer.kind === 'denied') return { redirect: enter(page, answer) }
  if (answer.kind === 'repeated') return answer.answer
  const { code, problem } = problemOf(page, 'webauthn', answer)
  return refuse(page, code, problem.sentence, problem.waitSeconds ?? undefined)
}

async function enrol(page: AuthenticatedContext, elsewhere: Again, ceremony: string, response: object, wish: unknown) {
  const suggested = suggestedName(page)
  const wished = typeof wish === 'string' ? cleanName(wish) : null
  // A typed name stays. The proposed one is replaced by the authenticator's own.
  const isOurs = wished === null || wished === suggested
  const answer = await page.portal.signIn.enrolment.withPasskey(
    callerOf(page),
    {
      ceremony,
      response,
      name: isOurs ? (model, sort) => nameFrom(response, suggested, { model, sort, say: page.say }) : wished
    },
    elsewhere
  )
  if (answer.kind === 'enrolled' || answer.kind === 'denied') return { redirect: enterEnrolled(page, answer) }
  if (answer.kind === 'repeated') return answer.answer
  if (answer.kind === 'throttled') return refuseThrottled(page, answer.retryAfterSeconds)
  // The browser has already made the passkey and should forget it.
  if (answer.kind === 'unfit')
    return refuse(page, 'authenticator_not_allowed', unfitSentence(answer, page.say), undefined, true)
  const { waitSeconds } = answer.kind === 'refused' ? answer : {}
  const message = withWait(page.reply, page.say.passkey.failed, waitSeconds ?? null, page.say)
  return refuse(page, 'wrong_code', message, waitSeconds)
}

/** Repeats the checks of the page: a hidden button protects nothing (THREATS M3). */
async function purposeOf(
  page: PageContext,
  ceremony?: string
): Promise<{ kind: 'login'; binding: string } | { kind: 'challenge' | 'enrol'; page: AuthenticatedContext }> {
  const kind = (page.request.query as { for?: unknown }).for as Purpose | undefined
  // The hash, since no store holds a cookie's value. forms.ts has refused a POST without the cookie.
  if (kind === 'login') return { kind, binding: stateOf(page.nonce ?? '') }
  if (kind !== 'challenge' && kind !== 'enrol') throw new GateError('bad_request')
  const signed = signedPage(page.request)
  if (kind === 'challenge') {
    if (!(await page.portal.signIn.challenge.takes(callerOf(signed), 'webauthn')))
      throw new GateError('other_factor_required')
  } else {
    const { account, session } = signed.principal
    const isBegun =
      ceremony !== undefined && (await page.portal.services.webauthn.isEnrolling(account.id, session.id, ceremony))
    if ((await page.portal.signIn.enrolment.mayFinish(callerOf(signed), isBegun)) !== 'yes')
      throw new GateError('enrolment_not_allowed')
  }
  return { kind, page: signed }
}

function suggestedName(page: PageContext): string {
  const say = page.say.enrolPasskey
  const system = systemName(page.device.userAgent)
  return system === null ? say.suggestedPlain : plain(say.suggested({ device: system }))
}

function refuseThrottled(page: PageContext, seconds: number) {
  return refuse(
    page,
    'too_many_attempts',
    page.say.login.throttled({ wait: formatDuration(seconds, page.say) }),
    seconds
  )
}

function refuse(
  page: PageContext,
  code: ErrorCode,
  message: string,
  retryAfterSeconds?: number,
  /** For the browser, which then stops offering that passkey (WebAuthn L3 §5.1.10.1). */
  isUnknown = false
) {
  if (retryAfterSeconds !== undefined) page.reply.header('retry-after', String(Math.ceil(retryAfterSeconds)))
  page.reply.code(describeError(code).status).header('factorgate-error', code)
  return { error: { code, message, ...(isUnknown ? { isUnknown } : {}) } }
}

/** A text with each reason on its own line. */
function suspendedText(words: readonly Words[], { login, errors, language }: Messages): string {
  const lines = inLines(causesOf(words), language)
  if (lines.length < 2) return login.suspendedWhy({ why: lines.join('') })
  return [login.suspendedList, ...lines.map(line => `• ${line}`), errors.account_suspended.nowWhy].join('\n')
}
