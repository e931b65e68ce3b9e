/** Adds up a person's and a session's signals to one score. */
import { hourMs } from '../clock.ts'
import type { Reason } from '../reasons/reason.ts'
import { pointsOfChance, pointsOfDeviation, pointsOfLightDeviation, pointsOfSum } from './chance.ts'
import { at, featureCount, toScale } from './features.ts'
import type { Group, Usual } from './group.ts'
import { hoursAt, hourUnit, isRestDay, number, type Person } from './person.ts'
import { type Said, sayFeature, sayHaul, sayHour, sayRecord, sayRepeat, saySum } from './sentences.ts'
import type { Doubt, Track } from './track.ts'

/** Signals of one family say much the same, so only the strongest counts. */
const families = [
  'amount',
  'breadth',
  'order',
  'manner',
  'refusals',
  'writes',
  'haul',
  'reach',
  'client',
  'disguise',
  'place',
  'travel',
  'hours',
  'record',
  'repeat'
] as const
/** The first grow together on a busy day, so only the strongest of them counts in full. */
const busyCount = 6
const busyShare = 0.5
type Family = (typeof families)[number]

const familyOfFeature: readonly Family[] = [
  'amount',
  'breadth',
  'breadth',
  'reach',
  'reach',
  'amount',
  'breadth',
  'refusals',
  'order',
  'manner',
  'manner',
  'manner',
  'reach',
  'writes',
  'writes',
  'writes',
  'haul'
]
export const familyOfDoubt: Readonly<Record<Doubt, Family>> = {
  network: 'place',
  country: 'place',
  travel: 'travel',
  twoPlaces: 'place',
  device: 'client',
  changed: 'client',
  headers: 'client',
  stopped: 'disguise',
  disguised: 'disguise'
}

/** Fewer do not count: one day in four has so many. */
const quietPoints = 6
/** No family alone reaches `alarming`. */
const maxFamily = 45
/**
 * As improbable as one day in four thousand. People seldom fetch others' work, and then a whole dataset. A sum needs no such limit, since one day moves
 * it by twenty points.
 */
const maxRare = 36
/** Standard days. */
const slack = 0.6
const maxSum = 12
const maxDeviation = 4
const minChanceOfHour = 0.003

/**
 * Cumulative sums find small excesses over days. One in a hundred honest days of simulated institutes reaches 20 points (2026, 3001, 3002, 3005, 3006,
 * 3007: q99 2.8, 2.5, 3.4, 4.2).
 */
export const sums = [
  { id: 'bytes', feature: at.bytes, index: number.sumBytes, ownIndex: number.ownSumBytes, family: 'amount', unit: 7 },
  {
    id: 'newObjects',
    feature: at.newObjects,
    index: number.sumObjects,
    ownIndex: number.ownSumObjects,
    family: 'breadth',
    unit: 8
  },
  {
    id: 'foreignObjects',
    feature: at.foreignObjects,
    index: number.sumForeign,
    ownIndex: number.ownSumForeign,
    family: 'reach',
    unit: 6
  },
  {
    id: 'foreignBytes',
    feature: at.foreignBytes,
    index: number.sumForeignBytes,
    ownIndex: number.ownSumForeignBytes,
    family: 'reach',
    unit: 5
  }
] as const satisfies readonly {
  id: keyof typeof at
  feature: number
  index: number
  ownIndex: number
  family: Family
  unit: number
}[]

export interface Signal {
  readonly id: string
  readonly family: Family
  readonly points: number
  readonly sentence: string
  readonly reasons: readonly Reason[]
}

export interface Context {
  readonly person: Person
  readonly track: (Pick<Track, 'doubts'> & Partial<Pick<Track, 'longestHaul'>>) | null
  readonly usual: Usual
  readonly all: Group
  readonly now: number
}

