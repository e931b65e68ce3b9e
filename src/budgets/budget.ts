/** A budget: an amount within a window, and the steps when more happens. */
import type { TakenFactors } from '../factor/proof.ts'
import type { Direction } from '../metering/flow.ts'
import type { Counted, Scope, Step } from './steps.ts'

/** A fresh proof of its factors buys one more budget. */
export interface Budget extends TakenFactors {
  readonly id: string
  readonly per: Scope
  /** Null for all apps together; with `per: app`, for each app on its own. */
  readonly app: string | null
  readonly windowSeconds: number
  readonly counted: Counted
  /** `out`: what people fetch. `in`: what they send. */
  readonly direction: Direction
  readonly amount: number
  readonly steps: readonly Step[]
  /** Bytes a second, for `slow`. */
  readonly rate: number | null
  /** True for a rule's `freshFor`: each proof begins the count anew. */
  readonly isPerProof: boolean
  /** What people read where nobody has chosen the id. */
  readonly title?: string
  /** True for the limit of one token. */
  readonly isQuota?: boolean
  /** The apps that count if `app` is null; all by default. */
  readonly countsApp?: (appId: string) => boolean
}

/** How long `step-up` holds what is running. */
export const holdMs = 60_000

export function has({ steps }: Budget, step: Step): boolean {
  return steps.includes(step)
}

export function titleOf({ id, title }: Budget): string {
  return title ?? id
}

/** True if it may stop a transfer: its bytes need grants. */
export function isStrict(budget: Budget): boolean {
  return budget.steps.some(step => step !== 'journal' && step !== 'notify')
}

/** The steps if no fresh proof comes; all without `step-up`. */
export function laterSteps({ steps }: Budget): readonly Step[] {
  return steps.slice(steps.indexOf('step-up') + 1)
}

export function isSlow(budget: Budget): boolean {
  const later = laterSteps(budget)
  return later.includes('slow') && !later.includes('cut') && !later.includes('suspend')
}

export function concerns({ app, countsApp }: Budget, appId: string): boolean {
  return app === null ? (countsApp?.(appId) ?? true) : app === appId
}
