/** Confirms with WAIT that replicas have the master's writes. WAIT blocks, so each master has a connection for it. */
import { StoreUnconfirmed } from '../store.ts'
import { isForbidden } from './errors.ts'
import { keysWithin, slotsOfMasters } from './slots.ts'
import type { TrackingConnection } from './tracking.ts'

const confirmMs = 500
const connectMs = 900
/** The slot of the key is another master's. */
const elsewhere = /^(?:MOVED|ASK) /
/**
 * Writes a value again, unchanged, because WAIT looks only at the writes of its own connection (before Redis 7.2 any command counted). PERSIST needs no memory,
 * and a script that has begun to write is completed at `maxmemory`.
 */
const writeAgain = `local value = redis.call('GET', KEYS[1])
if not value then return 0 end
redis.call('PERSIST', KEYS[1])
redis.call('SET', KEYS[1], value, 'KEEPTTL')
return 1`

/** For a master that has none of the kept keys. The key ends a day after the last need. */
const writeOwn = `redis.call('PERSIST', KEYS[1])
redis.call('SET', KEYS[1], '', 'EX', '86400')
return 1`
/** Several, because one slot may be on its way to another master. */
const ownKeys = 3

interface ReplicasOptions {
  readonly name: string
  readonly ownPrefix: string
  /** `info` is null if INFO is denied. */
  readonly masters: () => Promise<readonly { readonly name: string; readonly info: string | null }[]>
  readonly connect: (master: string) => TrackingConnection
}

interface Link {
  readonly connection: TrackingConnection
  key: string | undefined
  own: string | undefined
  isReady: boolean
  readonly waiting: Set<() => void>
}

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
   * Resolves once one replica of each master with replicas has all earlier writes. Rejects with StoreUnconfirmed or a connection error. `kept` are keys without
   * a lifetime. A master that has none of them gets a key of its own, because a Cluster may have more masters than there are such keys.
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

  /** The driver would ask for a former master for ever. */
  #dropOthers(masters: readonly string[]): void {
    // The client knows none while it reconnects.
    if (masters.length === 0) return
    for (const [master, { connection }] of this.#links)
      if (!masters.includes(master)) {
        this.#links.delete(master)
        connection.disconnect()
      }
  }

  async #write(link: Link, kept: readonly string[]): Promise<void> {
    for (const key of link.key === undefined ? kept : [link.key, ...kept])
      if (await this.#run(link, writeAgain, key)) {
        link.key = key
        return
      }
    const { ownPrefix } = this.#options
    if (await this.#run(link, writeOwn, link.own ?? `${ownPrefix}0`)) return
    // This master refuses the keys of the others, so all are tried.
    for (const ranges of slotsOfMasters(await link.connection.call('CLUSTER', 'SLOTS')))
      for (const key of keysWithin(ownPrefix, ranges, ownKeys))
        if (await this.#run(link, writeOwn, key)) {
          link.own = key
          return
        }
    throw this.#unconfirmed()
  }

  /** False for an absent key, or another master's. */
  async #run({ connection }: Link, script: string, key: string): Promise<boolean> {
    try {
      return Number(await connection.call('EVAL', script, '1', key)) === 1
    } catch (error) {
      if (elsewhere.test((error as Error).message)) return false
      throw error
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
    const link: Link = {
      connection: this.#options.connect(master),
      key: undefined,
      own: undefined,
      isReady: false,
      waiting: new Set()
    }
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
