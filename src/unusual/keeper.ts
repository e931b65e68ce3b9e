/** Loads and writes people and groups in batches; all gates of a store share them. */
import { type Clock, dayMs } from '../clock.ts'
import { inBatches, inSlices } from '../store/batches.ts'
import type { Store } from '../store/store.ts'
import { usualFor } from './baseline.ts'
import { endDay, type Lesson } from './end-day.ts'
import { featureCount } from './features.ts'
import { everyone, Group } from './group.ts'
import type { Carry, Live } from './live.ts'
import { mergeInto } from './merge.ts'
import { movedPlaces } from './moved.ts'
import { OwnDay } from './own-day.ts'
import type { PeopleInMemory } from './people.ts'
import { countedToday, ownAmountsAt, type Person } from './person.ts'
import {
  groupId,
  groupRecord,
  keepSeconds,
  packGroup,
  packPerson,
  personRecord,
  unpackGroup,
  unpackPerson
} from './records.ts'

interface KeeperOptions {
  readonly people: PeopleInMemory
  readonly store: Store
  readonly clock: Clock
  /** Null when the store works again. */
  readonly onProblem: (problem: Error | null) => void
  readonly isShared: boolean
}

const tickMs = 1000
/** The interval of writes without an alarm. */
const calmMs = 60_000
/** The interval with an alarm, on a gate alone on its store. */
const alarmedMs = 10_000
/** Then a person without requests leaves the memory. */
const idleMs = 600_000
/** Then an idle person's memory is packed. */
const restMs = 2000
const noneSynced = new Float64Array(movedPlaces)

