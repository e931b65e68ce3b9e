/** Learns from exchanges what is usual for a person, and says when something is not. */
import { hourMs } from '../clock.ts'
import { reason } from '../reasons/reason.ts'
import { browserOf } from '../request/user-agent.ts'
import { isOfOthers, judgedPath } from './areas.ts'
import { noteMark } from './client-mark.ts'
import { at, toScale } from './features.ts'
import { everyone } from './group.ts'
import { find, note } from './known-list.ts'
import { isFirstInArea, type Live } from './live.ts'
import type { UsageObservation } from './observation.ts'
import { type LedPart, ledOf, noteAfter, noteBefore, OwnDay } from './own-day.ts'
import { PeopleInMemory, type PeopleOptions } from './people.ts'
import { known, number, ownStrangeToday, slotMs, strangeToday, today, usedElsewhere } from './person.ts'
import { beginsIn, type FindPlace, notePlace, noteProvedPlace } from './places.ts'
import { hashText, readPath } from './read-path.ts'
import { hasMore, riseOf } from './rise.ts'
import { holds, isSampled } from './sampled-set.ts'
import {
  familiesInLastScore,
  lastScoreOfToday,
  lastScoreWithoutHauls,
  type Signal,
  scoreOf,
  signalsOf
} from './score.ts'
import { levels, type UnusualLevel } from './steps.ts'
import { alarmingFrom, thresholds } from './thresholds.ts'
import { type DoubtFacts, Track } from './track.ts'
import { Waiting } from './waiting.ts'
import { noteForeignWrite, noteWrite, writeOf } from './writes.ts'

export interface UnusualVerdict {
  readonly level: UnusualLevel
  readonly account: string
  readonly session: string
  readonly app: string
  readonly at: number
  readonly score: number
  /** The strongest first. */
  readonly signals: readonly Signal[]
  /** The watch only reports then. */
  readonly isLearning: boolean
  readonly isShared: boolean
  /** True if only led requests reach the level. */
  readonly isSpared: boolean
  /** Null if it is too little to mention. */
  readonly led: LedPart | null
}

export interface UnusualOptions extends Omit<PeopleOptions, 'isKept'> {
  readonly isKept?: boolean
  readonly findPlace: FindPlace
  /** Multiplies thresholds: below 1 in an elevated posture. */
  readonly sensitivity?: (app: string) => number
}

const morePointsOfProgram = 8
/** `extreme` needs so many families with `extremeFamilyPoints` each. */
const extremeFamilies = 4
const extremeFamilyPoints = 12
/** The score is worked out after so many requests or bytes. */
const lookRequests = 8
const lookBytes = 4_000_000
const stoppedPoints = 30
/** Below this, a person's browsers usually send the headers. */
const fewBare = toScale(at.bare, 6)
const maxTracks = 20_000
const [alarming, extreme] = [levels.indexOf('alarming'), levels.indexOf('extreme')]

interface RequestFacts {
  object: number
  template: number
  id: number
  area: number
  isNewArea: boolean
  isForeign: boolean
}
/** Reused at each request. */
const facts: RequestFacts = { object: 0, template: 0, id: 0, area: 0, isNewArea: false, isForeign: false }

export class Unusual {
  readonly people: PeopleInMemory
  readonly #tracks = new Map<string, Track>()
  readonly #options: UnusualOptions
  readonly #appHashes = new Map<string, number>()
  readonly #waiting = new Waiting()

