/**
 * Who has fetched how much today, beside what is usual for them, for the console and `factorgate watch show`: what the store has, at most a
 * minute old, and what this process has counted since.
 */
import { type Clock, dayMs } from '../../clock.ts'
import type { Account } from '../../identity/account.ts'
import type { Store } from '../../store/store.ts'
import { usualOfFeature } from '../../unusual/baseline.ts'
import { at, fromScale, toScale } from '../../unusual/features.ts'
import { assumed, type Usual } from '../../unusual/group.ts'
import { movedDays, movedPlaces } from '../../unusual/moved.ts'
import type { Unwritten } from '../../unusual/people.ts'
import type { Person } from '../../unusual/person.ts'
import { personRecord, unpackPerson } from '../../unusual/records.ts'
import { type Level, levels } from '../../unusual/steps.ts'
import { PeerGroups, Peers } from './peers.ts'
import { RecordIndex } from './record-index.ts'

/** Bytes of a day. */
export interface UsualBytes {
  /** Three days in ten are below it. */
  readonly low: number
  readonly middle: number
  /** One day in twenty is above it. */
  readonly busy: number
}

export interface Mover {
  readonly account: Account
  /** A day is in UTC. */
  readonly bytes: number
  readonly usual: UsualBytes
  /** False while too few days are known: the usual is then an assumption, which nobody shows. */
  readonly isUsualKnown: boolean
  /** In standard days of this person, above the usual day. */
  readonly above: number
  /** The highest level of today. */
  readonly level: Level
  /** The days behind the usual. If they are few, the person's groups count more. */
  readonly ownDays: number
  /** Bytes of the last 14 days, today last. */
  readonly days: readonly number[]
}

export interface Movement {
  /** People with bytes today, the farthest above their usual first. */
  readonly movers: readonly Mover[]
  /** Their number on all pages. */
  readonly people: number
  /** How many are above a busy day. */
  readonly aboveBusy: number
  /** The bytes of all of them. */
  readonly bytes: number
  readonly page: number
  readonly pages: number
  /** When the watch begins to judge, in milliseconds since the epoch; null if it does now. */
  readonly learnsUntil: number | null
}

export interface MovementInput {
  readonly store: Store
  readonly clock: Clock
  readonly allAccounts: () => Promise<readonly Account[]>
  /** Seconds. */
  readonly learnSeconds: () => number
  /** What this process has counted and not written yet. */
  readonly unwritten: () => Iterable<Unwritten>
}

export interface MovementQuery {
  /** From 1. A missing page means the nearest one. */
  readonly page: number
  readonly pageSize: number
  /** Null for all. */
  readonly account: string | null
}

/** What is kept of each person while somebody looks. */
interface Figures {
  readonly day: number
  readonly bytes: number
  readonly alarm: number
  readonly ownDays: number
  readonly isUsualKnown: boolean
  readonly middle: number
  readonly spread: number
  /** Without today. */
  readonly earlier: Float32Array
}

export class Movements {
  readonly #input: MovementInput
  readonly #index: RecordIndex<Figures>
  readonly #peers: Peers
  #groups = new PeerGroups(new Map(), 0)
  #accounts: ReadonlyMap<string, Account> = new Map()