export class Keeper {
  readonly #options: KeeperOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | null = null
  #hasProblem = false
  #groupsAt = 0

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => void this.tick(), tickMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
    await this.tick(true)
  }

  /** Never rejects. Parallel calls share one run. */
  tick(isEnd = false): Promise<void> {
    this.#running ??= this.#tick(isEnd).finally(() => {
      this.#running = null
    })
    return this.#running
  }

  async #tick(isEnd: boolean): Promise<void> {
    const { people, clock } = this.#options
    const now = clock()
    try {
      await this.#syncGroups(now, isEnd)
      const due: Live[] = []
      for (const live of people.all.values()) {
        const idle = now - live.lastAt
        if (isEnd || this.#isDue(live, now)) due.push(live)
        else if (!live.isDirty && idle > idleMs) people.forget(live)
        else if (idle > restMs) live.person.rest()
        if (idle > calmMs) live.usual = null
      }
      const sync = (live: Live) => this.#syncPerson(live, now)
      if (isEnd) {
        await inBatches(due, sync, undefined, { goesOn: true })
        // What waited for the first writing is counted now.
        const late = due.filter(({ isDirty }) => isDirty)
        await inBatches(late, sync, undefined, { goesOn: true })
      } else await inSlices(due, sync)
      this.#report(null)
    } catch (error) {
      this.#report(error as Error)
    }
  }

  #isDue({ isDirty, isLoaded, person, syncedAt, syncedAlarm, syncedProof }: Live, now: number): boolean {
    if (!isDirty) return false
    if (!isLoaded || now < syncedAt || (person.alarm > 0 && person.alarm !== syncedAlarm)) return true
    // Until this is written, other gates think that the alarm stands, and ask for nothing more.
    if (person.proved !== null && person.proved.at !== syncedProof) return true
    const everyMs = person.alarm === 0 ? calmMs : this.#options.isShared ? 0 : alarmedMs
    return now - syncedAt >= everyMs
  }

  #report(problem: Error | null): void {
    if ((problem !== null) === this.#hasProblem) return
    this.#hasProblem = problem !== null
    this.#options.onProblem(problem)
  }

  async #syncPerson(live: Live, now: number): Promise<void> {
    const { people, store } = this.#options
    live.isDirty = false
    const counted = countedToday(live.person)
    const { carry } = live
    let lesson: { readonly what: Lesson; readonly day: number } | null = null
    let merged: Person
    try {
      merged = await personRecord.change<Person>(store, live.account, record => {
        lesson = null
        const stored = record === null ? unpackPerson(packPerson(live.person)) : unpackPerson(record)
        if (record !== null) {
          if (carry !== null && carry.day === stored.day) addCarry(stored, carry)
          if (stored.day < live.person.day) {
            const usual = usualFor(stored, people.peers(live.groups, stored.day))
            const what = endDay(stored, usual, live.person.day, people.isLearning(stored.day * dayMs))
            if (what !== null) lesson = { what, day: live.person.day }
          }
          // The clock was ahead when this was written.
          if (stored.day > live.person.day + 1) stored.day = live.person.day
          mergeInto(stored, live.person, live.person.synced)
        }
        return { next: packPerson(stored), result: stored, ttlSeconds: keepSeconds }
      })
    } catch (error) {
      live.isDirty = true
      throw error
    }
    if (lesson !== null) {
      const { what, day } = lesson as { readonly what: Lesson; readonly day: number }
      people.teach(what, live.groups, day)
    }
    const wasLoaded = live.isLoaded
    if (live.carry === carry) live.carry = null
    live.isLoaded = true
    live.syncedAt = now
    live.syncedAlarm = merged.alarm
    live.syncedProof = merged.proved?.at ?? 0
    // A day has ended meanwhile; the next writing joins the two.
    if (live.person.day !== merged.day) return
    const written = countedToday(merged)
    const before = live.person
    live.person = mergeInto(merged, before, counted)
    const isOtherPast = live.person.ringNext !== before.ringNext || live.person.ringCount !== before.ringCount
    if (isOtherPast || !wasLoaded) live.usual = null
    live.person.synced.set(written)
    people.loaded(live)
  }

  async #syncGroups(now: number, isEnd: boolean): Promise<void> {
    const { people, store } = this.#options
    const isTime = isEnd || now - this.#groupsAt >= calmMs || now < this.#groupsAt
    people.group(everyone, Math.floor(now / dayMs))
    people.noteTime(now)
    const due = [...people.groups].filter(([, { isLoaded }]) => !isLoaded || isTime)
    if (isTime) this.#groupsAt = now
    await inBatches(due, async ([name, kept]) => {
      const { pending } = kept
      kept.pending = null
      try {
        const group = await groupRecord.change<Group>(store, groupId(name), record => {
          const known = record === null ? null : unpackGroup(record)
          if (known === null && pending === null && name !== everyone) return { result: kept.group }
          const next = known ?? new Group(kept.group.since)
          const since = name === everyone ? people.learnsSince(next.since) : next.since
          const isPutRight = since !== next.since
          next.since = since
          if (pending !== null) next.addAll(pending)
          else if (known !== null && !isPutRight) return { result: next }
          return { next: packGroup(next), result: next, ttlSeconds: keepSeconds }
        })
        const learnedSince = people.groups.get(name)?.pending ?? null
        people.replaceGroup(name, learnedSince === null ? group : withPending(group, learnedSince), learnedSince)
      } catch (error) {
        const later = people.groups.get(name)
        if (later !== undefined && pending !== null) later.pending = withPending(pending, later.pending)
        throw error
      }
    })
  }
}

function withPending(group: Group, more: Group | null): Group {
  if (more !== null) group.addAll(more)
  return group
}

function addCarry(person: Person, { amounts, apps }: Carry): void {
  const { numbers, moved } = person
  const ownAmounts = amounts.subarray(ownAmountsAt)
  const isAllOwn = ownAmounts.every((amount, i) => amount >= amounts[i]!)
  if (person.own !== null || !isAllOwn) {
    person.own ??= OwnDay.of(person, null)
    for (let i = 0; i < featureCount; i++) person.own.numbers[i]! += ownAmounts[i]!
  }
  for (let i = 0; i < featureCount; i++) numbers[i]! += amounts[i]!
  moved.addSince({ apps, today: amounts.subarray(featureCount, ownAmountsAt) }, noneSynced)
}
