/**
 * What a challenge offers: of the factors a person has, those that the way demands, and why it is asked. Owns that choice, on the server
 * (THREATS M20).
 */
import { GateError } from '../../src/errors.ts'
import { type FactorKind, factorKinds, freshSeconds } from '../../src/factor/proof.ts'
import type { Messages } from './messages/en.ts'
import { isOurs, requirementOf, usableFactors } from './next-step.ts'
import type { AuthenticatedContext } from './page-context.ts'
import { formatLimit } from './relative-time.ts'

export interface Offer {
  readonly isStepUp: boolean
  readonly why: string | null
  readonly has: readonly FactorKind[]
  readonly factors: readonly FactorKind[]
  readonly demanded: readonly FactorKind[]
  readonly app: string | null
  /** How long the codes of this person's authenticator apps are, whatever the configuration says today; the shortest first. */
  readonly codeDigits: readonly number[]
}

/** What the way demands, of what the person has. */
export async function offerFor(visit: AuthenticatedContext): Promise<Offer> {
  const { principal, say, trip } = visit
  const isStepUp = principal.isFullySignedIn
  const { kinds: has, codeDigits } = await usableFactors(visit, principal.account.id)
  const requirement = requirementOf(visit)
  const app = requirement?.app.title ?? null
  const within = formatLimit(freshSeconds, say)
  if (requirement?.access.kind !== 'challenge') {
    const isOwn = isStepUp && trip.rd !== null && isOurs(visit, trip.rd)
    const why = isOwn ? say.challenge.account(within) : app === null ? null : say.challenge.onTheWay(app)
    return { isStepUp, why, has, factors: has, demanded: factorKinds, app, codeDigits }
  }
  const demanded = requirement.access.requirement.factors
  const factors = has.filter(kind => demanded.includes(kind))
  const why = isStepUp
    ? stepUpSentence(app ?? '', demanded, requirement.access.requirement.withinSeconds, say)
    : say.challenge.onTheWay(app ?? '')
  return { isStepUp, why, has, factors, demanded, app, codeDigits }
}

/** "Exports needs your passkey or security key, at most 5 minutes old." */
export function stepUpSentence(
  app: string,
  demanded: readonly FactorKind[],
  withinSeconds: number | null,
  say: Messages
): string {
  const within = withinSeconds === null ? null : formatLimit(withinSeconds, say)
  if (within !== null && demanded.length === factorKinds.length) return say.challenge.stepUpAny(app, within)
  const factors = say.challenge.orFactors(demanded.map(kind => say.factor.your[kind]))
  return say.challenge.stepUp(app, factors, within)
}

/** Refuses a factor that the way does not take, whatever the browser was shown (THREATS M20). */
export async function requireOffered(visit: AuthenticatedContext, kind: FactorKind): Promise<void> {
  const { demanded } = await offerFor(visit)
  if (!demanded.includes(kind)) throw new GateError('other_factor_required')
}
