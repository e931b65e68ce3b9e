/** What a posture adds to the rules of an app. */
import type { FactorKind } from '../factor/kinds.ts'
import type { Tightening } from '../policy/tightening.ts'
import type { PostureLevel } from './posture.ts'

/** `watch.posture` of the configuration. */
export interface PostureTerms {
  readonly elevated: {
    /** What is left of budgets, thresholds and each `within`. */
    readonly factor: number
    readonly factors: readonly FactorKind[]
    readonly withinSeconds: number
  }
  readonly lockdown: { readonly groups: readonly string[] }
}

/** Lockdown asks for the same proofs: each level is stricter than the one before. */
export function tighteningOf(
  level: (app: string) => PostureLevel,
  terms: PostureTerms
): (app: string) => Tightening | null {
  const elevated: Tightening = { ...terms.elevated, onlyGroups: null }
  const lockdown: Tightening = { ...terms.elevated, onlyGroups: terms.lockdown.groups }
  return app => {
    const now = level(app)
    return now === 'normal' ? null : now === 'elevated' ? elevated : lockdown
  }
}