  constructor(options: UnusualOptions) {
    this.#options = options
    this.people = new PeopleInMemory({ isKept: false, ...options, onLoaded: live => this.#catchUp(live) })
  }

  /** Null while nothing new is unusual. */
  observe(observation: UsageObservation): UnusualVerdict | null {
    const { account, at: now } = observation
    if (account === null) return null
    const track = this.#track(observation.session)
    const live = this.people.live(account, now, observation.groups, track.live)
    track.live = live
    if (!live.isLoaded && this.#waiting.add(live, observation)) return null
    const isElsewhere = this.#count(live, track, observation)
    const isDue = isElsewhere || live.requests >= lookRequests || live.bytes >= lookBytes
    return isDue && live.isLoaded ? this.#look(live, track, observation) : null
  }

  /** True if the client or the place has changed. */
  #count(live: Live, track: Track, observation: UsageObservation): boolean {
    const { at: now, bytes, status } = observation
    const { person } = live
    const isElsewhere = track.address !== observation.address || track.userAgent !== observation.userAgent
    if (isElsewhere && live.isLoaded) {
      const isProved = track.provedOn === person.day && beginsIn(track, observation)
      notePlace(person, track, observation, this.#options.findPlace)
      if (isProved) noteProvedPlace(person, track)
    }
    track.seenAt = now
    turnSlot(live, Math.floor(now / slotMs))
    // From now on the person's own requests are counted separately.
    if (observation.isLed) person.own ??= OwnDay.of(person, live)
    const own = observation.isLed ? null : person.own
    if (own !== null) noteBefore(person, live)
    const app = this.#appHash(observation.app)
    const { object, area, template, id } = readPath(
      app,
      judgedPath(this.people, person, observation.groups, app, observation.path)
    )
    const areaIndex = find(person, known.areas, area)
    const isForeign = isOfOthers(this.people, person, observation.groups, area, areaIndex)
    if (observation.isFirst) {
      facts.object = object
      facts.template = template
      facts.id = id
      facts.area = area
      facts.isNewArea = areaIndex < 0
      facts.isForeign = isForeign
      this.#noteRequest(live, track, observation, facts)
      note(person, known.areas, area, person.day, person.day, areaIndex)
      if (writeOf(observation.method) !== null && observation.destination !== '')
        this.#noteDestination(live, app, observation)
    }
    if (bytes > 0) {
      if (isForeign) person.numbers[at.foreignBytes]! += bytes
      person.moved.add(app, bytes)
      noteBytes(live, track, bytes, now)
    }
    if (status !== null && (status === 401 || status === 403 || status === 404 || status === 429))
      person.numbers[at.refusals]!++
    if (own !== null) {
      noteAfter(own, person, live)
      own.hours |= hourBit(now)
    }
    return isElsewhere
  }

  #noteRequest(live: Live, track: Track, observation: UsageObservation, facts: RequestFacts): void {
    const { person } = live
    live.requests++
    person.hoursToday |= hourBit(observation.at)
    if (!observation.isSocket) this.#noteHeaders(live, track, observation)
    const write = writeOf(observation.method)
    const foreignBefore = person.numbers[at.foreignObjects]!
    // Uploads are not fetched data. A POST may also be a query, so it counts as a read too.
    if (write === null || observation.method === 'POST') this.#noteRead(live, track, observation, facts)
    if (write !== null) noteWrite(live, track, write, facts, person.numbers[at.foreignObjects]! > foreignBefore)
  }

  /** A COPY or MOVE may overwrite what others have. */
  #noteDestination(live: Live, app: number, { groups, destination }: UsageObservation): void {
    const { person } = live
    const { object, area } = readPath(app, judgedPath(this.people, person, groups, app, destination))
    if (isOfOthers(this.people, person, groups, area)) noteForeignWrite(live, object)
    note(person, known.areas, area, person.day)
  }

  /** Today's requests become the person's own. A proof counts once, over all gates and restarts. */
  proved(account: string, session: string, now: number, provedAt = now): void {
    const live = this.people.live(account, now, this.people.all.get(account)?.groups ?? [])
    if (!live.isLoaded) {
      live.earlyProof = { session, at: Math.max(provedAt, live.earlyProof?.at ?? 0) }
      return
    }
    const track = this.#track(session)
    if (live.person.proved === null || live.person.proved.at < provedAt) this.#accept(live, track, now, provedAt)
    track.settle()
    // A new session shows its proof before its first request is observed.
    track.provedOn = live.person.day
    if (track.address !== '') noteProvedPlace(live.person, track)
  }

  #catchUp(live: Live): void {
    for (const observation of this.#waiting.take(live)) this.#count(live, this.#track(observation.session), observation)
    live.isDirty = true
    const { account, lastAt, earlyProof } = live
    live.earlyProof = null
    if (earlyProof !== null) this.proved(account, earlyProof.session, lastAt, earlyProof.at)
  }

  #accept(live: Live, track: Track, now: number, provedAt: number): void {
    live.person.answered = Math.max(live.person.answered, this.#score(live, track, now))
    // A much higher amount demands a proof again.
    live.person.alarm = 0
    live.sparedOn = 0
    const { numbers } = live.person
    const times = (live.person.proved?.times ?? 0) + 1
    // What somebody elsewhere has fetched allows no more.
    const isOwn = !live.person.isUsedElsewhere
    const [bytes, objects] = isOwn ? [numbers[at.bytes]!, numbers[at.objects]!] : [0, 0]
    live.person.proved = { bytes, objects, times, at: provedAt }
    live.person.accept(track.hasDoubtOfClient)
    live.isDirty = true
  }

  /** Empty if another gate serves the session. */
  doubtsOf(session: string): readonly DoubtFacts[] {
    return this.#tracks.get(session)?.doubts ?? []
  }

  forget(session: string): void {
    this.#tracks.delete(session)
  }

  #noteHeaders(live: Live, track: Track, { fetchDest, userAgent = '' }: UsageObservation): void {
    const { person } = live
    const isBare = fetchDest === undefined || fetchDest === ''
    if (isBare && !track.isProgram) person.numbers[at.bare]!++
    if (track.isBareNow(!isBare)) {
      // A program under its own name sends no such headers.
      if (track.isBrowser && track.wasBrowser)
        track.raise(
          'stopped',
          stoppedPoints,
          'The client has stopped to send the headers that browsers send.',
          reason('stopped', {})
        )
      else if (track.isBrowser && this.people.usual(live).middle[at.bare]! < fewBare)
        track.raise(
          'disguised',
          stoppedPoints,
          `The client calls itself ${browserOf(userAgent)}, and sends none of the headers that it sends.`,
          reason('disguised', { browser: browserOf(userAgent) ?? '' })
        )
    }
  }

