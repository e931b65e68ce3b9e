/** When an unused session ends, for pages and apps that warn in time. Asking does not prolong it. */
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import { seenKey } from './records.ts'
import type { Session } from './session.ts'

interface TimeLeft {
  readonly seconds: number
  /** `absolute`: no use of the session prolongs it. */
  readonly by: 'idle' | 'absolute'
}

export class SessionTimeLeft {
  readonly #store: Store
  readonly #clock: Clock
  readonly #idleSeconds: number

  constructor(input: { store: Store; clock: Clock; idleSeconds: number }) {
    this.#store = input.store
    this.#clock = input.clock
    this.#idleSeconds = input.idleSeconds
  }

  afterUse({ expiresAt }: Pick<Session, 'expiresAt'>): TimeLeft {
    const now = this.#clock()
    return this.#earlier(this.#idleSeconds * 1000, expiresAt - now)
  }

  /** Null if the session is over. Uses of the last seconds may not be counted. Rejects with StoreUnreachable. */
  async of({ id, expiresAt }: Pick<Session, 'id' | 'expiresAt'>): Promise<TimeLeft | null> {
    const seenAt = Number((await this.#store.get(seenKey(id))) ?? Number.NaN)
    const now = this.#clock()
    const left = this.#earlier(seenAt + this.#idleSeconds * 1000 - now, expiresAt - now)
    return left.seconds > 0 ? left : null
  }

  #earlier(idleMs: number, absoluteMs: number): TimeLeft {
    const by = absoluteMs <= idleMs ? 'absolute' : 'idle'
    const ms = Math.min(absoluteMs, idleMs)
    return { seconds: ms > 0 ? Math.floor(ms / 1000) : 0, by }
  }
}
