/** The message for a second factor that was not verified, and its headers. */
import type { ErrorCode } from '../../src/errors.ts'
import type { FactorKind } from '../../src/factor/proof.ts'
import { utcMinute } from '../../src/messages/utc-minute.ts'
import type { NotVerified } from '../../src/sign-in/second-factor.ts'
import type { ChallengeProblem } from './challenge-page.tsx'
import type { AuthenticatedContext } from './page-context.ts'
import { formatDuration, withWait } from './relative-time.ts'

export function problemOf(
  page: AuthenticatedContext,
  factor: FactorKind,
  refused: NotVerified
): { status: number; code: ErrorCode; problem: ChallengeProblem } {
  const { say, reply } = page
  if (refused.kind === 'unfit') {
    reply.header('factorgate-error', 'authenticator_not_allowed')
    const sentence = say.challenge.passkeyUnfit({ why: say.factor.misfit[refused.why] })
    return {
      status: 403,
      code: 'authenticator_not_allowed',
      problem: { factor, sentence, clock: null, waitSeconds: null }
    }
  }
  const throttled = refused.kind === 'throttled'
  const code = throttled ? 'too_many_attempts' : 'wrong_code'
  reply.header('factorgate-error', code)
  if (throttled) {
    const seconds = Math.ceil(refused.retryAfterSeconds)
    reply.header('retry-after', String(seconds))
    const sentence = say.challenge.throttled({ wait: formatDuration(seconds, say) })
    return { status: 429, code, problem: { factor, sentence, clock: null, waitSeconds: seconds } }
  }
  if (refused.code === 'clock_back') {
    const sentence = say.challenge.clockBack({ time: utcMinute(refused.goodAgainAt) })
    return { status: 401, code, problem: { factor, sentence, clock: page.now, waitSeconds: null } }
  }
  const clock = refused.code === 'clock' ? page.now : null
  const { waitSeconds = null } = refused
  const sentence = withWait(reply, say.challenge.wrong[factor], waitSeconds, say)
  return { status: 401, code, problem: { factor, sentence, clock, waitSeconds } }
}