  #noteRead(live: Live, track: Track, { fetchDest, at: now }: UsageObservation, facts: RequestFacts): void {
    const { person } = live
    const { numbers, hashes } = person
    const { object } = facts
    const isCounted = isSampled(object, person.todayLevel)
    const isNewToday = isCounted && !holds(hashes, today, object)
    track.noteDocument(person, fetchDest === 'document', isNewToday)
    // Outside the sample, new and known are not told apart, and a row needs all its records.
    if (isNewToday || !isCounted) {
      track.noteRow(person, facts.template, facts.id)
      track.noteFile(now, object)
    }
    if (!isNewToday) return
    person.addObject(object)
    numbers[at.objects]! += person.objectWeight
    track.objects += person.objectWeight
    track.noteNew(person, now)
    if (facts.isNewArea && isFirstInArea(live, facts.area)) numbers[at.newAreas]!++
    if (!isSampled(object, person.pastLevel) || person.knows(object)) return
    const weight = 2 ** Math.max(person.todayLevel, person.pastLevel)
    numbers[at.newObjects]! += weight
    live.slotObjects += weight
    if (live.slotObjects > numbers[at.peakObjects]!) numbers[at.peakObjects] = live.slotObjects
    if (facts.isForeign) numbers[at.foreignObjects]! += weight
  }

  #look(live: Live, track: Track, observation: UsageObservation): UnusualVerdict | null {
    const { at: now, account, session, app } = observation
    live.requests = 0
    live.bytes = 0
    const { person } = live
    noteMark(person, track, observation)
    const score = this.#score(live, track, now)
    if (lastScoreOfToday(score) >= thresholds.strange) person.newToday |= strangeToday
    person.numbers[number.score] = Math.max(person.numbers[number.score]!, score - pointsLess(track))
    const rise = riseOf(track)
    const isMore = hasMore(person, track, rise, this.people.usual(live))
    const isAnswered = person.answered > 0 && score < person.answered + rise.points && !isMore
    const level = this.#levelOf(score, app, track, person.day, isMore)
    // The person's own requests may still become extreme.
    const isSpared = level === extreme && person.isLed && this.#ownLevel(live, track, app, now) < extreme
    if ((person.newToday & strangeToday) !== 0) this.#noteOwnStrange(live, track, now)
    const alarm = isSpared ? alarming : level
    const isSaid = alarm <= person.alarm && !(isSpared && person.alarm < extreme && live.sparedOn !== person.day)
    if (isSaid || isAnswered) return null
    person.alarm = alarm
    if (alarm >= alarming && track.isElsewhere) person.newToday |= usedElsewhere
    if (isSpared) live.sparedOn = person.day
    const all = this.people.group(everyone, person.day)
    return {
      level: levels[level] as UnusualLevel,
      account: account as string,
      session,
      app,
      at: now,
      score: Math.round(score),
      signals: signalsOf({ person, track, usual: this.people.usual(live), all, now }),
      isLearning: this.people.isLearning(now),
      isShared: track.isShared,
      isSpared,
      led: ledOf(person, this.people.usual(live), isSpared)
    }
  }

  #ownLevel(live: Live, track: Track, app: string, now: number): number {
    const { person } = live
    return this.#levelOf(this.#ownScore(live, track, now), app, track, person.day, false)
  }

  #noteOwnStrange(live: Live, track: Track, now: number): void {
    const { person } = live
    if ((person.newToday & ownStrangeToday) !== 0) return
    const isOwn = !person.isLed || lastScoreOfToday(this.#ownScore(live, track, now)) >= thresholds.strange
    if (isOwn) person.newToday |= ownStrangeToday
  }

  #ownScore(live: Live, track: Track, now: number): number {
    const { person } = live
    const all = this.people.group(everyone, person.day)
    return scoreOf({ person: person.withoutLed(), track, usual: this.people.usual(live), all, now })
  }

  #score(live: Live, track: Track | null, now: number): number {
    const { person } = live
    const all = this.people.group(everyone, person.day)
    return scoreOf({ person, track, usual: this.people.usual(live), all, now })
  }

  /** `isMore`: much more than a proof has allowed. */
  #levelOf(score: number, app: string, track: Track, day: number, isMore: boolean): number {
    const factor = this.#options.sensitivity?.(app) ?? 1
    if (score < thresholds.strange * factor) return 0
    // One of several clients has shown a proof, and one goes on.
    const isAlarming = this.#isAlarming(score / factor - pointsLess(track), day) || (track.isMixed && isMore)
    if (!isAlarming) return 1
    return lastScoreWithoutHauls(score) >= thresholds.extreme * factor &&
      familiesInLastScore(extremeFamilyPoints) >= extremeFamilies
      ? 3
      : 2
  }

  #isAlarming(score: number, day: number): boolean {
    return score >= thresholds.alarming && score >= alarmingFrom(this.people.group(everyone, day))
  }

  #track(session: string): Track {
    let track = this.#tracks.get(session)
    if (track !== undefined) return track
    if (this.#tracks.size >= maxTracks) this.#tracks.delete(this.#tracks.keys().next().value as string)
    track = new Track()
    this.#tracks.set(session, track)
    return track
  }

  #appHash(app: string): number {
    let hash = this.#appHashes.get(app)
    if (hash === undefined) {
      hash = hashText(app)
      this.#appHashes.set(app, hash)
    }
    return hash
  }
}

/** Begins the next ten minutes. The groups may have learned since. */
function turnSlot(live: Live, slot: number): void {
  if (slot === live.slot) return
  live.slot = slot
  live.usual = null
  live.slotBytes = 0
  live.slotObjects = 0
  live.slotWrites = 0
  const { own } = live.person
  if (own !== null) own.slotBytes = own.slotObjects = own.slotWrites = 0
}

function noteBytes(live: Live, track: Track, bytes: number, now: number): void {
  const { numbers } = live.person
  numbers[at.bytes]! += bytes
  live.slotBytes += bytes
  live.bytes += bytes
  track.bytes += bytes
  track.noteHaul(live.person, now, bytes)
  if (live.slotBytes > numbers[at.peakBytes]!) numbers[at.peakBytes] = live.slotBytes
}

function hourBit(now: number): number {
  return 1 << (Math.floor(now / hourMs) % 24)
}

/** A program cannot answer a question. */
function pointsLess(track: Track): number {
  return track.isProgram ? morePointsOfProgram : 0
}
