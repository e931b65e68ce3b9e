/** The confirmation with WAIT that replicas have the master's writes. WAIT blocks, so each master has a connection for it. */
import { StoreUnconfirmed } from '../store.ts'
import { isForbidden } from './errors.ts'
import type { TrackingConnection } from './tracking.ts'

const confirmMs = 500
const connectMs = 900
/** A key in a slot of another master. */
const elsewhere = /^(?:MOVED|ASK) /
/**
 * Writes a value again, unchanged. WAIT looks at the writes of its own connection alone; before Redis 7.2 any command counted as one. PERSIST
 * needs no memory, and a script that has begun to write is completed at `maxmemory`.
 */
const writeAgain = `local value = redis.call('GET', KEYS[1])
if not value then return 0 end
redis.call('PERSIST', KEYS[1])
redis.call('SET', KEYS[1], value, 'KEEPTTL')
return 1`

interface ReplicasOptions {
  readonly name: string
  /** The names of the masters and their INFO; null if INFO is denied. */
  readonly masters: () => Promise<readonly { readonly name: string; readonly info: string | null }[]>
  readonly connect: (master: string) => TrackingConnection
}

interface Link {
  readonly connection: TrackingConnection
  /** A key on this master. */
  key: string | undefined
  isReady: boolean
  readonly waiting: Set<() => void>
}

/** What a server says of its replicas; null if this user may not ask. */
export async function replicationOf(server: {
  call(command: string, ...args: string[]): Promise<unknown>
}): Promise<string | null> {
  try {
    return String(await server.call('info', 'replication'))
  } catch (error) {
    if (isForbidden(error)) return null
    throw error
  }
}

export class Replicas {
  readonly #options: ReplicasOptions
  readonly #links = new Map<string, Link>()

  constructor(options: ReplicasOptions) {
    this.#options = options
  }

  /**
   * Resolves once one replica of each master with replicas has all earlier writes. Rejects with StoreUnconfirmed or a
   * connection error. `kept` are keys without a lifetime, of which each master has at least one.
   */
  async settle(kept: readonly string[]): Promise<void> {
    const masters = await this.#options.masters()
    this.#dropOthers(masters.map(({ name }) => name))
    const watched = masters.filter(({ info }) => /^connected_slaves:[1-9]/m.test(info ?? ''))
    await Promise.all(
      watched.map(async ({ name }) => {
        const link = await this.#connected(name)
        await this.#write(link, kept)
        const confirmed = await link.connection.call('WAIT', '1', String(confirmMs))
        if (Number(confirmed) < 1) throw this.#unconfirmed()
      })
    )
  }

  /** Closes the connections to servers that are masters no longer; the driver would ask for them for ever. */
  #dropOthers(masters: readonly string[]): void {
    // While the client reconnects, it may know none.
    if (masters.length === 0) return
    for (const [master, { connection }] of this.#links)
      if (!masters.includes(master)) {
        this.#links.delete(master)
        connection.disconnect()
      }
  }

  async #write(link: Link, kept: readonly string[]): Promise<void> {
    for (const key of link.key === undefined ? kept : [link.key, ...kept]) {
      try {
        if (Number(await link.connection.call('EVAL', writeAgain, '1', key)) !== 1) continue
        link.key = key
        return
      } catch (error) {
        if (!elsewhere.test((error as Error).message)) throw error
      }
    }
    // A master without any of them: the first command after which WAIT asks, before Redis 7.2.
    await link.connection.call('ECHO', '')
  }

  #unconfirmed(): StoreUnconfirmed {
    return new StoreUnconfirmed(
      `The store ${this.#options.name} has the change, but no replica has confirmed it, so a failover could undo it. ` +
        'Check the replicas, then do it again.'
    )
  }

  stop(): void {
    for (const { connection } of this.#links.values()) connection.disconnect()
    this.#links.clear()
  }

  async #connected(master: string): Promise<Link> {
    const link = this.#links.get(master) ?? this.#open(master)
    if (!link.isReady)
      await new Promise<void>((resolve, reject) => {
        const ready = () => {
          clearTimeout(timer)
          resolve()
        }
        const timer = setTimeout(() => {
          link.waiting.delete(ready)
          reject(new Error('timed out'))
        }, connectMs)
        link.waiting.add(ready)
      })
    return link
  }

  #open(master: string): Link {
    const link: Link = { connection: this.#options.connect(master), key: undefined, isReady: false, waiting: new Set() }
    this.#links.set(master, link)
    link.connection.on('ready', () => {
      link.isReady = true
      for (const ready of link.waiting) ready()
      link.waiting.clear()
    })
    link.connection.on('close', () => {
      link.isReady = false
    })
    link.connection.connect().catch(() => {})
    return link
  }
}
