/** Runs people and thieves through the detectors, day by day, and counts what each has found, lost and disturbed. */
import { Day } from './day.ts'
import type { Detector } from './detectors.ts'
import { dayMs, type Event, hourMs } from './events.ts'
import { type Institute, makeInstitute, type Person } from './institute.ts'
import type { Random } from './random.ts'
import { theftEvents } from './theft-events.ts'
import { plant, type Theft } from './thefts.ts'
import { Timeline } from './timeline.ts'

interface Simulation {
  readonly seed: number
  readonly persons: number
  readonly days: number
  readonly learnDays: number
  readonly theftsOfEach: number
}

/** A Monday, four weeks before the end of summer time. */
export const firstDay = Date.UTC(2026, 8, 28)

/** How often what is due is loaded and written. A gate looks every second, and writes an ordinary person once a minute. */
const tickMs = 180_000
/** What cannot wait for it. */
const urgentMs = 1000

export interface TheftState {
  readonly theft: Theft
  /** Of the owner's answers: the same for each detector. */
  readonly random: Random
  firstAt: number | null
  lost: number
  /** When the detector first asked for a proof or suspended. */
  actedAt: number | null
  noticedAt: number | null
  isStopped: boolean
  isSuspended: boolean
  asked: number
}

export interface Tally {
  readonly detector: Detector
  readonly thefts: TheftState[]
  /** Verdicts that ask an honest person for a proof. */
  falseStepUps: number
  /** Proofs that honest people had to show: one for each session in use. */
  falseProofs: number
  falseSuspensions: number
  falseNotices: number
  readonly suspended: Set<string>
  readonly watcher: Watcher | null
}

/** Is told what happens with the first detector. */
interface Watcher {
  note(state: TheftState, event: Event, answer: string): void
  noteFalse(event: Event, answer: string): void
}

/**
 * An owner at work, whose session a thief shares, is asked too. The page says what has left. So many take it for routine the first time, and so
 * many later. (Of simple approvals that nobody asked for, one in a hundred is accepted: Microsoft 2022, "Defend your users from MFA fatigue
 * attacks". Here people are at work and expect questions.) Who does not, tells the operators, and the theft is over. A session that was ended
 * is begun anew in the same way, and a program on the owner's laptop goes on with it.
 */
const ownerAnswers = { first: 0.5, later: 0.2 } as const

export interface Outcome {
  readonly simulation: Simulation
  readonly tallies: readonly Tally[]
  readonly events: number
  /** Days of people on which the detectors acted. */
  readonly personDays: number
}

export async function simulate(
  simulation: Simulation,
  detectors: readonly Detector[],
  watcher: Watcher | null = null
): Promise<Outcome> {
  const institute: Institute = makeInstitute(simulation.seed, simulation.persons, simulation.days)
  const thefts = plant(institute, simulation.theftsOfEach, simulation.days, simulation.learnDays)
  const tallies = detectors.map(detector => newTally(detector, thefts, detector === detectors[0] ? watcher : null))
  const theftOf = new Map(thefts.map(theft => [theft.person.account, theft]))
  const timeline = new Timeline()
  let settledAt = firstDay
  const settle = async (now: number) => {
    settledAt = now
    await Promise.all(detectors.map(detector => detector.settle(now)))
  }
  let events = 0
  let personDays = 0
  /** False where the thief is stopped everywhere. */
  const deliverAll = (event: Event) => {
    events++
    const active = theftAt(theftOf.get(event.account), event)
    let isWanted = event.theft === null
    for (const tally of tallies) if (deliver(tally, event, active)) isWanted = true
    return isWanted
  }
  for (let day = 0; day < simulation.days; day++) {
    const start = firstDay + day * dayMs
    for (const person of institute.people) {
      if (day >= simulation.learnDays && day >= person.startDay) personDays++
      timeline.add(new Day(person, day, start).make()[Symbol.iterator]())
      const theft = theftOf.get(person.account)
      if (theft !== undefined && theft.startDay <= day && day <= theft.endDay)
        timeline.add(theftEvents(theft, day, start))
    }
    let dueAt = Number.POSITIVE_INFINITY
    for (;;) {
      const tickAt = Math.min(settledAt + tickMs, start + dayMs)
      const event = timeline.before(Math.min(dueAt, tickAt))
      if (event === null) {
        const now = Math.min(dueAt, tickAt)
        await settle(now)
        dueAt = Number.POSITIVE_INFINITY
        if (now === start + dayMs) break
        continue
      }
      timeline.shift(deliverAll(event))
      if (dueAt > event.at + urgentMs && detectors.some(({ isDue }) => isDue)) dueAt = event.at + urgentMs
    }
  }
  return { simulation, tallies, events, personDays }
}

