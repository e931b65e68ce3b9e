/** The confirmation with WAIT that replicas have the master's writes. WAIT blocks, so each master has a connection for it. */
import { StoreUnconfirmed } from '../store.ts'
import { isForbidden } from './errors.ts'
import type { TrackingConnection } from './tracking.ts'

const confirmMs = 500
const connectMs = 900

interface ReplicasOptions {
  readonly name: string
  /** The names of the masters and their INFO; null if INFO is denied. */
  readonly masters: () => Promise<readonly { readonly name: string; readonly info: string | null }[]>
  readonly connect: (master: string) => TrackingConnection
}

interface Link {
  readonly connection: TrackingConnection
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
   * connection error.
   */
  async settle(): Promise<void> {
    const masters = await this.#options.masters()
    this.#dropOthers(masters.map(({ name }) => name))
    const watched = masters.filter(({ info }) => /^connected_slaves:[1-9]/m.test(info ?? ''))
    await Promise.all(
      watched.map(async ({ name }) => {
        const connection = await this.#connected(name)
        // WAIT covers only writes of its own connection, so a write of this connection comes first.
        const [, confirmed] = await Promise.all([
          connection.call('ECHO', ''),
          connection.call('WAIT', '1', String(confirmMs))
        ])
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

  async #connected(master: string): Promise<TrackingConnection> {
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
    return link.connection
  }

  #open(master: string): Link {
    const link: Link = { connection: this.#options.connect(master), isReady: false, waiting: new Set() }
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
