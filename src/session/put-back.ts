/**
 * What becomes of sessions when the clock is put back. Owns the latest moment this gate has seen, kept in the store as well, since a restart is what
 * often puts a clock right; refuses to let a session live longer than it may because it began while the clock was ahead (THREATS D17).
 */
import { type Clock, clockSkewMs } from '../clock.ts'
import type { Proof } from '../factor/proof.ts'
import type { Store } from '../store/store.ts'
import { seenKey, sessionKey, sessionRecord } from './records.ts'
import type { Session } from './session.ts'
import type { SessionCache } from './session-cache.ts'

const saveEveryMs = 60_000
const markKey = 'meta:clock'

/** Whether something in it was written by a clock that stood later than it does now. */
export function isAhead({ createdAt, proofs }: Session, now: number): boolean {
  return createdAt > now + clockSkewMs || proofs.some(({ at }) => at > now + clockSkewMs)
}

/** The session as it would be had the clock been right: what lies ahead is moved by as much as the clock was put back. */
export function setBack(session: Session, byMs: number, lifeMs: number, now: number): Session {
  const back = (at: number) => (at > now + clockSkewMs ? at - byMs : at)
  // When its end was fixed: at its beginning, or with the proof that made it whole.
  const wasFixedAhead = session.createdAt > now + clockSkewMs || session.expiresAt - lifeMs > now + clockSkewMs
  return {
    ...session,
    createdAt: back(session.createdAt),
    expiresAt: wasFixedAhead ? Math.min(session.expiresAt - byMs, now + lifeMs) : session.expiresAt,
    proofs: session.proofs.map(proof => ({ ...proof, at: back(proof.at) }))
  }
}

export interface PutBackOptions {
  readonly store: Store
  readonly cache: SessionCache
  readonly clock: Clock
  readonly lifeMs: (proofs: readonly Proof[]) => number
  readonly idleSeconds: () => number
  /** Ends a session of whose age nobody can say anything. */
  readonly end: (id: string) => Promise<unknown>
  /** Whatever was remembered of sessions is from another time. */
  readonly forget: () => unknown
}

export class PutBack {
  readonly #options: PutBackOptions
  readonly #store: Store
  #latest = 0
  #savedAt = 0
  #settingRight: Promise<void> | null = null

  constructor(options: PutBackOptions) {
    this.#options = options
    this.#store = options.store
  }

  /** Learns the latest moment that any gate of this store has seen. Before the first request. */
  async begin(): Promise<void> {
    const found = Number(await this.#store.get(markKey))
    if (Number.isSafeInteger(found)) this.#latest = Math.max(this.#latest, found)
    await this.present()
  }

  /** True while the clock goes on; false once it was put back, until `present` has set right what lies ahead. */
  isSteady(now: number): boolean {
    if (now > this.#latest) this.#latest = now
    return now + clockSkewMs >= this.#latest
  }

  /** What the clock says; whatever lies ahead of it is set right before anybody goes on. */
  async present(): Promise<number> {
    const now = this.#options.clock()
    if (this.isSteady(now)) return now
    this.#settingRight ??= this.#setAllRight(now).finally(() => {
      this.#settingRight = null
    })
    await this.#settingRight
    return this.#options.clock()
  }

  /** Writes the latest moment down, once a minute at most. */
  async save(): Promise<void> {
    const now = await this.present()
    if (Math.abs(now - this.#savedAt) < saveEveryMs) return
    this.#savedAt = now
    await this.#store.put(markKey, String(now))
  }

  /** The session, unless it lies ahead of a clock that was not put back here: then it is ended, since nobody can say how old it is. */
  ofToday(session: Session, now: number): Promise<Session | null> | Session {
    return isAhead(session, now) ? this.#setRight(session.id, now, now) : session
  }

  /** Costs what the store holds, once for each time that the clock is put back. */
  async #setAllRight(now: number): Promise<void> {
    const latest = this.#latest
    for await (const { value } of this.#store.scan(sessionKey(''))) {
      const session = sessionRecord.parseIfKnown(value)
      if (session === null) continue
      if (isAhead(session, now)) await this.#setRight(session.id, now, latest)
      const seen = Number((await this.#store.get(seenKey(session.id))) ?? 0)
      const at = now - Math.max(0, latest - seen)
      if (seen > now + clockSkewMs) await this.#store.put(seenKey(session.id), String(at), this.#options.idleSeconds())
    }
    this.#options.forget()
    this.#latest = now
    this.#savedAt = 0
  }

  async #setRight(id: string, now: number, latest: number): Promise<Session | null> {
    const { cache, lifeMs, end } = this.#options
    const right = await sessionRecord.change<Session | null>(this.#store, id, session => {
      if (session === null || !isAhead(session, now)) return { result: session }
      const newest = Math.max(session.createdAt, ...session.proofs.map(({ at }) => at))
      const next = setBack(session, latest - now, lifeMs(session.proofs), now)
      const seconds = (next.expiresAt - now) / 1000
      if (latest + clockSkewMs < newest || seconds <= 0) return { result: null }
      return { next, ttlSeconds: seconds, result: next }
    })
    cache.forget(sessionKey(id))
    if (right === null) await end(id)
    return right
  }
}
