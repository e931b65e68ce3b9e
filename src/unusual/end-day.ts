/** The end of a person's day: what it teaches, and how the sums move. */
import { moveLong } from './baseline.ts'
import { at, featureCount, toScale } from './features.ts'
import type { Usual } from './group.ts'
import { ownAfterDays } from './known-list.ts'
import { ownNumbers } from './own-day.ts'
import { isRestDay, known, number, type Person } from './person.ts'
import { sumAfter, sums } from './score.ts'

/** The most that a number teaches, in standard days above the usual. More counts after a proof on that day, and while the watch learns. */
const maxLearned = 2
const maxTrusted = 4
/** Sums begin, and scores count, from so many known days. */
const sumsFromDays = 5
/** From this level on, a day without a proof teaches nothing. */
const alarmingLevel = 2

/** At first nobody can say whose an area is. */
const ofAreas = [at.newAreas, at.foreignObjects, at.foreignBytes] as const

export interface Lesson {
  /** On the logarithmic scale. */
  readonly values: Float64Array
  /** Bit h: hour h (UTC). */
  readonly hours: number
  readonly isRest: boolean
  /** They have become the person's own. */
  readonly areas: readonly number[]
  /** The day's highest; null while the watch learns, and for a person with few days. */
  readonly score: number | null
}

/** Null for a day that teaches nothing. While the watch learns, every day counts, since nobody could answer for it. */
export function endDay(person: Person, usual: Usual, next: number, isLearning: boolean): Lesson | null {
  // The owner's sign-in after a theft does not make the thief's day theirs.
  const isTrusted = (person.alarm < alarmingLevel && !person.isUsedElsewhere) || isLearning
  if (!person.isActiveToday || !isTrusted) {
    if (person.isActiveToday) moveSums(person, usual, false)
    person.endDay(next, null)
    return null
  }
  moveSums(person, usual, isLearning)
  if (isLearning && person.day < person.since + ownAfterDays) for (const feature of ofAreas) person.numbers[feature] = 0
  const values = learnable(person, usual, person.answered > 0 || isLearning ? maxTrusted : maxLearned)
  const areas: number[] = []
  for (let i = 0; i < known.areas.size; i++) {
    const hash = person.hashes[known.areas.at + i]!
    if (hash !== 0 && person.becomesOwn(i, next)) areas.push(hash)
  }
  const lesson = {
    values: amountsOf(person),
    hours: person.hoursToday,
    isRest: isRestDay(person.day),
    areas,
    score: isLearning || person.ringCount < sumsFromDays ? null : person.numbers[number.score]!
  }
  moveLong(person, values)
  person.endDay(next, values)
  return lesson
}

function moveSums(person: Person, usual: Usual, isLearning: boolean): void {
  const isAnswered = person.answered > 0 && person.alarm < alarmingLevel
  const isNought = isAnswered || isLearning || person.ringCount < sumsFromDays
  const { numbers } = person
  const own = ownNumbers(person)
  for (const { feature, index, ownIndex } of sums) {
    numbers[index] = isNought ? 0 : sumAfter(numbers[index]!, numbers, usual, feature)
    numbers[ownIndex] = isNought ? 0 : sumAfter(numbers[ownIndex]!, own, usual, feature)
  }
}

/** Groups learn a day as it was: it is one of many. */
function amountsOf(person: Person): Float64Array {
  return Float64Array.from({ length: featureCount }, (_, feature) => toScale(feature, person.numbers[feature]!))
}

/** One day changes the usual only a little, so nobody teaches the watch quickly. */
function learnable(person: Person, usual: Usual, most: number): Float64Array {
  const values = new Float64Array(featureCount)
  for (let feature = 0; feature < featureCount; feature++)
    values[feature] = Math.min(
      toScale(feature, person.numbers[feature]!),
      usual.middle[feature]! + most * usual.spread[feature]!
    )
  return values
}
