/** Runs people and thieves through the detectors, day by day, and counts what each has found, lost and disturbed. */
import type { Detector } from './detectors.ts'
import { type Institute, makeInstitute, type Person } from './institute.ts'
import { plant, type Theft, type TheftKind, theftEvents, theftKinds } from './thefts.ts'
import { Day, dayMs, type Event, hourMs } from './visits.ts'

export interface Simulation {
  readonly seed: number
  readonly persons: number
  readonly days: number
  readonly learnDays: number
  readonly theftsOfEach: number
}

/** A Monday. */
export const firstDay = Date.UTC(2026, 8, 7)

interface TheftState {
  readonly theft: Theft
  firstAt: number | null
  lost: number
  /** When the detector first asked for a proof or suspended. */
  actedAt: number | null
  noticedAt: number | null
  isStopped: boolean
  asked: number
}

export interface Tally {
  readonly detector: Detector
  readonly thefts: TheftState[]
  falseStepUps: number
  falseSuspensions: number
  falseNotices: number
  readonly suspended: Set<string>
  readonly onFalse: ((event: Event, answer: string) => void) | null
}

/**
 * An owner at work, whose session a thief shares, is asked too. The page says what has left. So many take it for routine the first time, and so
 * many later. (Of simple approvals that nobody asked for, one in a hundred is accepted: Microsoft 2022, "Defend your users from MFA fatigue
 * attacks". Here people are at work and expect questions.)
 */
const ownerAnswers = { first: 0.5, later: 0.2 } as const

export interface Outcome {
  readonly simulation: Simulation
  readonly tallies: readonly Tally[]
  readonly events: number
  /** Days of people on which the detectors acted. */
  readonly personDays: number
}

export function simulate(
  simulation: Simulation,
  detectors: readonly Detector[],
  onFalse: Tally['onFalse'] = null
): Outcome {
  const institute: Institute = makeInstitute(simulation.seed, simulation.persons, simulation.days)
  const thefts = plant(institute, simulation.theftsOfEach, simulation.days, simulation.learnDays)
  const tallies = detectors.map(detector => ({
    detector,
    thefts: thefts.map(theft => ({
      theft,
      firstAt: null,
      lost: 0,
      actedAt: null,
      noticedAt: null,
      isStopped: false,
      asked: 0
    })),
    falseStepUps: 0,
    falseSuspensions: 0,
    falseNotices: 0,
    suspended: new Set<string>(),
    onFalse: detector === detectors[0] ? onFalse : null
  }))
  const carried = new Map<Person, Event[]>()
  let events = 0
  let personDays = 0
  for (let day = 0; day < simulation.days; day++) {
    const start = firstDay + day * dayMs
    for (const person of institute.people) {
      if (day >= simulation.learnDays && day >= person.startDay) personDays++
      const own = [...(carried.get(person) ?? []), ...new Day(person, day, start).make()].sort((a, b) => a.at - b.at)
      const late = own.findIndex(({ at }) => at >= start + dayMs)
      carried.set(person, late < 0 ? [] : own.splice(late))
      const active = thefts.find(theft => theft.person === person && theft.startDay <= day && day <= theft.endDay)
      for (const event of merged(own, active === undefined ? null : theftEvents(active, day, start))) {
        events++
        let isWanted = event.theft === null
        for (const tally of tallies) if (deliver(tally, event, active ?? null)) isWanted = true
        if (!isWanted) break
      }
      // What the owner does after the thief was stopped everywhere.
      if (active !== undefined)
        for (const event of own) if (!seen.has(event)) for (const tally of tallies) deliver(tally, event, active)
      seen.clear()
    }
  }
  return { simulation, tallies, events, personDays }
}

const seen = new Set<Event>()

function* merged(own: readonly Event[], thief: Generator<Event> | null): Generator<Event> {
  let next = thief?.next()
  for (const event of own) {
    while (next !== undefined && !next.done && next.value.at < event.at) {
      yield next.value
      next = thief!.next()
    }
    if (thief !== null) seen.add(event)
    yield event
  }
  while (next !== undefined && !next.done) {
    yield next.value
    next = thief!.next()
  }
}