const points = new Float64Array(families.length)
const placeOf = Object.fromEntries(families.map((family, i) => [family, i])) as Readonly<Record<Family, number>>
const featurePlaces = familyOfFeature.map(family => placeOf[family])
const sumPlaces = sums.map(({ family }) => placeOf[family])
const deviations = new Float64Array(featureCount)
/** Only programs do these, so honest days far above the usual are rare. */
const isLight = flagsOf(at.lonely, at.regular)
const isOfOthers = flagsOf(at.newAreas, at.foreignObjects, at.foreignBytes)
const quietDeviation = 0.67

/** It allocates nothing, since it runs for many requests. */
export function scoreOf(context: Context): number {
  points.fill(0)
  const { person, track, usual } = context
  const { numbers } = person
  for (let feature = 0; feature < featureCount; feature++) {
    const deviation = deviationIn(numbers, usual, feature)
    deviations[feature] = deviation
    if (deviation > quietDeviation && numbers[feature]! > 0)
      raise(featurePlaces[feature]!, pointsFor(feature, deviation))
  }
  for (let i = 0; i < sums.length; i++) {
    const { feature, index, unit } = sums[i]!
    raise(sumPlaces[i]!, pointsOfSum(sumWith(person, deviations[feature]!, index), unit))
  }
  raise(placeOf.hours, hourPoints(context))
  for (const feature of recordFeatures) raise(placeOf.record, recordPoints(context, feature))
  raise(placeOf.repeat, repeatPoints(person))
  if (track !== null) for (const { kind, points: value } of track.doubts) raise(placeOf[familyOfDoubt[kind]], value)
  let score = 0
  let busy = 0
  let busiest = 0
  for (let i = 0; i < points.length; i++) {
    const value = Math.max(0, Math.min(maxFamily, points[i]!) - quietPoints)
    if (i >= busyCount) score += value
    else {
      busy += value
      busiest = Math.max(busiest, value)
    }
  }
  return score + busiest + busyShare * (busy - busiest)
}

/** One kind of oddity alone never suspends anybody. */
export function familiesInLastScore(least: number): number {
  let count = 0
  for (let i = 0; i < points.length; i++) if (i !== placeOf.haul && points[i]! - quietPoints >= least) count++
  return count
}

function flagsOf(...among: readonly number[]): readonly boolean[] {
  return Array.from({ length: featureCount }, (_, feature) => among.includes(feature))
}

function raise(place: number, value: number): void {
  if (value > points[place]!) points[place] = value
}

function deviationOf(person: Person, usual: Usual, feature: number): number {
  return deviationIn(person.numbers, usual, feature)
}

function deviationIn(numbers: Float64Array, usual: Usual, feature: number): number {
  const amount = numbers[feature]!
  return ((amount === 0 ? 0 : toScale(feature, amount)) - usual.middle[feature]!) / usual.spread[feature]!
}

function pointsFor(feature: number, deviation: number): number {
  if (isLight[feature]) return pointsOfLightDeviation(deviation)
  const value = pointsOfDeviation(deviation)
  return isOfOthers[feature] ? Math.min(maxRare, value) : value
}

function featurePoints(person: Person, usual: Usual, feature: number): number {
  return person.numbers[feature]! === 0 ? 0 : pointsFor(feature, deviationOf(person, usual, feature))
}

/** The sum with today so far. */
export function sumNow(person: Person, usual: Usual, feature: number, index: number): number {
  return sumWith(person, deviationOf(person, usual, feature), index)
}

function sumWith(person: Person, deviation: number, index: number): number {
  const step = Math.min(maxDeviation, deviation) - slack
  return Math.min(maxSum, person.numbers[index]! + Math.max(0, step))
}

/** One day moves it by `maxDeviation` at most. */
export function sumAfter(sum: number, amounts: Float64Array, usual: Usual, feature: number): number {
  const step = Math.max(-1.5, Math.min(maxDeviation, deviationIn(amounts, usual, feature))) - slack
  return Math.min(maxSum, Math.max(0, sum + step))
}

function sumPoints(person: Person, usual: Usual, { feature, index, unit }: (typeof sums)[number]): number {
  return Math.min(maxFamily, pointsOfSum(sumNow(person, usual, feature, index), unit))
}

