/** One person as the watch sees them: two weeks, apps, places, signals, and what it takes until a proof is asked for. */
import { type Clock, dayMs } from '../../clock.ts'
import type { Account } from '../../identity/account.ts'
import type { Device } from '../../session/session.ts'
import type { Store } from '../../store/store.ts'
import { usualFor } from '../../unusual/baseline.ts'
import { endDay } from '../../unusual/end-day.ts'
import { at, toScale } from '../../unusual/features.ts'
import type { Live } from '../../unusual/live.ts'
import { mergeInto } from '../../unusual/merge.ts'
import { movedDays, movedPlaces } from '../../unusual/moved.ts'
import { Person } from '../../unusual/person.ts'
import { bytesToReach } from '../../unusual/reach.ts'
import { hashText } from '../../unusual/read-path.ts'
import { packPerson, personRecord, unpackPerson } from '../../unusual/records.ts'
import { type Signal, scoreOf, signalsOf } from '../../unusual/score.ts'
import { type Level, levels } from '../../unusual/steps.ts'
import { alarmingFrom, thresholds } from '../../unusual/thresholds.ts'
import type { DoubtFacts } from '../../unusual/track.ts'
import { type KnownPlace, placesOf } from './known-places.ts'
import { bytesOfDay, isKnownUsual, type UsualBytes, usualBytes } from './movement.ts'
import { Peers } from './peers.ts'

export interface WatchedPerson {
  readonly account: Account
  /** False if the watch has never seen the person. */
  readonly isKnown: boolean
  readonly bytes: number
  readonly usual: UsualBytes
  /** As in `Mover`. */
  readonly isUsualKnown: boolean
  readonly above: number
  readonly ownDays: number
  /** Bytes of the last 14 days, today last. */
  readonly days: readonly number[]
  /** Null for apps without a place of their own, together. Most bytes first. */
  readonly apps: readonly { readonly app: string | null; readonly days: readonly number[] }[]
  /** Newest first. */
  readonly places: readonly KnownPlace[]
  readonly score: number
  readonly level: Level
  /** The strongest first. */
  readonly signals: readonly Signal[]
  /** The threshold of each level above `quiet`, under the posture of all apps. */
  readonly thresholds: Readonly<Record<Exclude<Level, 'quiet'>, number>>
  /** Bytes of today at which a proof is asked for, all else equal; null if no amount alone is enough. */
  readonly bytesToAlarm: number | null
  /** A fresh proof came today after something unusual. */
  readonly hasAnswered: boolean
  readonly learnsUntil: number | null
}

export interface WatchedPeopleInput {
  readonly store: Store
  readonly clock: Clock
  readonly accounts: { byId(id: string): Promise<Account | null> }
  /** What the posture leaves of thresholds for an app; null for all apps. */
  readonly scale: () => Promise<(app: string | null) => number>
  /** Seconds. */
  readonly learnSeconds: () => number
  /** The apps of the configuration. */
  readonly apps: () => readonly string[]
  /** The devices of the person's sessions, which give hashes their names. */
  readonly devicesOf: (account: string) => Promise<readonly { readonly session: string; readonly device: Device }[]>
  /** What this process has in memory. */
  readonly liveOf: (account: string) => Live | null
  /** What this process doubts about a session. */
  readonly doubtsOf: (session: string) => readonly DoubtFacts[]
}

export class WatchedPeople {
  readonly #input: WatchedPeopleInput

  constructor(input: WatchedPeopleInput) {
    this.#input = input
  }

  /** Null for a missing account. Rejects with StoreUnreachable. */
  async one(id: string): Promise<WatchedPerson | null> {
    const { store, clock, accounts, learnSeconds, devicesOf, liveOf, doubtsOf } = this.#input
    const account = await accounts.byId(id)
    if (account === null) return null
    const now = clock()
    const day = Math.floor(now / dayMs)
    const [record, devices, scale] = await Promise.all([
      personRecord.get(store, id),
      devicesOf(id),
      this.#input.scale()
    ])
    const groups = await new Peers(store, clock).load(() => account.groups, day)
    const learnsUntil = groups.everybody.since * dayMs + learnSeconds() * 1000
    const live = liveOf(id)
    const person =
      record === null ? (live === null ? new Person(day) : unpackPerson(packPerson(live.person))) : unpackPerson(record)
    if (person.day < day)
      endDay(person, usualFor(person, groups.usual(account.groups, person.day)), day, learnsUntil > now)
    if (record !== null && live !== null && live.person.day === person.day)
      mergeInto(person, live.person, live.person.synced)
    const peers = groups.usual(account.groups, day)
    const usual = usualFor(person, peers)
    const part = scale(null)
    const limits = {
      strange: thresholds.strange * part,
      alarming: alarmingFrom(groups.everybody) * part,
      extreme: thresholds.extreme * part
    }
    const doubts = devices.flatMap(({ session }) => doubtsOf(session))
    const context = { person, track: { doubts }, usual, all: groups.everybody, now }
    const [middle, spread] = [usual.middle[at.bytes]!, usual.spread[at.bytes]!]
    return {
      account,
      isKnown: record !== null || live !== null,
      bytes: person.numbers[at.bytes]!,
      usual: usualBytes(middle, spread),
      isUsualKnown: isKnownUsual(person.ringCount, peers),
      above: (toScale(at.bytes, person.numbers[at.bytes]!) - middle) / spread,
      ownDays: person.ringCount,
      days: lastDays(age => (age === 0 ? person.numbers[at.bytes]! : bytesOfDay(person, age))),
      apps: this.#appsOf(person),
      places: placesOf(
        person,
        devices.map(({ device }) => device)
      ),
      score: Math.round(scoreOf(context)),
      level: levels[person.alarm] ?? 'quiet',
      signals: signalsOf(context),
      thresholds: limits,
      bytesToAlarm: bytesToReach(context, limits.alarming),
      hasAnswered: person.answered > 0,
      learnsUntil: learnsUntil > now ? learnsUntil : null
    }
  }

  #appsOf({ moved, day }: Person): WatchedPerson['apps'] {
    const names = new Map(this.#input.apps().map(app => [hashText(app), app]))
    const rows: { app: string | null; days: readonly number[] }[] = []
    const rest = new Array<number>(movedDays).fill(0)
    for (let place = 0; place < movedPlaces; place++) {
      const days = lastDays(age => moved.bytesOf(place, day, age))
      const app = names.get(moved.apps[place]!) ?? null
      if (app === null) for (const [i, bytes] of days.entries()) rest[i]! += bytes
      else rows.push({ app, days })
    }
    rows.push({ app: null, days: rest })
    const sum = (days: readonly number[]) => days.reduce((total, bytes) => total + bytes, 0)
    return rows.filter(({ days }) => sum(days) > 0).sort((one, other) => sum(other.days) - sum(one.days))
  }
}

function lastDays(bytesOf: (age: number) => number): number[] {
  return Array.from({ length: movedDays }, (_, i) => bytesOf(movedDays - 1 - i))
}
