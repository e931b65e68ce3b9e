/** The scores of the levels. */
import type { Group } from './group.ts'

export const thresholds = { strange: 26, alarming: 47, extreme: 110 } as const
/** One active day of people in so many may exceed the score from which a proof is asked. Habits differ from place to place. */
const oneDayIn = 160
/** Bulk thefts reach more. */
const maxAlarming = 55

/** While nobody is known, the usual is assumed generously, and `alarming` is enough. */
export function alarmingFrom(all: Group): number {
  if (!all.isKnown) return thresholds.alarming
  const reached = Math.round(all.scoreOfOneDayIn(oneDayIn))
  return Math.min(maxAlarming, Math.max(thresholds.alarming, reached))
}
