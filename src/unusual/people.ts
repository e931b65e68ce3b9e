/** People and groups in memory; keeper.ts loads and writes them. */
import { dayMs, RunningClock } from '../clock.ts'
import { usualFor } from './baseline.ts'
import { endDay, type Lesson } from './end-day.ts'
import { at } from './features.ts'
import { everyone, Group, type Usual, usualOf } from './group.ts'
import type { Live } from './live.ts'
import { countedToday, Person } from './person.ts'

export interface Unwritten {
  readonly account: string
  readonly day: number
  readonly bytes: number
  /** The index in `levels`. */
  readonly alarm: number
}

interface KeptGroup {
  /** The stored group, with what was learned here since. */
  readonly group: Group
  /** Learned since the last writing. */
  pending: Group | null
  isLoaded: boolean
}

export interface PeopleOptions {
  /** The watch only reports for so long. */
  readonly learnMs: () => number
  readonly isKept: boolean
  /** For a person with an early proof or waiting observations. */
  readonly onLoaded?: ((live: Live) => void) | undefined
  readonly onClockBack?: ((days: number) => void) | undefined
}

export class PeopleInMemory {
  readonly all = new Map<string, Live>()
  readonly groups = new Map<string, KeptGroup>()
  readonly #options: PeopleOptions
  readonly #running = new RunningClock()
  /** The wrong and the right first day of the learning, since the epoch. */
  #correction: { readonly from: number; readonly to: number } | null = null

  constructor(options: PeopleOptions) {
    this.#options = options
  }

  /** `known`: an earlier result for the session, which saves a look-up. */
  live(account: string, now: number, groups: readonly string[], known: Live | null = null): Live {
    const day = Math.floor(now / dayMs)
    this.noteTime(now)
    const isKnown = known !== null && known.account === account && !known.isForgotten
    let live = isKnown ? known : this.all.get(account)
    if (live === undefined) {
      live = {
        account,
        person: new Person(day),
        usual: null,
        groups,
        requests: 0,
        bytes: 0,
        slot: 0,
        slotBytes: 0,
        slotObjects: 0,
        slotWrites: 0,
        written: null,
        newAreas: null,
        sparedOn: 0,
        earlyProof: null,
        waiting: null,
        isLoaded: !this.#options.isKept,
        isDirty: true,
        isForgotten: false,
        lastAt: now,
        syncedAt: 0,
        syncedAlarm: 0,
        syncedProof: 0,
        carry: null
      }
      this.all.set(account, live)
    }
    live.groups = groups
    live.lastAt = now
    live.isDirty = true
    if (live.person.day !== day) this.#turn(live, day)
    return live
  }

  loaded(live: Live): void {
    if (live.earlyProof !== null || live.waiting !== null) this.#options.onLoaded?.(live)
  }

  forget(live: Live): void {
    live.isForgotten = true
    this.all.delete(live.account)
  }

  *unwritten(): Iterable<Unwritten> {
    for (const [account, { person, isDirty, waiting }] of this.all)
      if (isDirty) {
        const counted = Math.max(0, person.numbers[at.bytes]! - person.synced[at.bytes]!)
        const waits = waiting === null ? 0 : waiting.reduce((sum, { bytes }) => sum + bytes, 0)
        yield { account, day: person.day, bytes: counted + waits, alarm: person.alarm }
      }
  }

  usual(live: Live): Usual {
    live.usual ??= usualFor(live.person, this.peers(live.groups, live.person.day))
    return live.usual
  }

  peers(groups: readonly string[], day: number): Usual {
    return usualOf(
      groups.map(name => this.group(name, day)),
      this.group(everyone, day),
      day
    )
  }

  group(name: string, day: number): Group {
    return this.#kept(name, day).group
  }

  /** It also learns while the clock is in doubt. */
  isLearning(now: number): boolean {
    const all = this.groups.get(everyone)
    if (all === undefined || !all.isLoaded || this.#running.isUnsure) return true
    return now < all.group.since * dayMs + this.#options.learnMs()
  }

  /** The corrected first day of the learning, in days since the epoch. `since`: what the store says. */
  learnsSince(since: number): number {
    return this.#correction?.from === since ? this.#correction.to : since
  }

  /** Corrects a learning that began under a wrong clock; call it once a day. */
  noteTime(now: number): void {
    const before = this.#running.day ?? 0
    const all = this.groups.get(everyone)
    // Without a loaded group, today may become the first day.
    const since = all === undefined ? now : all.group.since * dayMs
    const right = this.#running.beginning(now, since, this.#options.learnMs())
    const back = before - (this.#running.day ?? 0)
    if (back > 0) this.#options.onClockBack?.(back)
    if (all === undefined || right === since) return
    const to = Math.floor(right / dayMs)
    this.#correction = { from: all.group.since, to }
    all.group.since = to
  }

  isCommon(groups: readonly string[], area: number): boolean {
    for (const name of groups) if (this.groups.get(name)?.group.isCommon(area) === true) return true
    return false
  }

  /** Of several gates, the one that ended the day in the store calls it. */
  teach({ values, hours, isRest, areas, score }: Lesson, groups: readonly string[], day: number): void {
    for (const name of [everyone, ...groups]) {
      const kept = this.#kept(name, day)
      kept.pending ??= new Group(kept.group.day)
      for (const group of this.#options.isKept ? [kept.group, kept.pending] : [kept.group]) {
        group.addDay(values, hours, isRest, score)
        for (const area of areas) group.addArea(area)
      }
    }
  }

  replaceGroup(name: string, group: Group, pending: Group | null): void {
    this.groups.set(name, { group, pending, isLoaded: true })
  }

  #kept(name: string, day: number): KeptGroup {
    let kept = this.groups.get(name)
    if (kept === undefined) {
      kept = { group: new Group(day), pending: null, isLoaded: !this.#options.isKept }
      this.groups.set(name, kept)
    }
    if (kept.group.day < day) kept.group.age(day)
    return kept
  }

  /** If the clock went back, the person goes on with their day. */
  #turn(live: Live, day: number): void {
    const { person } = live
    if (day < person.day) {
      // Gates' clocks may differ at midnight.
      if (person.day - day > 1) person.day = day
      return
    }
    if (this.#options.isKept) this.#carry(live)
    const lesson = endDay(person, this.usual(live), day, this.isLearning(person.day * dayMs))
    live.usual = null
    live.written = null
    live.newAreas = null
    if (lesson !== null && !this.#options.isKept) this.teach(lesson, live.groups, day)
  }

  #carry(live: Live): void {
    const { person } = live
    const { synced } = person
    const amounts = countedToday(person).map((amount, i) => Math.max(0, amount - synced[i]!))
    live.carry = { day: person.day, amounts, apps: person.moved.apps.slice() }
    synced.fill(0)
  }
}