/** False where the event is of a thief who has been stopped. */
function deliver(tally: Tally, event: Event, active: Theft | null): boolean {
  const { detector } = tally
  const state = active === null ? null : tally.thefts[active.id]!
  const isTheft = event.theft !== null
  if (isTheft && state!.isStopped) return false
  if (tally.suspended.has(event.account as string)) return true
  const answer = detector.observe(event)
  if (isTheft) {
    state!.firstAt ??= event.at
    state!.lost += event.bytes
  }
  if (answer === 'nothing') return true
  const isTrue = state !== null && state.firstAt !== null
  if (answer === 'notice') {
    if (isTrue) state.noticedAt ??= event.at
    else tally.falseNotices++
    return true
  }
  if (isTrue) state.actedAt ??= event.at
  else tally.onFalse?.(event, answer)
  if (answer === 'suspend') {
    if (isTrue) state.isStopped = true
    else tally.falseSuspensions++
    // An operator resumes an honest person on the same day.
    if (isTrue) tally.suspended.add(event.account as string)
    else detector.proved(event)
    return true
  }
  if (!isTrue) {
    tally.falseStepUps++
    detector.proved(event)
    return true
  }
  if (mayGoOn(state!, event)) detector.proved(event)
  else state!.isStopped = true
  return true
}

/** True if whoever is asked because of the theft shows a proof that lets the thief go on. */
function mayGoOn(state: TheftState, event: Event): boolean {
  const { theft } = state
  state.asked++
  if (theft.canAnswer) return true
  if (!theft.isShared || !isAtWork(theft.person, event)) return false
  return theft.random.chance(state.asked === 1 ? ownerAnswers.first : ownerAnswers.later)
}

function isAtWork(person: Person, { at }: Event): boolean {
  const hour = (at % dayMs) / hourMs
  return hour > person.begin && hour < person.end
}

export interface Summary {
  readonly planted: number
  readonly detected: number
  readonly shareLost: number
  readonly shareLostMedian: number
  readonly shareLostMost: number
  readonly hoursToAct: number | null
  readonly hoursToActMost: number | null
  readonly noticed: number
  /** The share of all that was found in time. */
  readonly foundInTime: number
}

export function summarise(
  tally: Tally,
  kind: TheftKind,
  filter: (theft: Theft) => boolean = () => true,
  hoursMost = Number.POSITIVE_INFINITY
): Summary {
  const all = tally.thefts.filter(({ theft, firstAt }) => theft.kind === kind && firstAt !== null && filter(theft))
  const hours = all
    .flatMap(({ actedAt, firstAt }) => (actedAt === null ? [] : [(actedAt - firstAt!) / hourMs]))
    .sort((a, b) => a - b)
  const shares = all.map(({ lost, theft }) => Math.min(1, lost / theft.target)).sort((a, b) => a - b)
  return {
    planted: all.length,
    detected: hours.length,
    noticed: all.filter(({ noticedAt, actedAt }) => noticedAt !== null || actedAt !== null).length,
    shareLost: round(shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length)),
    shareLostMedian: round(shares[Math.floor(shares.length / 2)] ?? 0),
    foundInTime: hours.filter(each => each <= hoursMost).length / Math.max(1, all.length),
    shareLostMost: round(Math.max(0, ...shares)),
    hoursToAct: hours.length === 0 ? null : round(hours[Math.floor(hours.length / 2)]!),
    hoursToActMost: hours.length === 0 ? null : round(hours.at(-1)!)
  }
}

const round = (value: number) => Number(value.toPrecision(3))

export function jsonOf({ simulation, personDays }: Outcome, tally: Tally): object {
  return {
    ...(tally.detector.name === 'watch' ? {} : { baseline: tally.detector.name }),
    seed: simulation.seed,
    persons: simulation.persons,
    days: simulation.days,
    thefts: Object.fromEntries(
      theftKinds.map(kind => {
        const { planted, detected, hoursToAct, ...share } = summarise(tally, kind)
        // The typical theft; the mean is beside it, because few thefts make most of it.
        const shareLost = share.shareLostMedian
        return [kind, { planted, detected, shareLost, hoursToAct, shareLostMean: share.shareLost }]
      })
    ),
    falseStepUpsPerPersonWeek: round(tally.falseStepUps / (personDays / 7)),
    falseSuspensionsPerThousandPersonMonths: round((tally.falseSuspensions / (personDays / 30.44)) * 1000)
  }
}
