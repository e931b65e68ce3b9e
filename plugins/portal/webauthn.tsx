/**
 * Passkeys and security keys: the enrolment page, and the two ends of every ceremony as JSON. A ceremony is bound to the session, or to this
 * browser's nonce before there is one; src/factor/webauthn.ts checks the rest.
 */
import type { FastifyInstance } from 'fastify'
import { describeError, type ErrorCode, GateError } from '../../src/errors.ts'
import type { AuthenticatorType } from '../../src/factor/authenticator-names.ts'
import { stateOf } from '../cookies.ts'
import { answerScriptOnce, type Elsewhere } from './answer-once.ts'
import { systemName } from './device-name.ts'
import { cleanName, enterEnrolled, mayEnrol, NameField } from './enrol.tsx'
import { enter } from './enter.ts'
import { readJson, requireJson } from './forms.ts'
import { type Frame, Page } from './layout.tsx'
import type { Messages } from './messages/en.ts'
import type { PortalOptions } from './options.ts'
import {
  type AuthenticatedContext,
  callerOf,
  frameOf,
  type PageContext,
  sendPage,
  signedVisit
} from './page-context.ts'
import { PasskeyButton, type Purpose } from './passkey-button.tsx'
import { problemOf } from './refused-factor.ts'
import { formatDuration, withWait } from './relative-time.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

type Again = Elsewhere<{ redirect: string }>

export interface EnrolPasskeyView {
  readonly trip: ReturnTo
  readonly name: string
}

export function EnrolPasskeyPage({ frame, view }: { frame: Frame; view: EnrolPasskeyView }) {
  const say = frame.say.enrolPasskey
  return (
    <Page frame={frame} title={say.title} drawing="key">
      <p>{say.lead}</p>
      <form class="fields" data-passkey-form>
        <NameField frame={frame} value={view.name} />
        <PasskeyButton frame={frame} trip={view.trip} purpose="enrol" label={say.submit} nameField="name" />
      </form>
      <p class="notice unscripted">{say.noScript}</p>
      <p>
        <a href={withReturnTo('/.factorgate/enrol/totp', view.trip)}>{say.other}</a>
      </p>
    </Page>
  )
}

/** A name for what came: its model, `here` where it is this device itself by its own word, or the word for its sort. */
export function nameFrom(
  registration: object,
  here: string,
  { model, sort, say }: { model: string | null; sort: AuthenticatorType; say: Messages }
): string {
  if (model !== null) return model
  const { authenticatorAttachment } = registration as { authenticatorAttachment?: unknown }
  return authenticatorAttachment === 'platform' ? here : say.enrolPasskey.sort[sort]
}

