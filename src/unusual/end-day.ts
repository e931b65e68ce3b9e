/** The end of a person's day: what it teaches, how the sums move, and what the groups learn from it. */
import { moveLong } from './baseline.ts'
import { at, featureCount, toScale } from './features.ts'
import type { Usual } from './group.ts'
import { ownAfterDays } from './known-list.ts'
import { ownNumbers } from './own-day.ts'
import { isRestDay, known, number, type Person } from './person.ts'
import { sumAfter, sums } from './score.ts'

/**
 * The most standard days that a number above the usual teaches. It is more if the person has given a proof on that day, and while the watch
 * still learns what is usual.
 */
const maxLearned = 2
const maxTrusted = 4
/** The sums begin, and scores are counted, when this many days of the person are known. */
const sumsFromDays = 5
/** From this level on a day teaches nothing, unless the person has given a proof on it. */
const alarmingLevel = 2

/** Numbers of areas of which nobody can say yet whose they are, in the first days of the watch. */
const ofAreas = [at.newAreas, at.foreignObjects, at.foreignBytes] as const

/** What the groups learn from one day of a person. */
export interface Lesson {
  readonly values: Float64Array
  /** Bit h is set for an active hour. */
  readonly hours: number
  readonly isRest: boolean
  /** Areas that have become the person's own. */
  readonly areas: readonly number[]
  /** The highest score of the day; null while the watch learns, and for somebody who is not known yet. */
  readonly score: number | null
}

/**
 * Null for a day without activity, and for one that is not trusted. While the watch learns what is usual here, every day counts: nobody could
 * answer for it, and one day alone teaches little.
 */
export function endDay(person: Person, usual: Usual, next: number, isLearning: boolean): Lesson | null {
  // The owner's sign-in after a theft ends the alarm, and does not make the thief's day theirs.
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

/** A person who has answered for their days begins anew. */
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

/** Groups count days of people, and one day is one of many: they learn it as it was. */
function amountsOf(person: Person): Float64Array {
  return Float64Array.from({ length: featureCount }, (_, feature) => toScale(feature, person.numbers[feature]!))
}

/** One day changes the usual only a little, so that nobody teaches the watch quickly. */
function learnable(person: Person, usual: Usual, most: number): Float64Array {
  const values = new Float64Array(featureCount)
  for (let feature = 0; feature < featureCount; feature++)
    values[feature] = Math.min(
      toScale(feature, person.numbers[feature]!),
      usual.middle[feature]! + most * usual.spread[feature]!
    )
  return values
}
