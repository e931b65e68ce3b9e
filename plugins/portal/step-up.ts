/**
 * From an answer to a proof. Owns the order (journal, session, cookie) and the word on a refusal; refuses a verification that is somebody
 * else's (THREATS W7).
 */
import { type ErrorCode, GateError } from '../../src/errors.ts'
import type { Verification } from '../../src/factor/factor.ts'
import type { FactorKind } from '../../src/factor/proof.ts'
import type { ChallengeProblem } from './challenge-page.tsx'
import { completed } from './device-cookie.ts'
import { nextStep } from './next-step.ts'
import { type AuthenticatedContext, eventOf, setSessionCookie } from './page-context.ts'
import { formatDuration, withWait } from './relative-time.ts'
import { revokeOtherSessionsIfInvited } from './revoke-other-sessions.ts'

/** A verified factor becomes a proof, in this order: journal, session, cookie. Answers where to go. */
export async function acceptProof(
  visit: AuthenticatedContext,
  verified: Verification & { kind: 'verified' }
): Promise<string> {
  const { options, principal } = visit
  const { factor, credentialId, userVerified } = verified
  if (verified.accountId !== principal.account.id) throw new GateError('wrong_code')
  await options.audit.commit(
    eventOf(visit, 'proof', {
      factor,
      outcome: 'verified',
      ...(credentialId === null ? {} : { credential: credentialId })
    })
  )
  const entered = await options.services.sessions.prove(principal, {
    kind: factor,
    at: visit.now,
    userVerified,
    ...(credentialId === null ? {} : { credentialId })
  })
  if (entered === null) throw new GateError('sign_in_required')
  setSessionCookie(visit.reply, entered.token, visit.site)
  if (entered.principal.isFullySignedIn) await completed(visit, entered.principal.account, isCounted(visit))
  await revokeOtherSessionsIfInvited(visit, principal, entered.principal)
  return nextStep(visit, entered.principal)
}

/** Whether this step ends a sign-in whose password was tried here, and not one that began elsewhere, with an invitation, or stood already. */
function isCounted({ principal, address }: AuthenticatedContext): boolean {
  const { proofs, session, isFullySignedIn } = principal
  return (
    !isFullySignedIn &&
    session.device.address === address &&
    proofs.some(({ kind }) => kind === 'password' || kind === 'directory') &&
    !proofs.some(({ kind }) => kind === 'invitation')
  )
}

/** What is said, and kept, of a factor that was not verified. */
export function problemOf(
  visit: AuthenticatedContext,
  factor: FactorKind,
  refused: Exclude<Verification, { kind: 'verified' }>,
  wrong: string
): { status: number; code: ErrorCode; problem: ChallengeProblem } {
  const { options, say, reply } = visit
  const throttled = refused.kind === 'throttled'
  options.audit.record(eventOf(visit, throttled ? 'throttle' : 'proof', { factor, outcome: refused.kind }))
  const code = throttled ? 'too_many_attempts' : 'wrong_code'
  reply.header('factorgate-error', code)
  if (throttled) {
    const seconds = Math.ceil(refused.retryAfterSeconds)
    reply.header('retry-after', String(seconds))
    const sentence = say.challenge.throttled(formatDuration(seconds, say))
    return { status: 429, code, problem: { factor, sentence, clock: null, waitSeconds: seconds } }
  }
  if (refused.code === 'clock_back') {
    const sentence = say.challenge.clockBack(say.time.moment(refused.goodAgainAt))
    return { status: 401, code, problem: { factor, sentence, clock: visit.now, waitSeconds: null } }
  }
  const clock = refused.code === 'clock' ? visit.now : null
  const { waitSeconds = null } = refused
  const sentence = withWait(reply, wrong, waitSeconds, say)
  return { status: 401, code, problem: { factor, sentence, clock, waitSeconds } }
}
