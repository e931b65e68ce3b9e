/**
 * Adding a second factor: who may, which one, and what follows. Owns the rule of THREATS M4, M5 and M22: an invitation opens enrolment while
 * it stands and the account has no factor that works; from then on it takes a fresh proof with one that stands.
 */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { GateError } from '../../src/errors.ts'
import type { Credential } from '../../src/factor/credential.ts'
import { invitationOf, isFresh } from '../../src/factor/proof.ts'
import { evenUnconfirmed } from '../../src/store/unconfirmed.ts'
import { completed } from './device-cookie.ts'
import { setFlash } from './flash.ts'
import { type Frame, Notice, Page } from './layout.tsx'
import { factorsOf, isInvited, isSwitchedOff, nextStep } from './next-step.ts'
import type { PortalOptions } from './options.ts'
import {
  type AuthenticatedContext,
  eventOf,
  frameOf,
  goTo,
  openAuthenticatedContext,
  sendPage,
  setSessionCookie
} from './page-context.ts'
import { hasCodes, hasWaitingCodes, issueCodes } from './recovery.tsx'
import { type ReturnTo, withReturnTo } from './return-to.ts'
import { revokeOtherSessionsIfInvited } from './revoke-other-sessions.ts'

export interface EnrolView {
  readonly trip: ReturnTo
  readonly isFirst: boolean
  /** What the person had was switched off after too many wrong tries. */
  readonly isOff: boolean
}

export function EnrolPage({ frame, view }: { frame: Frame; view: EnrolView }) {
  const say = frame.say.enrol
  return (
    <Page frame={frame} title={view.isFirst ? say.firstTitle : say.title} drawing="key">
      {view.isOff && <Notice>{say.off}</Notice>}
      <p>{say.lead}</p>
      <ul class="choice">
        <li>
          <h2>
            <a href={withReturnTo('/.factorgate/enrol/webauthn', view.trip)}>{say.passkey}</a>
          </h2>
          <p>{say.passkeyWhy}</p>
          <p class="soft">{say.passkeyNeed}</p>
        </li>
        <li>
          <h2>
            <a href={withReturnTo('/.factorgate/enrol/totp', view.trip)}>{say.totp}</a>
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
        dir="auto"
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
export async function mayEnrol(visit: AuthenticatedContext): Promise<FastifyReply | null> {
  const { principal, options, request } = visit
  if (isFresh(principal.proofs, visit.now)) return null
  // What was switched off proves nothing any more, so it stands in nobody's way either.
  const hasNone = (await factorsOf(visit, principal.account.id)).length === 0
  if (hasNone && !principal.isFullySignedIn && (await isInvited(visit, principal))) return null
  if (hasNone || request.method !== 'GET') throw new GateError('enrolment_not_allowed')
  const rd = options.portalOrigin + request.exchange.target.raw
  return goTo(visit, withReturnTo('/.factorgate/challenge', { rd, state: null }))
}

/**
 * The same at the end of an enrolment. One that a full sign-in began while it was fresh goes on while its ceremony waits, since finding the
 * telephone and scanning take time. `isBegun`: the ceremony is alive, and this account's and this session's.
 */
export async function mayFinishEnrolment(visit: AuthenticatedContext, isBegun: boolean): Promise<FastifyReply | null> {
  // With an invitation alone another factor may have been enrolled meanwhile: then it takes a proof with that one (THREATS M5).
  return isBegun && visit.principal.isFullySignedIn ? null : mayEnrol(visit)
}

/** What follows an enrolment: the journal's line, the first factor as a proof, recovery codes if there are none, and the way on. */
export async function afterEnrolment(visit: AuthenticatedContext, credential: Credential): Promise<string> {
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
    // With the first factor the invitation has done its work: link and password open nothing any more without it (THREATS M5). A factor counts
    // only if it spent the invitation: one that was withdrawn or replaced while this ran has made nobody's factor (FIELD G2, A10).
    const invitation = invitationOf(principal.proofs)
    if (invitation === null || !(await services.invitations.spend(principal.account.id, invitation))) {
      await evenUnconfirmed(() => services.credentials.remove(principal.account.id, credential.id))
      audit.record(
        eventOf(visit, 'factor.remove', {
          factor: credential.kind,
          credential: credential.id,
          outcome: 'invitation_over'
        })
      )
      throw new GateError('enrolment_not_allowed')
    }
    const entered = await services.sessions.prove(principal, {
      kind: credential.kind,
      at: visit.now,
      userVerified: false,
      credentialId: credential.id
    })
    if (entered === null) throw new GateError('sign_in_required')
    setSessionCookie(visit.reply, entered.token, visit.site)
    current = entered.principal
    await completed(visit, current.account, false)
    await revokeOtherSessionsIfInvited(visit, principal, current)
  }
  if (!(await hasCodes(visit))) {
    await issueCodes({ ...visit, principal: current })
    return withReturnTo('/.factorgate/enrol/recovery', trip)
  }
  if (trip.rd !== null) return nextStep(visit, current)
  setFlash({ ...visit, principal: current }, { kind: 'added', name: credential.name })
  return '/.factorgate/account'
}

/** Where an enrolment leads that was done a moment ago: to the codes that wait to be put away, or on. */
export async function onAfterEnrolment(visit: AuthenticatedContext): Promise<string> {
  if (hasWaitingCodes(visit)) return withReturnTo('/.factorgate/enrol/recovery', visit.trip)
  return visit.trip.rd === null ? '/.factorgate/account' : nextStep(visit, visit.principal)
}

export function registerEnrol(scope: FastifyInstance, options: PortalOptions): void {
  scope.get('/.factorgate/enrol', { config: { requires: 'first-factor' } }, async (request, reply) => {
    const visit = openAuthenticatedContext(options, request, reply)
    const refusal = await mayEnrol(visit)
    if (refusal !== null) return refusal
    const { isFullySignedIn, account } = visit.principal
    const isOff = !isFullySignedIn && (await isSwitchedOff(visit, account.id))
    const view = { trip: visit.trip, isFirst: !isFullySignedIn, isOff }
    return sendPage(visit, 200, <EnrolPage frame={frameOf(visit)} view={view} />)
  })
}
