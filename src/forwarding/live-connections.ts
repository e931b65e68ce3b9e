/** All forwarded requests and WebSockets. Each ends when its permission ends. */
import type { App } from '../apps/route-table.ts'
import type { Clock } from '../clock.ts'
import type { Binding } from '../device/binding.ts'
import type { ErrorCode } from '../errors.ts'
import { isFullySignedIn, type Proof } from '../factor/proof.ts'
import type { Subject } from '../identity/subject.ts'
import type { Program } from '../programs/program.ts'

/** RFC 6455 §7.4.1. */
export const closeCodes = { goingAway: 1001, policy: 1008 } as const
export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes]

/** `end` must not throw and may be called repeatedly. */
export interface LiveEntry {
  readonly sessionId: string | null
  readonly tokenId?: string | null
  readonly accountId: string | null
  readonly appId: string
  readonly groups: readonly string[]
  /** Milliseconds since the epoch; null for no end. */
  readonly endsAt: number | null
  readonly isSocket: boolean
  /** True for an upload or a download, also while it waits, but for no event stream. */
  readonly isTransfer?: boolean
  readonly bytesMoved: number
  readonly app?: App
  /** For a new decision. Built on access. */
  readonly asked?: LiveRequest
  renew?(endsAt: number | null): void
  /** `code` is the answer for a client that has no response yet. */
  end(reason: string, closeCode: CloseCode, code?: ErrorCode): void
}

export interface LiveSummary {
  readonly connections: number
  readonly sockets: number
  readonly bytes: number
  readonly apps: readonly string[]
}

export interface LiveRequest {
  readonly host: string | undefined
  readonly target: string
  readonly method: string
  readonly destination: string | undefined
  /** Headers named these methods for the app. */
  readonly overrides?: readonly string[]
  readonly origin: string | undefined
  readonly address: string
  readonly subject: Subject | null
  readonly proofs: readonly Proof[]
  readonly binding?: Binding
  readonly program?: Program | null
  readonly sessionEndsAt: number | null
}

/** Applies the current rules to open connections (src/watchers/live-review.ts). */
export interface Reviewer {
  knows(app: App): boolean
  /** `isCurrent` is false after another reload; a decision that waits must ask it. */
  review(entry: LiveEntry, isCurrent: () => boolean): void
}

const reviewedAtOnce = 250

const tickMs = 1_000

export class LiveConnections {
  readonly #clock: Clock
  readonly #all = new IndexedList(0)
  readonly #sessions = new Map<string, IndexedList>()
  readonly #accounts = new Map<string, IndexedList>()
  #timer: NodeJS.Timeout | undefined
  #isDraining = false
  #isClosed = false
  #reviewer: Reviewer | null = null

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  get size(): number {
    return this.#all.size
  }

