/** Which of a person's factors the target demands, and why. The server alone chooses (THREATS M20). */
import { anyFactor, type FactorKind, factorKinds, isFresh } from '../factor/proof.ts'
import type { Directories } from '../identity/directories.ts'
import type { Principal } from '../session/principal.ts'
import type { SignedCaller } from './caller.ts'
import { isFreshAnywhere } from './fresh-anywhere.ts'
import type { NextStep } from './next-step.ts'
import type { UsableFactors } from './usable-factors.ts'

/** Null for the sign-in itself. */
type Why =
  | { readonly kind: 'account' }
  | { readonly kind: 'to-app' }
  | { readonly kind: 'step-up'; readonly withinSeconds: number | null }
  | { readonly kind: 'budget' }
  | { readonly kind: 'unusual' }
  | null

export interface Offer {
  readonly isStepUp: boolean
  readonly why: Why
  readonly has: readonly FactorKind[]
  readonly factors: readonly FactorKind[]
  readonly demanded: readonly FactorKind[]
  /** Null unless the target takes its second factor. */
  readonly institution: { readonly id: string; readonly title: string } | null
  /** Null for a target outside apps. */
  readonly app: string | null
  /** The code lengths of this person's authenticator apps, shortest first. */
  readonly codeDigits: readonly number[]
}

const watchedReasons: Readonly<Partial<Record<string, 'budget' | 'unusual'>>> = {
  budget_proof_required: 'budget',
  unusual_proof_required: 'unusual'
}

export class Challenge {
  readonly #nextStep: NextStep
  readonly #factors: UsableFactors
  readonly #directories: Pick<Directories, 'institution'>

  constructor(input: { nextStep: NextStep; factors: UsableFactors; directories: Pick<Directories, 'institution'> }) {
    this.#nextStep = input.nextStep
    this.#factors = input.factors
    this.#directories = input.directories
  }

  async offer(by: SignedCaller): Promise<Offer> {
    const { principal, returnTo, address } = by
    const isStepUp = principal.isFullySignedIn
    const { kinds: has, codeDigits } = await this.#factors.of(principal.account.id)
    const requirement = this.#nextStep.requirement(by, principal)
    const app = requirement?.app.title ?? null
    if (requirement?.access.kind !== 'challenge') {
      const isOwn =
        requirement === null && isStepUp && returnTo.rd !== null && this.#nextStep.isPortalPage(returnTo.rd, address)
      const why: Why = isOwn ? { kind: 'account' } : app === null ? null : { kind: 'to-app' }
      // Most account changes need a factor of the gate.
      const institution = isOwn && !isFreshAnywhere(returnTo.rd) ? null : this.#institutionOf(principal)
      return { isStepUp, why, has, factors: has, demanded: factorKinds, institution, app, codeDigits }
    }
    const { factors: demanded, withinSeconds, institution: takesInstitution } = requirement.access.requirement
    const institution = takesInstitution ? this.#institutionOf(principal) : null
    const factors = has.filter(kind => demanded.includes(kind))
    const watched = watchedReasons[requirement.access.reason]
    const stepUp: Why = watched === undefined ? { kind: 'step-up', withinSeconds } : { kind: watched }
    const why = isStepUp ? stepUp : ({ kind: 'to-app' } as const)
    return { isStepUp, why, has, factors, demanded, institution, app, codeDigits }
  }

  #institutionOf({ account, proofs }: Principal): Offer['institution'] {
    const institution = this.#directories.institution(account.directory)
    const cameFromThere = proofs.some(({ kind }) => kind === 'directory')
    if (institution?.asksForMfa !== true || !cameFromThere) return null
    const { id, title } = institution.source
    return { id, title }
  }

  /** True if the target takes this factor, whatever the browser was shown. */
  async takes(by: SignedCaller, kind: FactorKind): Promise<boolean> {
    return (await this.offer(by)).demanded.includes(kind)
  }

  /** True if nothing more is needed, as after a proof in another tab. */
  isEnough(by: SignedCaller): boolean {
    const { principal, returnTo, address, now } = by
    if (!principal.isFullySignedIn) return false
    if (returnTo.rd === null) return true
    const requirement = this.#nextStep.requirement(by, principal)
    if (requirement === null && this.#nextStep.isPortalPage(returnTo.rd, address))
      return isFresh(principal.proofs, now, isFreshAnywhere(returnTo.rd) ? anyFactor : undefined)
    return requirement?.access.kind !== 'challenge'
  }
}