/** The theft that goes on, if one does: those of the last day may last longer. */
function theftAt(theft: Theft | undefined, { at, theft: id }: Event): Theft | null {
  if (theft === undefined || id !== null) return theft ?? null
  const day = Math.floor((at - firstDay) / dayMs)
  return theft.startDay <= day && day <= theft.endDay ? theft : null
}

function newTally(detector: Detector, thefts: readonly Theft[], watcher: Watcher | null): Tally {
  return {
    detector,
    thefts: thefts.map(theft => ({
      theft,
      random: theft.random.fork(7),
      firstAt: null,
      lost: 0,
      actedAt: null,
      noticedAt: null,
      isStopped: false,
      isSuspended: false,
      asked: 0
    })),
    falseStepUps: 0,
    falseProofs: 0,
    falseSuspensions: 0,
    falseNotices: 0,
    suspended: new Set<string>(),
    watcher
  }
}

/** False where the event is of a thief who has been stopped. */
function deliver(tally: Tally, event: Event, active: Theft | null): boolean {
  const { detector } = tally
  const state = active === null ? null : tally.thefts[active.id]!
  const isTheft = event.theft !== null
  if (isTheft && state!.isStopped) return false
  if (tally.suspended.has(event.account)) return true
  let heard = detector.observe(event)
  if (heard.isRefused) {
    if (!prove(tally, event, state)) return false
    heard = detector.observe(event)
  }
  if (isTheft) {
    state!.firstAt ??= event.at
    state!.lost += event.harm
    tally.watcher?.note(state!, event, heard.answer)
  }
  count(tally, event, state, heard.answer)
  if (isTheft && state!.isStopped) return false
  // Whoever has only the old cookie is out.
  if (heard.isEnded && state !== null && state.firstAt !== null && state.theft.access === 'cookie')
    state.isStopped = true
  if ((heard.isHeld || heard.isEnded) && !prove(tally, event, state)) {
    detector.cut(event)
    return false
  }
  return !(isTheft && state!.isStopped)
}

function count(tally: Tally, event: Event, state: TheftState | null, answer: string): void {
  if (answer === 'nothing') return
  const isTrue = state !== null && state.firstAt !== null
  if (isTrue) state.noticedAt ??= event.at
  if (isTrue && answer !== 'notice') state.actedAt ??= event.at
  if (isTrue && answer === 'suspend') {
    state.isStopped = true
    state.isSuspended = true
    tally.suspended.add(event.account)
  }
  if (isTrue) return
  // An operator resumes an honest person on the same day.
  if (answer === 'suspend') tally.falseSuspensions++
  else if (answer === 'step-up') tally.falseStepUps++
  else tally.falseNotices++
  if (answer !== 'notice') tally.watcher?.noteFalse(event, answer)
}

/** True if somebody shows a proof in this session. It lets everything in the session go on, the thief too. */
function prove(tally: Tally, event: Event, state: TheftState | null): boolean {
  const { detector } = tally
  const isUnderTheft = state !== null && state.firstAt !== null
  if (!isUnderTheft) tally.falseProofs++
  if (state === null || !isUnderTheft || state.isStopped || state.theft.access === 'person') {
    detector.proved(event)
    return true
  }
  state.actedAt ??= event.at
  const isOwner = event.theft === null
  // What the owner shows elsewhere does not help a thief in another session.
  if (isOwner && !isShared(event)) {
    detector.proved(event)
    return true
  }
  state.asked++
  const isAnswered =
    (isOwner || isAtWork(state.theft.person, event)) &&
    state.random.chance(state.asked === 1 ? ownerAnswers.first : ownerAnswers.later)
  if (!isAnswered) state.isStopped = true
  // The owner goes on with their work in any case.
  if (isAnswered || isOwner) detector.proved(event)
  return isAnswered || isOwner
}

/** Thieves go on with the first session of a day. */
function isShared({ session }: Event): boolean {
  return session.endsWith('/0')
}

function isAtWork(person: Person, { at }: Event): boolean {
  const hour = (at % dayMs) / hourMs
  // Some work until after midnight.
  return [hour, hour + 24].some(each => each > person.begin && each < person.end)
}
