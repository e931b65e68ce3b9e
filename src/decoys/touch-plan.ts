/** What a judged touch causes, and what the gate answers: the watch carries it out, and `explain` says it. Pure. */
import { type DecoyStep, stoppingSteps } from './steps.ts'
import type { Touch } from './touch.ts'

export type TouchDeed = 'suspend' | 'cut' | 'revoke' | 'ask'

export interface TouchPlan {
  /** What is done before the answer; null for nothing. */
  readonly deed: TouchDeed | null
  /** The answer where no file is given; null if the rules decide. After `ask` they demand the proof. */
  readonly refusal: 'account_suspended' | 'not_allowed' | null
  /** True if the decoy's file is given where the rules forward the request. */
  readonly givesFile: boolean
}

/** `touch`: null for who is exempt. `serves`: the gate has a file for the decoy. `by`: a program has a token and can show no proof. */
export function planFor(touch: Touch | null, serves: boolean, by: 'person' | 'program'): TouchPlan {
  if (touch === null || !touch.isStopped) return { deed: null, refusal: null, givesFile: serves }
  if (touch.outcome === 'led') return { deed: null, refusal: 'not_allowed', givesFile: false }
  const deed = deedOf(touch.steps, by)
  if (deed === 'ask') return { deed, refusal: null, givesFile: false }
  return { deed, refusal: deed === 'suspend' ? 'account_suspended' : 'not_allowed', givesFile: serves }
}

/** The strongest of the steps that stop the request. */
function deedOf(steps: readonly DecoyStep[], by: 'person' | 'program'): TouchDeed {
  const strongest = stoppingSteps.findLast(step => steps.includes(step))
  if (strongest === 'suspend') return 'suspend'
  if (by === 'program') return 'revoke'
  return strongest === 'cut' ? 'cut' : 'ask'
}

/** False where nothing would follow from a touch, so that the rules decide alone. */
export function refusesUnreadable(isReportOnly: boolean, isExempt: boolean): boolean {
  return !isReportOnly && !isExempt
}
