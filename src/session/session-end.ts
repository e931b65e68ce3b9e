/** When a session ends if its person does nothing more: for pages and apps that warn in time. To ask is no use of the session. */
import type { Clock } from '../clock.ts'
import { isToken, tokenDigest } from '../ids.ts'
import type { Store } from '../store/store.ts'
import { seenKey, sessionRecord, tokenRecord } from './records.ts'
import type { Session } from './session.ts'

export interface TimeLeft {
  /** Whole seconds. */
  readonly seconds: number
  /** `absolute`: no use of the session prolongs it. */
  readonly by: 'idle' | 'absolute'
}

export class SessionEnds {
  readonly #store: Store
  readonly #clock: Clock
  readonly #idleSeconds: number

  constructor(input: { store: Store; clock: Clock; idleSeconds: number }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#idleSeconds = input.idleSeconds
  }

  /** For a session that is used now. */
  afterUse({ expiresAt }: Pick<Session, 'expiresAt'>): TimeLeft {
    const now = this.#clock()
    return this.#earlier(this.#idleSeconds * 1000, expiresAt - now)
  }

  /** Null for a token without a session. Uses of the last seconds may not be counted. Rejects with StoreUnreachable. */
  async ofToken(token: string): Promise<TimeLeft | null> {
    if (!isToken(token)) return null
    const record = await tokenRecord.get(this.#store, tokenDigest(token))
    const session = record === null ? null : await sessionRecord.get(this.#store, record.session)
    if (session === null) return null
    const seenAt = Number((await this.#store.get(seenKey(session.id))) ?? Number.NaN)
    const now = this.#clock()
    const left = this.#earlier(seenAt + this.#idleSeconds * 1000 - now, session.expiresAt - now)
    return left.seconds > 0 ? left : null
  }

  #earlier(idleMs: number, absoluteMs: number): TimeLeft {
    const by = absoluteMs <= idleMs ? 'absolute' : 'idle'
    const ms = Math.min(absoluteMs, idleMs)
    return { seconds: ms > 0 ? Math.floor(ms / 1000) : 0, by }
  }
}
