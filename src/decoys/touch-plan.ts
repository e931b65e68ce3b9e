/** What a judged touch causes and is answered, for the watch and `explain`. */
import { type DecoyStep, stoppingSteps } from './steps.ts'
import type { Touch } from './touch.ts'

export type TouchDeed = 'suspend' | 'cut' | 'revoke' | 'ask'

export interface TouchPlan {
  /** Done before the answer. */
  readonly deed: TouchDeed | null
  /** Null if the rules decide; after `ask` they demand the proof. */
  readonly refusal: 'account_suspended' | 'not_allowed' | null
  /** The file is given only where the rules forward the request. */
  readonly givesFile: boolean
}

/** `touch`: null for who is exempt. `by`: a program can show no proof. */
export function planFor(touch: Touch | null, serves: boolean, by: 'person' | 'program'): TouchPlan {
  if (touch === null || !touch.isStopped) return { deed: null, refusal: null, givesFile: serves }
  if (touch.outcome === 'led') return { deed: null, refusal: 'not_allowed', givesFile: false }
  const deed = deedOf(touch.steps, by)
  if (deed === 'ask') return { deed, refusal: null, givesFile: false }
  return { deed, refusal: deed === 'suspend' ? 'account_suspended' : 'not_allowed', givesFile: serves }
}

function deedOf(steps: readonly DecoyStep[], by: 'person' | 'program'): TouchDeed {
  const strongest = stoppingSteps.findLast(step => steps.includes(step))
  if (strongest === 'suspend') return 'suspend'
  if (by === 'program') return 'revoke'
  return strongest === 'cut' ? 'cut' : 'ask'
}

/** False where nothing would follow from a touch. */
export function refusesUnreadable(isReportOnly: boolean, isExempt: boolean): boolean {
  return !isReportOnly && !isExempt
}
