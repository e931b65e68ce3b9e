/** How often visits of a page bring something new. Where many do, the next new thing is no sign of a change (Good and Turing). */

export interface Rate {
  seen: number
  /** First visits, without the very first, that brought something new. */
  early: number
  /** Later ones that did; each later visit takes a part of it away. */
  late: number
}

/** By nature they bring variants, roles, languages. */
const firstVisits = 16
const fadeVisits = 64
const minNovel = 3
const earlyShare = 0.5
const lateShare = 0.05

export function newRate(): Rate {
  return { seen: 0, early: 0, late: 0 }
}

export function visited(rate: Rate, isNovel: boolean): void {
  rate.seen++
  if (rate.seen === 1) return
  if (rate.seen <= firstVisits) {
    if (isNovel) rate.early++
    return
  }
  rate.late = rate.late * (1 - 1 / fadeVisits) + (isNovel ? 1 : 0)
}

export function isKnownWell({ seen }: Rate): boolean {
  return seen >= firstVisits
}

/** True where something new is ordinary. */
export function isOpenEnded({ seen, early, late }: Rate): boolean {
  const earlyVisits = Math.min(seen, firstVisits) - 1
  if (seen < 2 * firstVisits && early >= minNovel && early > earlyVisits * earlyShare) return true
  const lateVisits = Math.min(fadeVisits, Math.max(0, seen - firstVisits))
  return late >= minNovel * 0.9 && late >= lateVisits * lateShare
}
