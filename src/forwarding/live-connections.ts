/**
 * Everything that is open at this moment: sockets, downloads, uploads, event streams. Owns who each belongs to and when its right
 * ends; refuses to let anything outlive the session that opened it.
 */

import type { App } from '../apps/route-table.ts'
import type { Clock } from '../clock.ts'
import type { ErrorCode } from '../errors.ts'
import type { Proof } from '../factor/proof.ts'
import type { Subject } from '../identity/subject.ts'

/** Why a WebSocket ends (RFC 6455 §7.4.1). */
export const closeCodes = { goingAway: 1001, policy: 1008 } as const
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes]

/** One open connection. `end` must not throw, and may be called more than once. */
export interface LiveEntry {
  readonly sessionId: string | null
  readonly accountId: string | null
  readonly appId: string
  /** The groups that the decision was made with. */
  readonly groups: readonly string[]
  /** Milliseconds since the epoch; null where only the session itself ends it. */
  readonly endsAt: number | null
  readonly isSocket: boolean
  /** Bytes moved so far, both ways: what grows is in use. */
  readonly bytesMoved: number
  /** The app that it was opened for, as the configuration of that time has it. */
  readonly app?: App
  /** What was asked, enough to judge it anew; made when it is read. */
  readonly asked?: LiveRequest
  /** The right to it was judged anew, and ends at another time. */
  renew?(endsAt: number | null): void
  /** `code` is for whoever has had no answer yet. */
  end(reason: string, closeCode: CloseCode, code?: ErrorCode): void
}

/** What a decision depends on, of something open. */
export interface LiveRequest {
  readonly host: string | undefined
  /** The target of its request line. */
  readonly target: string
  readonly method: string
  readonly destination: string | undefined
  readonly origin: string | undefined
  readonly address: string
  readonly subject: Subject | null
  readonly proofs: readonly Proof[]
  readonly sessionEndsAt: number | null
}

/** Judges what is open by the rules of now, and ends what they no longer permit (src/watch/live-review.ts). */
export interface Reviewer {
  /** False for what was judged by an older configuration. */
  knows(app: App): boolean
  /** `isCurrent`: false once a newer configuration has a reviewer of its own. Who judges later than at once has to ask. */
  look(entry: LiveEntry, isCurrent: () => boolean): void
}

/** So many are judged anew in one turn of the event loop. */
const lookedAtOnce = 250

/** How late a right may be seen to have ended, in milliseconds. */
const tickMs = 1_000

export class LiveConnections {
  readonly #clock: Clock
  readonly #all = new IndexedList(0)
  readonly #sessions = new Map<string, IndexedList>()
  readonly #accounts = new Map<string, IndexedList>()
  /** One timer for all of them; it runs while something is open. */
  #timer: NodeJS.Timeout | undefined
  /** Sockets are told to go; requests may finish. */
  #isDraining = false
  #isClosed = false
  #reviewer: Reviewer | null = null

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  get size(): number {
    return this.#all.size
  }

