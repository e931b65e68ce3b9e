/** A budget: what is counted, how much of it is allowed within a window, and the steps that follow when more happens. */
import type { TakenFactors } from '../factor/proof.ts'
import type { Direction } from '../metering/flow.ts'
import type { Counted, Scope, Step } from './steps.ts'

/** A fresh proof of its factors buys one more budget. */
export interface Budget extends TakenFactors {
  readonly id: string
  readonly per: Scope
  /** The app's id; null for all apps together (with `per: app`, for each app on its own). */
  readonly app: string | null
  readonly windowSeconds: number
  readonly counted: Counted
  /** For `bytes`: `out` counts what people fetch, `in` what they send. */
  readonly direction: Direction
  readonly amount: number
  readonly steps: readonly Step[]
  /** Bytes a second, for `slow`; null without it. */
  readonly rate: number | null
  /** True for a rule's `freshFor`: the count begins anew with each proof. */
  readonly isPerProof: boolean
  /** What people read in place of an id that nobody has chosen. */
  readonly title?: string
  /** True for the limit of one token, which no configuration names. */
  readonly isQuota?: boolean
  /** If `app` is null: true for the apps that count. Left out: all do. */
  readonly countsApp?: (appId: string) => boolean
}

/** How long `step-up` holds what is running, in milliseconds. */
export const holdMs = 60_000

export function has({ steps }: Budget, step: Step): boolean {
  return steps.includes(step)
}

export function titleOf({ id, title }: Budget): string {
  return title ?? id
}

/** True if it may stop a transfer. Then its bytes need grants. */
export function isStrict(budget: Budget): boolean {
  return budget.steps.some(step => step !== 'journal' && step !== 'notify')
}

/** The steps that act if no fresh proof comes; all steps if the budget asks for none. */
export function laterSteps({ steps }: Budget): readonly Step[] {
  return steps.slice(steps.indexOf('step-up') + 1)
}

/** True if the last step only limits the rate. */
export function isSlow(budget: Budget): boolean {
  const later = laterSteps(budget)
  return later.includes('slow') && !later.includes('cut') && !later.includes('suspend')
}

export function concerns({ app, countsApp }: Budget, appId: string): boolean {
  return app === null ? (countsApp?.(appId) ?? true) : app === appId
}
