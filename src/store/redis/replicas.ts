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
  readonly #links = new Map<string, { connection: TrackingConnection; isReady: boolean }>()

  constructor(options: ReplicasOptions) {
    this.#options = options
  }

  /**
   * Resolves once one replica of each master with replicas has all earlier writes. Rejects with StoreUnconfirmed or a
   * connection error.
   */
  async settle(): Promise<void> {
    const masters = await this.#options.masters()
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
    let link = this.#links.get(master)
    if (link === undefined) {
      const made = { connection: this.#options.connect(master), isReady: false }
      link = made
      this.#links.set(master, made)
      made.connection.on('ready', () => {
        made.isReady = true
      })
      made.connection.on('close', () => {
        made.isReady = false
      })
      made.connection.connect().catch(() => {})
    }
    const { connection } = link
    if (!link.isReady)
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('timed out')), connectMs)
        connection.on('ready', () => {
          clearTimeout(timer)
          resolve()
        })
      })
    return connection
  }
}