  constructor(input: MovementInput) {
    const { store, clock } = input
    this.#input = input
    this.#peers = new Peers(store, clock)
    this.#index = new RecordIndex({
      store,
      prefix: personRecord.prefix,
      read: (text, id) => {
        const record = personRecord.parseIfKnown(text)
        return record === null ? null : this.#figuresOf(unpackPerson(record), id)
      }
    })
  }

  /** Rejects with StoreUnreachable. */
  async today({ page, pageSize, account }: MovementQuery): Promise<Movement> {
    const { clock, allAccounts, learnSeconds } = this.#input
    const now = clock()
    const day = Math.floor(now / dayMs)
    const all = await allAccounts()
    this.#accounts = new Map(all.map(one => [one.id, one]))
    this.#groups = await this.#peers.load(() => all.flatMap(({ groups }) => groups), day)
    const movers: Mover[] = []
    for (const [id, figures] of this.#withUnwritten(await this.#index.all(), day)) {
      const person = this.#accounts.get(id)
      if (person === undefined || figures.day !== day || figures.bytes <= 0) continue
      if (account === null || account === id) movers.push(moverOf(person, figures))
    }
    movers.sort((one, other) => other.above - one.above || other.bytes - one.bytes)
    const pages = Math.max(1, Math.ceil(movers.length / pageSize))
    const shown = Math.min(Math.max(1, page), pages)
    const learnsUntil = this.#groups.everybody.since * dayMs + learnSeconds() * 1000
    return {
      movers: movers.slice((shown - 1) * pageSize, shown * pageSize),
      people: movers.length,
      aboveBusy: movers.filter(({ bytes, usual, isUsualKnown }) => isUsualKnown && bytes > usual.busy).length,
      bytes: movers.reduce((sum, { bytes }) => sum + bytes, 0),
      page: shown,
      pages,
      learnsUntil: learnsUntil > now ? learnsUntil : null
    }
  }

  close(): void {
    this.#index.close()
  }

  #withUnwritten(stored: ReadonlyMap<string, Figures>, day: number): ReadonlyMap<string, Figures> {
    const all = new Map(stored)
    for (const { account, day: countedOn, bytes, alarm } of this.#input.unwritten()) {
      if (countedOn !== day) continue
      const before = all.get(account)
      const figures = before ?? this.#newcomer(account, day)
      // The record may still be yesterday's.
      const isToday = before?.day === day
      all.set(account, {
        ...figures,
        day,
        bytes: (isToday ? figures.bytes : 0) + bytes,
        alarm: Math.max(isToday ? figures.alarm : 0, alarm),
        earlier: isToday || before === undefined ? figures.earlier : laterBy(figures, day - before.day)
      })
    }
    return all
  }

  #newcomer(account: string, day: number): Figures {
    const usual = this.#groups.usual(this.#accounts.get(account)?.groups ?? [], day)
    return {
      day,
      bytes: 0,
      alarm: 0,
      ownDays: 0,
      isUsualKnown: isKnownUsual(0, usual),
      middle: usual.middle[at.bytes]!,
      spread: usual.spread[at.bytes]!,
      earlier: new Float32Array(movedDays - 1)
    }
  }

  #figuresOf(person: Person, id: string): Figures {
    const { day, numbers, alarm, ringCount } = person
    const groups = this.#accounts.get(id)?.groups ?? []
    const peers = this.#groups.usual(groups, day)
    const [middle, spread] = usualOfFeature(person, peers, at.bytes)
    const isUsualKnown = isKnownUsual(ringCount, peers)
    const earlier = new Float32Array(movedDays - 1)
    for (let age = 1; age < movedDays; age++) earlier[movedDays - 1 - age] = bytesOfDay(person, age)
    return { day, bytes: numbers[at.bytes]!, alarm, ownDays: ringCount, isUsualKnown, middle, spread, earlier }
  }
}

/** The bytes of all apps. `age`: days before the person's day. */
export function bytesOfDay({ moved, day }: Person, age: number): number {
  let sum = 0
  for (let place = 0; place < movedPlaces; place++) sum += moved.bytesOf(place, day, age)
  return sum
}

export function isKnownUsual(ownDays: number, peers: Usual): boolean {
  return ownDays > 0 || peers !== assumed
}

export function usualBytes(middle: number, spread: number): UsualBytes {
  const bytes = (value: number) => Math.max(0, fromScale(at.bytes, value))
  return { low: bytes(middle - 0.52 * spread), middle: bytes(middle), busy: bytes(middle + 1.64 * spread) }
}

function moverOf(account: Account, { bytes, middle, spread, alarm, ownDays, isUsualKnown, earlier }: Figures): Mover {
  return {
    account,
    bytes,
    usual: usualBytes(middle, spread),
    isUsualKnown,
    above: (toScale(at.bytes, bytes) - middle) / spread,
    level: levels[alarm] ?? 'quiet',
    ownDays,
    days: [...earlier, bytes]
  }
}

/** The days of somebody who was last seen some days ago; that day becomes an earlier one. */
function laterBy({ earlier, bytes }: Figures, days: number): Float32Array {
  const all = [...earlier, bytes, ...new Array<number>(Math.min(Math.max(0, days - 1), movedDays)).fill(0)]
  return Float32Array.from(all.slice(1 - movedDays))
}