function chanceOfHour(person: Person, all: Group, hour: number): number {
  const isRest = isRestDay(person.day)
  const from = isRest ? 24 : 0
  const days = person.numbers[isRest ? number.restDays : number.workdays]!
  const own = person.bytes[hoursAt + from + hour]!
  const beside = person.bytes[hoursAt + from + ((hour + 23) % 24)]! + person.bytes[hoursAt + from + ((hour + 1) % 24)]!
  const seen = Math.max(own, 0.25 * beside) / hourUnit
  const peerDays = isRest ? all.restDays : all.workdays
  const peers = peerDays < 10 ? 0.2 : all.hours[from + hour]! / peerDays
  return Math.max(minChanceOfHour, (seen + 2 * Math.max(peers, 0.01)) / (days + 2))
}

function hourPoints({ person, all, now }: Context): number {
  const hour = Math.floor(now / hourMs) % 24
  return ((person.hoursToday >> hour) & 1) === 0 ? 0 : pointsOfChance(chanceOfHour(person, all, hour))
}

/** Numbers that are compared with the busiest people here. */
const recordFeatures = [at.bytes, at.objects] as const
const minRecordPoints = 20
const recordPointsForEfold = 25

function recordPoints({ person, all }: Context, feature: number): number {
  const most = all.busiest(feature, person.day)
  if (most === null) return 0
  // Half as much again is chance.
  const excess = toScale(feature, person.numbers[feature]!) - most - 0.4
  return excess <= 0 ? 0 : minRecordPoints + recordPointsForEfold * excess
}

/** A second unusual day within a week is more probable. */
const repeatDays = 7
const pointsOfRepeats = [0, 12, 18, 22] as const

/** The last score without the points for earlier days. */
export function lastScoreOfToday(score: number): number {
  return score - Math.max(0, points[placeOf.repeat]! - quietPoints)
}

/** Nobody is suspended for fetching a dataset for the first time. */
export function lastScoreWithoutHauls(score: number): number {
  return score - Math.max(0, Math.min(maxFamily, points[placeOf.haul]!) - quietPoints)
}

function repeatPoints(person: Person): number {
  return pointsOfRepeats[Math.min(pointsOfRepeats.length - 1, person.strangeDaysOf(repeatDays))]!
}

/** The strongest first. */
export function signalsOf(context: Context): Signal[] {
  const { person, track, usual, all, now } = context
  const signals: Signal[] = []
  const push = (family: Family, value: number, said: Said) => {
    if (value > quietPoints) signals.push({ ...said, family, points: Math.round(value) })
  }
  for (let feature = 0; feature < featureCount; feature++) {
    const amount = person.numbers[feature]!
    const said =
      feature === at.haul
        ? sayHaul(amount, usual, track?.longestHaul?.(person) ?? null)
        : sayFeature(feature, amount, usual)
    push(familyOfFeature[feature]!, featurePoints(person, usual, feature), said)
  }
  for (const sum of sums) {
    const said = saySum(sum.id, sumNow(person, usual, sum.feature, sum.index), usual)
    push(sum.family, sumPoints(person, usual, sum), said)
  }
  for (const id of ['bytes', 'objects'] as const) {
    const said = sayRecord(id, person.numbers[at[id]]!, all.busiest(at[id], person.day) ?? 0)
    push('record', recordPoints(context, at[id]), said)
  }
  push('repeat', repeatPoints(person), sayRepeat(person.strangeDaysOf(repeatDays), repeatDays))
  const hour = Math.floor(now / hourMs) % 24
  push('hours', hourPoints(context), sayHour(hour, chanceOfHour(person, all, hour), isRestDay(person.day)))
  if (track !== null)
    for (const { kind, points: value, text, reasons } of track.doubts)
      push(familyOfDoubt[kind], value, { id: kind, sentence: text, reasons })
  return signals.sort((one, other) => other.points - one.points)
}
