/**
 * The keys of TLS tickets. Each day's are made of those of the day before, which are forgotten, otherwise a gate's memory would open all TLS 1.2 since its
 * start (RFC 9325 §3.4).
 */
import { hkdfSync, randomBytes } from 'node:crypto'
import type { Server } from 'node:tls'
import { type Clock, dayMs, hourMs, systemClock } from '../clock.ts'

/** For another process, which has the same keys from then on. */
export interface TicketKeysOfDay {
  /** 48 bytes. */
  readonly keys: Uint8Array
  /** Days since the epoch. */
  readonly day: number
}

const lookEveryMs = hourMs

export class TicketKeys {
  readonly #clock: Clock
  #keys: Buffer
  #day: number

  constructor(clock: Clock = systemClock, given?: TicketKeysOfDay) {
    this.#clock = clock
    this.#keys = given === undefined ? randomBytes(48) : Buffer.from(given.keys)
    this.#day = given?.day ?? Math.floor(clock() / dayMs)
  }

  /** A clock that is set back changes nothing. */
  get today(): TicketKeysOfDay {
    const day = Math.floor(this.#clock() / dayMs)
    for (; this.#day < day; this.#day++) {
      const next = Buffer.from(hkdfSync('sha256', this.#keys, '', 'factorgate tls tickets', 48))
      this.#keys.fill(0)
      this.#keys = next
    }
    return { keys: Buffer.from(this.#keys), day: this.#day }
  }

  /** Gives the server each day's keys until it closes. Returns a function that looks at the day at once. */
  giveTo(server: Pick<Server, 'setTicketKeys' | 'once'>): () => void {
    let given = Number.NaN
    const renew = () => {
      const { keys, day } = this.today
      if (day !== given) server.setTicketKeys(keys as Buffer)
      given = day
    }
    renew()
    const looking = setInterval(renew, lookEveryMs).unref()
    server.once('close', () => clearInterval(looking))
    return renew
  }
}
