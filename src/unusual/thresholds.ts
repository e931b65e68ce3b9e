/** Scores from which a level is reached. */
import type { Group } from './group.ts'

export const thresholds = { strange: 26, alarming: 47, extreme: 110 } as const
/**
 * If one active day of people in this many reaches a higher score, a proof is asked for from that score on. The chances of signals depend on each
 * other, and habits differ from place to place.
 */
const oneDayIn = 160
/** The highest such score. Bulk thefts reach more. */
const maxAlarming = 55

/** The score from which a proof is asked for here. While nobody is known, what is usual is assumed generously, so no more than `alarming` is needed. */
export function alarmingFrom(all: Group): number {
  if (!all.isKnown) return thresholds.alarming
  const reached = Math.round(all.scoreOfOneDayIn(oneDayIn))
  return Math.min(maxAlarming, Math.max(thresholds.alarming, reached))
}
