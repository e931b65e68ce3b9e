/**
 * Everything that is open at this moment: sockets, downloads, uploads, event streams. Owns who each belongs to and when its right
 * ends; refuses to let anything outlive the session that opened it.
 */
import type { Clock } from '../clock.ts'

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
  end(reason: string, closeCode: CloseCode): void
}

/** How late a right may be seen to have ended, in milliseconds. */
const tickMs = 1_000

export class LiveConnections {
  readonly #clock: Clock
  readonly #entries = new Set<LiveEntry>()
  readonly #sessions = new Map<string, Set<LiveEntry>>()
  readonly #accounts = new Map<string, Set<LiveEntry>>()
  /** One timer for all of them; it runs while something is open. */
  #timer: NodeJS.Timeout | undefined
  /** Sockets are told to go; requests may finish. */
  #isDraining = false
  #isClosed = false

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size
  }

  /** Takes an entry in; the answer releases it. A socket after `drain`, and anything after `close`, is ended at once. */
  add(entry: LiveEntry): () => void {
    if (this.#isClosed || (this.#isDraining && entry.isSocket)) {
      queueMicrotask(() => entry.end('shutting down', closeCodes.goingAway))
      return nothing
    }
    this.#entries.add(entry)
    if (entry.sessionId !== null) put(this.#sessions, entry.sessionId, entry)
    if (entry.accountId !== null) put(this.#accounts, entry.accountId, entry)
    if (this.#timer === undefined && entry.endsAt !== null) this.#startTimer()
    return () => this.#release(entry)
  }

  hasSession(id: string): boolean {
    return this.#sessions.has(id)
  }

  hasAccount(id: string): boolean {
    return this.#accounts.has(id)
  }

  /** The sessions that have something open. */
  sessionIds(): string[] {
    return [...this.#sessions.keys()]
  }

  /** Bytes that the open connections of a session have moved so far. */
  bytesOf(sessionId: string): number {
    let bytes = 0
    for (const entry of this.#sessions.get(sessionId) ?? []) bytes += entry.bytesMoved
    return bytes
  }

  /** Ends what a session has open; answers how many that were. */
  endSession(id: string, reason: string): number {
    return endEach(this.#sessions.get(id), reason, closeCodes.policy)
  }

  /** Ends what a person has open. */
  endAccount(id: string, reason: string): number {
    return endEach(this.#accounts.get(id), reason, closeCodes.policy)
  }

  /** Ends what a person opened with other groups than these: any change may turn a verdict, either way. */
  endAccountUnless(id: string, groups: readonly string[], reason: string): number {
    const now = new Set(groups)
    const changed = [...(this.#accounts.get(id) ?? [])].filter(
      entry => entry.groups.length !== now.size || entry.groups.some(group => !now.has(group))
    )
    return endEach(changed, reason, closeCodes.policy)
  }

  /** Ends the WebSockets, and those that come later, otherwise one of them would keep the gate running; requests may finish. */
  drain(): number {
    this.#isDraining = true
    const sockets = [...this.#entries].filter(entry => entry.isSocket)
    return endEach(sockets, 'shutting down', closeCodes.goingAway)
  }

  endAll(reason: string, closeCode: CloseCode = closeCodes.policy): number {
    return endEach(this.#entries, reason, closeCode)
  }

  /** Ends whatever has reached its `endsAt`; the timer calls it. */
  expire(now: number): number {
    const over: LiveEntry[] = []
    for (const entry of this.#entries) if (entry.endsAt !== null && entry.endsAt <= now) over.push(entry)
    return endEach(over, 'time is up', closeCodes.policy)
  }

  /** Ends everything, and whatever comes later. */
  close(): void {
    this.#isClosed = true
    this.#stopTimer()
    this.endAll('shutting down', closeCodes.goingAway)
  }

  #release(entry: LiveEntry): void {
    this.#entries.delete(entry)
    if (entry.sessionId !== null) take(this.#sessions, entry.sessionId, entry)
    if (entry.accountId !== null) take(this.#accounts, entry.accountId, entry)
  }

  #startTimer(): void {
    this.#timer = setInterval(() => {
      this.expire(this.#clock())
      if (this.#entries.size === 0) this.#stopTimer()
    }, tickMs)
    this.#timer.unref()
  }

  #stopTimer(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function nothing(): void {}

/** Over a copy: ending an entry releases it. */
function endEach(entries: Iterable<LiveEntry> | undefined, reason: string, closeCode: CloseCode): number {
  if (entries === undefined) return 0
  const all = [...entries]
  for (const entry of all) entry.end(reason, closeCode)
  return all.length
}

function put(map: Map<string, Set<LiveEntry>>, key: string, entry: LiveEntry): void {
  const set = map.get(key)
  if (set === undefined) map.set(key, new Set([entry]))
  else set.add(entry)
}

function take(map: Map<string, Set<LiveEntry>>, key: string, entry: LiveEntry): void {
  const set = map.get(key)
  if (set?.delete(entry) && set.size === 0) map.delete(key)
}