  /** Takes an entry in. A socket after `drain`, and anything after `close`, is ended at once. */
  add(entry: LiveEntry): Registration {
    const place = new Registration(entry)
    if (this.#isClosed || (this.#isDraining && entry.isSocket)) {
      queueMicrotask(() => entry.end('shutting down', closeCodes.goingAway))
      return place
    }
    place.enter(this.#all)
    if (entry.sessionId !== null) place.enter(bunchOf(this.#sessions, entry.sessionId, 1))
    if (entry.accountId !== null) place.enter(bunchOf(this.#accounts, entry.accountId, 2))
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref()
    // Judged by the rules of before, while new ones came in: not here and now, since whoever adds it is still being made.
    if (this.#reviewer !== null && entry.app !== undefined && !this.#reviewer.knows(entry.app))
      queueMicrotask(() => this.#look(entry))
    return place
  }

  hasSession(id: string): boolean {
    return (this.#sessions.get(id)?.size ?? 0) > 0
  }

  hasAccount(id: string): boolean {
    return (this.#accounts.get(id)?.size ?? 0) > 0
  }

  /** The sessions that have something open. */
  sessionIds(): string[] {
    return [...this.#sessions].flatMap(([id, bunch]) => (bunch.size > 0 ? [id] : []))
  }

  /** Bytes that the open connections of a session have moved so far. */
  bytesOf(sessionId: string): number {
    let bytes = 0
    for (const { bytesMoved } of this.#sessions.get(sessionId)?.entries() ?? []) bytes += bytesMoved
    return bytes
  }

  /** Ends what a session has open; answers how many that were. */
  endSession(id: string, reason: string): number {
    return endEach(this.#sessions.get(id)?.entries(), reason, closeCodes.policy)
  }

  /** Ends what a person has open. */
  endAccount(id: string, reason: string): number {
    return endEach(this.#accounts.get(id)?.entries(), reason, closeCodes.policy)
  }

  /** Ends what a person opened with other groups than these: any change may turn a verdict, either way. */
  endAccountUnless(id: string, groups: readonly string[], reason: string): number {
    const now = new Set(groups)
    const changed = this.#accounts
      .get(id)
      ?.entries()
      .filter(entry => entry.groups.length !== now.size || entry.groups.some(group => !now.has(group)))
    return endEach(changed, reason, closeCodes.policy)
  }

  /** Ends the WebSockets, and those that come later, otherwise one of them would keep the gate running; requests may finish. */
  drain(): number {
    this.#isDraining = true
    const sockets = this.#all.entries().filter(entry => entry.isSocket)
    return endEach(sockets, 'shutting down', closeCodes.goingAway)
  }

  endAll(reason: string, closeCode: CloseCode = closeCodes.policy): number {
    return endEach(this.#all.entries(), reason, closeCode)
  }

  /** Has everything judged anew, and from now on what is added by an older configuration. A few at a time: there may be thousands. */
  async review(reviewer: Reviewer): Promise<void> {
    this.#reviewer = reviewer
    const entries = this.#all.entries()
    for (let i = 0; i < entries.length; i++) {
      if (this.#reviewer !== reviewer) return
      this.#look(entries[i] as LiveEntry)
      if (i % lookedAtOnce === lookedAtOnce - 1) await new Promise(resolve => setImmediate(resolve))
    }
  }

  #look(entry: LiveEntry): void {
    const reviewer = this.#reviewer
    reviewer?.look(entry, () => this.#reviewer === reviewer)
  }

  /** Ends whatever has reached its `endsAt`; the timer calls it. */
  expire(now: number): number {
    const over = this.#all.entries().filter(({ endsAt }) => endsAt !== null && endsAt <= now)
    return endEach(over, 'time is up', closeCodes.policy)
  }

  /** Ends everything, and whatever comes later. */
  close(): void {
    this.#isClosed = true
    this.#stopTimer()
    this.endAll('shutting down', closeCodes.goingAway)
  }

  #tick(): void {
    this.expire(this.#clock())
    // Not as they empty: most are about to be filled again.
    for (const bunches of [this.#sessions, this.#accounts])
      for (const [id, bunch] of bunches) if (bunch.size === 0) bunches.delete(id)
    if (this.#all.size === 0) this.#stopTimer()
  }

  #stopTimer(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

type Kind = 0 | 1 | 2

/** Where an entry stands; `release` takes it out. */
export class Registration {
  readonly entry: LiveEntry
  #all: IndexedList | null = null
  #session: IndexedList | null = null
  #account: IndexedList | null = null
  #atAll = 0
  #atSession = 0
  #atAccount = 0

  constructor(entry: LiveEntry) {
    this.entry = entry
  }

  enter(bunch: IndexedList): void {
    if (bunch.kind === 0) this.#all = bunch
    else if (bunch.kind === 1) this.#session = bunch
    else this.#account = bunch
    this.moved(bunch.kind, bunch.push(this))
  }

  moved(kind: Kind, at: number): void {
    if (kind === 0) this.#atAll = at
    else if (kind === 1) this.#atSession = at
    else this.#atAccount = at
  }

  release(): void {
    this.#all?.remove(this.#atAll)
    this.#session?.remove(this.#atSession)
    this.#account?.remove(this.#atAccount)
    this.#all = this.#session = this.#account = null
  }
}

/**
 * Places that come and go by the thousand. An array, where the last takes the place of the one that leaves: a Set would leave its old
 * tables behind, each of which keeps the requests of its time from being collected while they are cheap to.
 */
class IndexedList {
  readonly kind: Kind
  readonly #places: Registration[] = []

  constructor(kind: Kind) {
    this.kind = kind
  }

  get size(): number {
    return this.#places.length
  }

  push(place: Registration): number {
    return this.#places.push(place) - 1
  }

  remove(at: number): void {
    const last = this.#places.pop() as Registration
    if (at === this.#places.length) return
    this.#places[at] = last
    last.moved(this.kind, at)
  }

  /** A copy: ending an entry releases it. */
  entries(): LiveEntry[] {
    return this.#places.map(({ entry }) => entry)
  }
}

function bunchOf(bunches: Map<string, IndexedList>, id: string, kind: Kind): IndexedList {
  let bunch = bunches.get(id)
  if (bunch === undefined) {
    bunch = new IndexedList(kind)
    bunches.set(id, bunch)
  }
  return bunch
}

function endEach(entries: readonly LiveEntry[] | undefined, reason: string, closeCode: CloseCode): number {
  for (const entry of entries ?? []) entry.end(reason, closeCode)
  return entries?.length ?? 0
}
