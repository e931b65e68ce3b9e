/**
 * Adding a second factor: who may, which one, and what follows. Owns the rule of THREATS M4, M5 and M22: an invitation opens enrolment while
 * the account has no factor at all; from then on it takes a fresh proof with one that stands.
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { Credential } from '../../src/factor/credential.ts'
import { isFresh } from '../../src/session/session.ts'
import { completed } from './known-browser.ts'
import { type Frame, Page } from './layout.tsx'
import { onward } from './onward.ts'
import type { PortalOptions } from './options.ts'
import { hasCodes, issueCodes } from './recovery.tsx'
import { along, type Trip } from './trip.ts'
import { eventOf, frameOf, goTo, openSignedVisit, type SignedVisit, sendPage, setSessionCookie } from './visit.ts'

export interface EnrolView {
  readonly trip: Trip
  readonly isFirst: boolean
}

export function EnrolPage({ frame, view }: { frame: Frame; view: EnrolView }) {
  const say = frame.say.enrol
  return (
    <Page frame={frame} title={view.isFirst ? say.firstTitle : say.title} drawing="key">
      <p>{say.lead}</p>
      <ul class="choice">
        <li>
          <h2>
            <a href={along('/.factorgate/enrol/webauthn', view.trip)}>{say.passkey}</a>
          </h2>
          <p>{say.passkeyWhy}</p>
          <p class="soft">{say.passkeyNeed}</p>
        </li>
        <li>
          <h2>
            <a href={along('/.factorgate/enrol/totp', view.trip)}>{say.totp}</a>
          </h2>
          <p>{say.totpWhy}</p>
          <p class="soft">{say.totpNeed}</p>
        </li>
      </ul>
    </Page>
  )
}

export function NameField({ frame, value }: { frame: Frame; value: string }) {
  const say = frame.say.enrol
  return (
    <div>
      <label for="name">{say.name}</label>
      <p class="soft" id="hint-name">
        {say.nameHint}
      </p>
      <input
        id="name"
        name="name"
        value={value}
        maxLength={64}
        autocomplete="off"
        aria-describedby="hint-name"
        required
      />
    </div>
  )
}

/** A name as people may give one: one line of 1 to 64 characters; null for anything else. */
export function cleanName(text: string): string | null {
  const name = text.normalize('NFC').replace(/\s+/g, ' ').trim()
  return name !== '' && [...name].length <= 64 && !/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/u.test(name) ? name : null
}

/** Null where this person may add a factor now. Otherwise the answer: to the challenge, or refused. */
export async function mayEnrol(visit: SignedVisit): Promise<FastifyReply | null> {
  const { principal, options, request } = visit
  if (isFresh(principal.proofs, visit.now)) return null
  const credentials = await options.services.credentials.list(principal.account.id)
  const isInvited = principal.proofs.some(proof => proof.kind === 'invitation')
  if (credentials.length === 0 && isInvited && !principal.isFullySignedIn) return null
  if (credentials.length === 0 || request.method !== 'GET') throw new GateError('enrolment_not_allowed')
  const rd = options.portalOrigin + request.exchange.target.raw
  return goTo(visit, along('/.factorgate/challenge', { rd, state: null }))
}

/** What follows an enrolment: the journal's line, the first factor as a proof, recovery codes if there are none, and the way on. */
export async function afterEnrolment(visit: SignedVisit, credential: Credential): Promise<string> {
  const { options, principal, trip } = visit
  const { audit, services } = options
  try {
    await audit.commit(
      eventOf(visit, 'enrol', { factor: credential.kind, credential: credential.id, outcome: 'enrolled' })
    )
  } catch (error) {
    await services.credentials.remove(principal.account.id, credential.id)
    throw error
  }
  let current = principal
  if (!principal.isFullySignedIn) {
    const entered = await services.sessions.prove(principal, {
      kind: credential.kind,
      at: visit.now,
      userVerified: false,
      credentialId: credential.id
    })
    if (entered === null) throw new GateError('sign_in_required')
    setSessionCookie(visit.reply, entered.token, visit.site.secure)
    current = entered.principal
    await completed(visit, current.account)
  }
  if (!(await hasCodes(visit))) {
    await issueCodes({ ...visit, principal: current })
    return along('/.factorgate/enrol/recovery', trip)
  }
  return trip.rd === null ? along('/.factorgate/account', trip, { done: 'added' }) : onward(visit, current)
}

export function registerEnrol(scope: FastifyInstance, options: PortalOptions): void {
  scope.get('/.factorgate/enrol', { config: { requires: 'first-factor' } }, async (request, reply) => {
    const visit = openSignedVisit(options, request, reply)
    const refusal = await mayEnrol(visit)
    if (refusal !== null) return refusal
    const view = { trip: visit.trip, isFirst: !visit.principal.isFullySignedIn }
    return sendPage(visit, 200, <EnrolPage frame={frameOf(visit)} view={view} />)
  })
}