export function registerWebauthn(scope: FastifyInstance, options: PortalOptions): void {
  const { signIn } = options
  const { webauthn } = options.services
  const json = { requires: 'anyone', takes: 'json', isData: true } as const

  scope.get('/.factorgate/enrol/webauthn', { config: { requires: 'first-factor' } }, async request => {
    const visit = signedVisit(request)
    const refusal = await mayEnrol(visit)
    if (refusal !== null) return refusal
    const view = { trip: visit.trip, name: suggestedName(visit) }
    return sendPage(visit, 200, <EnrolPasskeyPage frame={frameOf(visit)} view={view} />)
  })

  scope.post('/.factorgate/webauthn/options', { config: json }, async (request, reply) => {
    const visit = request.visit
    requireJson(visit)
    reply.header('cache-control', 'no-store')
    const purpose = await purposeOf(visit)
    if (purpose.kind === 'login') return webauthn.authenticationOptions({ accountId: null, binding: purpose.binding })
    const { account, session } = purpose.visit.principal
    if (purpose.kind === 'enrol') {
      const { id, name, displayName } = account
      return webauthn.registrationOptions({ id, name, displayName }, session.id)
    }
    return webauthn.authenticationOptions({ accountId: account.id, binding: session.id })
  })

  scope.post('/.factorgate/webauthn/verify', { config: json }, async (request, reply) => {
    const visit = request.visit
    const { csrf, ceremony, response, name } = readJson(visit)
    if (typeof ceremony !== 'string' || typeof response !== 'object' || response === null) {
      requireJson(visit)
      throw new GateError('bad_request')
    }
    reply.header('cache-control', 'no-store')
    return answerScriptOnce(visit, csrf, { ceremony, response, name }, async elsewhere => {
      requireJson(visit)
      const purpose = await purposeOf(visit, ceremony)
      if (purpose.kind === 'login') return login(visit, elsewhere, purpose.binding, ceremony, response)
      if (purpose.kind === 'enrol') return enrol(purpose.visit, elsewhere, ceremony, response, name)
      return challenge(purpose.visit, elsewhere, ceremony, response)
    })
  })

  async function login(visit: PageContext, elsewhere: Again, binding: string, ceremony: string, response: object) {
    const { say, reply } = visit
    const answer = await signIn.firstFactor.withPasskey(callerOf(visit), binding, ceremony, response, elsewhere)
    if (answer.kind === 'entered') return { redirect: enter(visit, answer) }
    if (answer.kind === 'repeated') return answer.answer
    if (answer.kind === 'throttled') return refuseThrottled(visit, answer.retryAfterSeconds)
    const { waitSeconds } = answer
    const message = withWait(reply, say.login.passkeyRefused, waitSeconds ?? null, say)
    return refuse(visit, 'wrong_credentials', message, waitSeconds, await webauthn.isUnknown(response))
  }

  async function challenge(visit: AuthenticatedContext, elsewhere: Again, ceremony: string, response: object) {
    const answer = await signIn.secondFactor.withPasskey(callerOf(visit), ceremony, response, elsewhere)
    if (answer.kind === 'entered' || answer.kind === 'denied') return { redirect: enter(visit, answer) }
    if (answer.kind === 'repeated') return answer.answer
    const { code, problem } = problemOf(visit, 'webauthn', answer, visit.say.challenge.wrongPasskey)
    return refuse(visit, code, problem.sentence, problem.waitSeconds ?? undefined)
  }

  async function enrol(
    visit: AuthenticatedContext,
    elsewhere: Again,
    ceremony: string,
    response: object,
    wish: unknown
  ) {
    const suggested = suggestedName(visit)
    const wished = typeof wish === 'string' ? cleanName(wish) : null
    // A name the person gave stands; the one we suggested gives way to what the authenticator says of itself.
    const isOurs = wished === null || wished === suggested
    const answer = await signIn.enrolment.withPasskey(
      callerOf(visit),
      {
        ceremony,
        response,
        name: isOurs ? (model, sort) => nameFrom(response, suggested, { model, sort, say: visit.say }) : wished
      },
      elsewhere
    )
    if (answer.kind === 'enrolled' || answer.kind === 'denied') return { redirect: enterEnrolled(visit, answer) }
    if (answer.kind === 'repeated') return answer.answer
    if (answer.kind === 'throttled') return refuseThrottled(visit, answer.retryAfterSeconds)
    const { waitSeconds } = answer.kind === 'refused' ? answer : {}
    const message = withWait(visit.reply, visit.say.passkey.failed, waitSeconds ?? null, visit.say)
    return refuse(visit, 'wrong_code', message, waitSeconds)
  }

  /** What the ceremony is for, with the checks that its page makes too: hiding a button protects nothing (THREATS M3). */
  async function purposeOf(
    visit: PageContext,
    ceremony?: string
  ): Promise<{ kind: 'login'; binding: string } | { kind: 'challenge' | 'enrol'; visit: AuthenticatedContext }> {
    const kind = (visit.request.query as { for?: unknown }).for as Purpose | undefined
    // Its hash: no store holds the value of a cookie. A POST without the cookie has been refused (forms.ts).
    if (kind === 'login') return { kind, binding: stateOf(visit.nonce ?? '') }
    if (kind !== 'challenge' && kind !== 'enrol') throw new GateError('bad_request')
    const signed = signedVisit(visit.request)
    if (kind === 'challenge') {
      if (!(await signIn.challenge.takes(callerOf(signed), 'webauthn'))) throw new GateError('other_factor_required')
    } else {
      const { account, session } = signed.principal
      const isBegun = ceremony !== undefined && (await webauthn.isEnrolling(account.id, session.id, ceremony))
      if ((await signIn.enrolment.mayFinish(signed.principal, signed.now, isBegun)) !== 'yes')
        throw new GateError('enrolment_not_allowed')
    }
    return { kind, visit: signed }
  }

  function suggestedName(visit: PageContext): string {
    const say = visit.say.enrolPasskey
    const system = systemName(visit.device.userAgent)
    return system === null ? say.suggestedPlain : say.suggested(system)
  }

  function refuseThrottled(visit: PageContext, seconds: number) {
    return refuse(visit, 'too_many_attempts', visit.say.login.throttled(formatDuration(seconds, visit.say)), seconds)
  }

  function refuse(
    visit: PageContext,
    code: ErrorCode,
    message: string,
    retryAfterSeconds?: number,
    /** For the browser, which then stops offering that passkey (WebAuthn L3 §5.1.10.1). */
    isUnknown = false
  ) {
    if (retryAfterSeconds !== undefined) visit.reply.header('retry-after', String(Math.ceil(retryAfterSeconds)))
    visit.reply.code(describeError(code).status).header('factorgate-error', code)
    return { error: { code, message, ...(isUnknown ? { isUnknown } : {}) } }
  }
}
