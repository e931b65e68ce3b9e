/** What the posture of an app adds to each of its rules (docs/posture.md). */
import type { FactorKind } from '../factor/kinds.ts'
import type { Requirement } from './policy.ts'

export interface Tightening {
  /** The part of a rule's `within` that is left: above 0, at most 1. */
  readonly factor: number
  /** One of these must be shown. */
  readonly factors: readonly FactorKind[]
  readonly withinSeconds: number
  /** Only these groups get in; null for all whom the rules let in. */
  readonly onlyGroups: readonly string[] | null
}

const known = new WeakMap<Tightening, WeakMap<Requirement, Requirement>>()

/** Where rule and posture name no common factor, the posture's count. */
export function tighten(requirement: Requirement, by: Tightening): Requirement {
  let made = known.get(by)
  if (made === undefined) {
    made = new WeakMap()
    known.set(by, made)
  }
  let tight = made.get(requirement)
  if (tight === undefined) {
    const common = requirement.factors.filter(factor => by.factors.includes(factor))
    const own = requirement.withinSeconds
    const left = own === null ? by.withinSeconds : Math.max(1, Math.floor(own * by.factor))
    tight = { factors: common.length === 0 ? by.factors : common, withinSeconds: Math.min(left, by.withinSeconds) }
    made.set(requirement, tight)
  }
  return tight
}