  /** WebSockets after `drain`, and everything after `close`, end at once. */
  add(entry: LiveEntry): Registration {
    const registration = new Registration(entry)
    if (this.#isClosed || (this.#isDraining && entry.isSocket)) {
      queueMicrotask(() => entry.end('shutting down', closeCodes.goingAway))
      return registration
    }
    registration.enter(this.#all)
    if (entry.sessionId !== null) registration.enter(listOf(this.#sessions, entry.sessionId, 1))
    if (entry.accountId !== null) registration.enter(listOf(this.#accounts, entry.accountId, 2))
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref()
    // The old configuration permitted the entry during a reload. Its review waits until the entry's constructor has returned.
    if (this.#reviewer !== null && entry.app !== undefined && !this.#reviewer.knows(entry.app))
      queueMicrotask(() => this.#review(entry))
    return registration
  }

  hasSession(id: string): boolean {
    return (this.#sessions.get(id)?.size ?? 0) > 0
  }

  hasAccount(id: string): boolean {
    return (this.#accounts.get(id)?.size ?? 0) > 0
  }

  sessionIds(): string[] {
    return [...this.#sessions].flatMap(([id, list]) => (list.size > 0 ? [id] : []))
  }

  accountIds(): string[] {
    return [...this.#accounts].flatMap(([id, list]) => (list.size > 0 ? [id] : []))
  }

  bytesOf(sessionId: string): number {
    let bytes = 0
    for (const { bytesMoved } of this.#sessions.get(sessionId)?.entries() ?? []) bytes += bytesMoved
    return bytes
  }

  hasTransfer(sessionId: string): boolean {
    return (
      this.#sessions
        .get(sessionId)
        ?.entries()
        .some(({ isTransfer }) => isTransfer === true) ?? false
    )
  }

  bySession(): Map<string, LiveSummary> {
    const found = new Map<string, LiveSummary>()
    for (const [id, list] of this.#sessions) {
      const entries = list.entries()
      if (entries.length === 0) continue
      const apps = [...new Set(entries.map(({ appId }) => appId))]
      const sockets = entries.filter(({ isSocket }) => isSocket).length
      const bytes = entries.reduce((sum, { bytesMoved }) => sum + bytesMoved, 0)
      found.set(id, { connections: entries.length, sockets, bytes, apps })
    }
    return found
  }

  socketsByApp(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { isSocket, appId } of this.#all.entries()) if (isSocket) counts.set(appId, (counts.get(appId) ?? 0) + 1)
    return counts
  }

  /** Returns the number of ended connections, as the other `end…` methods do. */
  endSession(id: string, reason: string): number {
    return endEach(this.#sessions.get(id)?.entries(), reason, closeCodes.policy)
  }

  /** Only connections that began while the sign-in was complete. */
  endComplete(id: string, reason: string): number {
    const entries = this.#sessions.get(id)?.entries() ?? []
    return endEach(
      entries.filter(({ asked }) => asked === undefined || isFullySignedIn(asked.proofs)),
      reason,
      closeCodes.policy
    )
  }

  tokenIds(): string[] {
    const ids = new Set<string>()
    for (const { tokenId } of this.#all.entries()) if (tokenId != null) ids.add(tokenId)
    return [...ids]
  }

  endToken(id: string, reason: string): number {
    const found = this.#all.entries().filter(({ tokenId }) => tokenId === id)
    return endEach(found, reason, closeCodes.policy)
  }

  endAccount(id: string, reason: string): number {
    return endEach(this.#accounts.get(id)?.entries(), reason, closeCodes.policy)
  }

  /** Any change of groups may alter the decision. */
  endAccountUnless(id: string, groups: readonly string[], reason: string): number {
    const now = new Set(groups)
    const changed = this.#accounts
      .get(id)
      ?.entries()
      .filter(entry => entry.groups.length !== now.size || entry.groups.some(group => !now.has(group)))
    return endEach(changed, reason, closeCodes.policy)
  }

  /** What is not given matches all. Apps that only report keep theirs. */
  endWhere(
    { account, session, token, app }: { account?: string; session?: string; token?: string; app?: string | null },
    reason: string,
    closeCode: CloseCode,
    code?: ErrorCode
  ): number {
    const list =
      account !== undefined
        ? this.#accounts.get(account)
        : session !== undefined
          ? this.#sessions.get(session)
          : this.#all
    const found = (list?.entries() ?? []).filter(
      entry =>
        (app == null || entry.appId === app) &&
        (token === undefined || entry.tokenId === token) &&
        entry.app?.isReportOnly !== true
    )
    for (const entry of found) entry.end(reason, closeCode, code)
    return found.length
  }

  /** Connections of people at apps that send nothing while nobody knows whether access still stands. */
  guarded(): LiveEntry[] {
    return this.#all.entries().filter(({ accountId, app }) => accountId !== null && app?.isGuarded === true)
  }

  endGuarded(reason: string, isUnknown: (entry: LiveEntry) => boolean): number {
    const found = this.guarded().filter(isUnknown)
    for (const entry of found) entry.end(reason, closeCodes.goingAway, 'store_unreachable')
    return found.length
  }

  /** Requests may finish, but later WebSockets end too. */
  drain(): number {
    this.#isDraining = true
    const sockets = this.#all.entries().filter(entry => entry.isSocket)
    return endEach(sockets, 'shutting down', closeCodes.goingAway)
  }

  endAll(reason: string, closeCode: CloseCode = closeCodes.policy): number {
    return endEach(this.#all.entries(), reason, closeCode)
  }

  /** In portions. `add` reviews later entries of an older configuration. */
  async review(reviewer: Reviewer): Promise<void> {
    this.#reviewer = reviewer
    const entries = this.#all.entries()
    for (let i = 0; i < entries.length; i++) {
      if (this.#reviewer !== reviewer) return
      this.#review(entries[i] as LiveEntry)
      if (i % reviewedAtOnce === reviewedAtOnce - 1) await new Promise(resolve => setImmediate(resolve))
    }
  }

  #review(entry: LiveEntry): void {
    const reviewer = this.#reviewer
    reviewer?.review(entry, () => this.#reviewer === reviewer)
  }

  expire(now: number): number {
    const over = this.#all.entries().filter(({ endsAt }) => endsAt !== null && endsAt <= now)
    return endEach(over, 'time is up', closeCodes.policy)
  }

  close(): void {
    this.#isClosed = true
    this.#stopTimer()
    this.endAll('shutting down', closeCodes.goingAway)
  }

  #tick(): void {
    this.expire(this.#clock())
    for (const lists of [this.#sessions, this.#accounts])
      for (const [id, list] of lists) if (list.size === 0) lists.delete(id)
    if (this.#all.size === 0) this.#stopTimer()
  }

  #stopTimer(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

type Kind = 0 | 1 | 2

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

  enter(list: IndexedList): void {
    if (list.kind === 0) this.#all = list
    else if (list.kind === 1) this.#session = list
    else this.#account = list
    this.moved(list.kind, list.push(this))
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

/** Removal takes constant time: the last item moves to the free index. A Set would keep finished requests in memory (README, "Nothing long-lived"). */
class IndexedList {
  readonly kind: Kind
  readonly #items: Registration[] = []

  constructor(kind: Kind) {
    this.kind = kind
  }

  get size(): number {
    return this.#items.length
  }

  push(registration: Registration): number {
    return this.#items.push(registration) - 1
  }

  remove(at: number): void {
    const last = this.#items.pop() as Registration
    if (at === this.#items.length) return
    this.#items[at] = last
    last.moved(this.kind, at)
  }

  entries(): LiveEntry[] {
    return this.#items.map(({ entry }) => entry)
  }
}

function listOf(lists: Map<string, IndexedList>, id: string, kind: Kind): IndexedList {
  let list = lists.get(id)
  if (list === undefined) {
    list = new IndexedList(kind)
    lists.set(id, list)
  }
  return list
}

function endEach(entries: readonly LiveEntry[] | undefined, reason: string, closeCode: CloseCode): number {
  for (const entry of entries ?? []) entry.end(reason, closeCode)
  return entries?.length ?? 0
}
