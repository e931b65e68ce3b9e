/** What a challenge asks: which of a person's factors the target demands, and why. The server alone chooses (THREATS M20). */
import { type FactorKind, factorKinds, isFresh } from '../factor/proof.ts'
import type { SignedCaller } from './caller.ts'
import type { NextStep } from './next-step.ts'
import type { UsableFactors } from './usable-factors.ts'

/** Why a factor is asked for; null where the reason is the sign-in itself. */
export type Why =
  | { readonly kind: 'account' }
  | { readonly kind: 'to-app' }
  | { readonly kind: 'step-up'; readonly withinSeconds: number | null }
  | null

export interface Offer {
  readonly isStepUp: boolean
  readonly why: Why
  /** The factors that the person has. */
  readonly has: readonly FactorKind[]
  /** Those of them that are demanded. */
  readonly factors: readonly FactorKind[]
  readonly demanded: readonly FactorKind[]
  /** Title of the app that the person goes to; null where there is none. */
  readonly app: string | null
  /** The lengths of the codes of this person's authenticator apps, the shortest first, whatever the configuration says today. */
  readonly codeDigits: readonly number[]
}

export class Challenge {
  readonly #nextStep: NextStep
  readonly #factors: UsableFactors

  constructor({ nextStep, factors }: { nextStep: NextStep; factors: UsableFactors }) {
    this.#nextStep = nextStep
    this.#factors = factors
  }

  async offer(by: SignedCaller): Promise<Offer> {
    const { principal, returnTo, address } = by
    const isStepUp = principal.isFullySignedIn
    const { kinds: has, codeDigits } = await this.#factors.of(principal.account.id)
    const requirement = this.#nextStep.requirement(by, principal)
    const app = requirement?.app.title ?? null
    if (requirement?.access.kind !== 'challenge') {
      const isOwn = isStepUp && returnTo.rd !== null && this.#nextStep.isPortalPage(returnTo.rd, address)
      const why: Why = isOwn ? { kind: 'account' } : app === null ? null : { kind: 'to-app' }
      return { isStepUp, why, has, factors: has, demanded: factorKinds, app, codeDigits }
    }
    const { factors: demanded, withinSeconds } = requirement.access.requirement
    const factors = has.filter(kind => demanded.includes(kind))
    const why: Why = isStepUp ? { kind: 'step-up', withinSeconds } : { kind: 'to-app' }
    return { isStepUp, why, has, factors, demanded, app, codeDigits }
  }

  /** True where the target takes this factor, whatever the browser was shown. */
  async takes(by: SignedCaller, kind: FactorKind): Promise<boolean> {
    return (await this.offer(by)).demanded.includes(kind)
  }

  /** True where nothing more is needed, for example after a proof in another tab. */
  isEnough(by: SignedCaller): boolean {
    const { principal, returnTo, address, now } = by
    if (!principal.isFullySignedIn) return false
    if (returnTo.rd === null) return true
    if (this.#nextStep.isPortalPage(returnTo.rd, address)) return isFresh(principal.proofs, now)
    return this.#nextStep.requirement(by, principal)?.access.kind !== 'challenge'
  }
}
