/**
 * Corrects sessions after the clock is put back, otherwise one that began while it was ahead would live too long (THREATS D17). The gate and the store keep the
 * latest time seen.
 */
import { type Clock, clockSkewMs, hourMs } from '../clock.ts'
import type { Proof } from '../factor/proof.ts'
import type { Store } from '../store/store.ts'
import { seenKey, sessionKey, sessionRecord } from './records.ts'
import type { Session } from './session.ts'
import type { SessionCache } from './session-cache.ts'

const saveEveryMs = 60_000
/** The clock of another gate may be ahead by so much. Its sign-ins count here from their time on. */
const otherGateMs = hourMs
const markKey = 'meta:clock'

function isAhead({ createdAt, proofs }: Session, now: number): boolean {
  return createdAt > now + clockSkewMs || proofs.some(({ at }) => at > now + clockSkewMs)
}

function setBack(session: Session, byMs: number, lifeMs: number, now: number): Session {
  const back = (at: number) => (at > now + clockSkewMs ? at - byMs : at)
  // The end was fixed at the beginning, or by the proof that made the session complete.
  const wasFixedAhead = session.createdAt > now + clockSkewMs || session.expiresAt - lifeMs > now + clockSkewMs
  return {
    ...session,
    createdAt: back(session.createdAt),
    expiresAt: wasFixedAhead ? Math.min(session.expiresAt - byMs, now + lifeMs) : session.expiresAt,
    proofs: session.proofs.map(proof => ({ ...proof, at: back(proof.at) }))
  }
}

interface ClockCorrectionOptions {
  readonly store: Store
  readonly cache: SessionCache
  readonly clock: Clock
  readonly lifeMs: (proofs: readonly Proof[]) => number
  readonly idleSeconds: () => number
  readonly end: (id: string) => Promise<unknown>
  readonly forget: () => unknown
  /** A session began later than the latest time that this gate has seen, by so many seconds. Called at most once a minute. */
  readonly onAhead?: ((seconds: number) => void) | undefined
}

export class ClockCorrection {
  readonly #options: ClockCorrectionOptions
  readonly #store: Store
  #latest = 0
  #savedAt = 0
  #saidAt = 0
  #correction: Promise<void> | null = null

  constructor(options: ClockCorrectionOptions) {
    this.#options = options
    this.#store = options.store
  }

  /** Call it before the first request. */
  async begin(): Promise<void> {
    const found = Number(await this.#store.get(markKey))
    if (Number.isSafeInteger(found)) this.#latest = Math.max(this.#latest, found)
    await this.present()
  }

  /** False after the clock was put back, until `present` has corrected the sessions. */
  isSteady(now: number): boolean {
    if (now > this.#latest) this.#latest = now
    return now + clockSkewMs >= this.#latest
  }

  /** Corrects all sessions first if the clock was put back. */
  async present(): Promise<number> {
    const now = this.#options.clock()
    if (this.isSteady(now)) return now
    this.#correction ??= this.#correctAll(now).finally(() => {
      this.#correction = null
    })
    await this.#correction
    return this.#options.clock()
  }

  async save(): Promise<void> {
    const now = await this.present()
    if (Math.abs(now - this.#savedAt) < saveEveryMs) return
    this.#savedAt = now
    await this.#store.put(markKey, String(now))
  }

  /** Null for a session with future times, whose age is unknown. It ends, unless another gate may have made it. */
  correctIfAhead(session: Session, now: number): Promise<Session | null> | Session {
    return isAhead(session, now) ? this.#correct(session.id, now, now) : session
  }

  async #correctAll(now: number): Promise<void> {
    const latest = this.#latest
    for await (const { value } of this.#store.scan(sessionKey(''))) {
      const session = sessionRecord.parseIfKnown(value)
      if (session === null) continue
      if (isAhead(session, now)) await this.#correct(session.id, now, latest)
      const seen = Number((await this.#store.get(seenKey(session.id))) ?? 0)
      const at = now - Math.max(0, latest - seen)
      if (seen > now + clockSkewMs) await this.#store.put(seenKey(session.id), String(at), this.#options.idleSeconds())
    }
    this.#options.forget()
    this.#latest = now
    this.#savedAt = 0
  }

  async #correct(id: string, now: number, latest: number): Promise<Session | null> {
    const { cache, lifeMs, end } = this.#options
    let isAnothers = false
    const right = await sessionRecord.change<Session | null>(this.#store, id, session => {
      if (session === null || !isAhead(session, now)) return { result: session }
      const newest = Math.max(session.createdAt, ...session.proofs.map(({ at }) => at))
      const next = setBack(session, latest - now, lifeMs(session.proofs), now)
      const seconds = (next.expiresAt - now) / 1000
      const isUnknown = latest + clockSkewMs < newest
      if (isUnknown) this.#sayAhead(newest - now, now)
      isAnothers = isUnknown && newest - now <= otherGateMs
      if (isUnknown || seconds <= 0) return { result: null }
      return { next, ttlSeconds: seconds, result: next }
    })
    cache.forget(sessionKey(id))
    if (right === null && !isAnothers) await end(id)
    return right
  }

  #sayAhead(byMs: number, now: number): void {
    if (Math.abs(now - this.#saidAt) < saveEveryMs) return
    this.#saidAt = now
    this.#options.onAhead?.(Math.round(byMs / 1000))
  }
}
