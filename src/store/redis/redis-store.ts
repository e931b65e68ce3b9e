/** The store's operations as Redis commands: one round trip each, atomic, on one key. */
import { checkKey, checkName, checkValue, lifeMs } from '../bounds.ts'
import { StoreMisconfigured } from '../misconfigured.ts'
import {
  type Purpose,
  type Store,
  type StoreCredentials,
  type StoreEntry,
  type StoreNotice,
  StoreUnconfirmed,
  StoreUnreachable
} from '../store.ts'
import { Subscribers } from '../subscribers.ts'
import { describeTrouble, isForbidden } from './errors.ts'
import { checkSuitability, readFacts, type Suitability } from './preflight.ts'
import { Replicas, replicationOf } from './replicas.ts'
import { endsOf, isWords } from './replies.ts'
import type { ScriptName } from './scripts.ts'
import { Tracker, type TrackingConnection } from './tracking.ts'
import { WriteProbe } from './write-probe.ts'

const subscribeMs = 1900
const scannedAtOnce = 100
const membersAtOnce = 5_000
/** Probes are spread over the slots, so that each master of a Cluster gets one. */
const probesOfCluster = 16

type Argument = string | number

/** Error replies, broken connections and late answers reject. */
export interface RedisServer {
  call(command: string, ...args: Argument[]): Promise<unknown>
}

export interface RedisClient extends RedisServer {
  readonly name: string
  readonly isCluster: boolean
  readonly isReady: boolean
  trouble: unknown
  run(script: ScriptName, key: string, ...args: Argument[]): Promise<unknown>
  masters(): readonly RedisServer[]
  masterNames(): readonly string[]
  nameOf(place: number): string
  renew(credentials: StoreCredentials): void
  connectTracking(masterName: string): TrackingConnection
  onMastersChanged(listener: () => void): void
  /** Called when the connection breaks. A Cluster never calls it: its masters have connections of their own. */
  onBreak(listener: () => void): void
  close(): Promise<void>
}

export interface RedisStoreOptions {
  keyPrefix?: string
  unsafeVolatileStore?: boolean
}

export class RedisStore implements Store {
  readonly #client: RedisClient
  readonly #tracker: Tracker
  readonly #writes: WriteProbe
  readonly #replicas: Replicas
  readonly #subscribers = new Subscribers()
  readonly #unsafeVolatileStore: boolean
  readonly #prefix: string
  readonly #indexPrefix: string
  #closed = false

  constructor(client: RedisClient, options: RedisStoreOptions) {
    this.#client = client
    this.#prefix = options.keyPrefix ?? 'factorgate:'
    this.#indexPrefix = `${this.#prefix}index:`
    this.#unsafeVolatileStore = options.unsafeVolatileStore ?? false
    this.#tracker = new Tracker({
      prefix: this.#prefix,
      servers: () => client.masterNames(),
      connect: server => client.connectTracking(server),
      changed: key => {
        if (key.startsWith(this.#prefix) && !key.startsWith(this.#indexPrefix))
          this.#subscribers.changed(key.slice(this.#prefix.length))
      },
      lost: () => this.#subscribers.lost(),
      ready: () => {
        if (this.#writes.refusal === null) this.#subscribers.ready()
      },
      trouble: error => {
        client.trouble = error
      }
    })
    this.#writes = new WriteProbe({
      probe: () => this.#probe(),
      onChange: () => {
        if (this.#writes.refusal !== null) this.#subscribers.lost()
        else if (this.#tracker.isUp) this.#subscribers.ready()
      }
    })
    this.#replicas = new Replicas({
      name: client.name,
      ownPrefix: `${this.#prefix}meta:replicas:`,
      masters: () =>
        Promise.all(
          client.masters().map(async (server, n) => ({ name: client.nameOf(n), info: await replicationOf(server) }))
        ),
      connect: name => client.connectTracking(name)
    })
    client.onMastersChanged(() => this.#tracker.refresh())
    // The next connection may lead to another master. This one may stay open to the old one, and would confirm nothing.
    client.onBreak(() => this.#replicas.stop())
  }

  renew(credentials: StoreCredentials): void {
    this.#client.renew(credentials)
  }

  distrust(): void {
    this.#tracker.distrust()
  }

  /** Throws StoreMisconfigured if this Redis may lose data or is not supported. */
  async examine(): Promise<void> {
    const suitability = await this.#suitability()
    if (suitability.kind === 'unsuitable')
      throw new StoreMisconfigured(`The store ${this.#client.name} cannot be used: ${suitability.why}.`)
    if (suitability.kind === 'unavailable') throw this.#unreachable(suitability.why)
  }

  async get(key: string): Promise<string | null> {
    checkKey(key)
    return this.#text(await this.#call('get', this.#prefix + key))
  }

  async put(key: string, value: string, ttlSeconds?: number): Promise<void> {
    checkKey(key)
    checkValue(value)
    this.#isOk(await this.#call('set', this.#prefix + key, value, ...endsIn(ttlSeconds)))
  }

  async add(key: string, value: string, ttlSeconds?: number): Promise<boolean> {
    checkKey(key)
    checkValue(value)
    return this.#isOk(await this.#call('set', this.#prefix + key, value, ...endsIn(ttlSeconds), 'NX'), 'or null')
  }

  async take(key: string): Promise<string | null> {
    checkKey(key)
    return this.#text(await this.#endAccess(() => this.#client.call('getdel', this.#prefix + key)))
  }

  async replace(key: string, expected: string, next: string, ttlSeconds?: number, purpose?: Purpose): Promise<boolean> {
    checkKey(key)
    checkValue(next)
    const args = [this.#prefix + key, expected, next, lifeMs(ttlSeconds) ?? ''] as const
    const reply =
      purpose === 'ends access'
        ? await this.#endAccess(() => this.#client.run('gateReplaceInNeed', ...args))
        : await this.#run('gateReplace', ...args)
    return this.#count(reply) === 1
  }

  async increment(key: string, ttlSeconds?: number): Promise<number> {
    checkKey(key)
    const life = lifeMs(ttlSeconds)
    const at = this.#prefix + key
    return this.#count(await (life === null ? this.#call('incr', at) : this.#run('gateIncrement', at, life)))
  }

  async delete(key: string, expected?: string): Promise<boolean> {
    checkKey(key)
    const at = this.#prefix + key
    const reply = await this.#endAccess(() =>
      expected === undefined ? this.#client.call('del', at) : this.#client.run('gateDelete', at, expected)
    )
    return this.#count(reply) === 1
  }

  async link(key: string, member: string, ttlSeconds?: number): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    this.#count(await this.#run('gateLink', this.#indexPrefix + key, member, lifeMs(ttlSeconds) ?? ''))
  }

  async unlink(key: string, member: string): Promise<void> {
    checkName(key, 'index')
    checkName(member, 'member')
    this.#count(await this.#endAccess(() => this.#client.call('zrem', this.#indexPrefix + key, member)))
  }

  async members(key: string): Promise<string[]> {
    checkName(key, 'index')
    return (await this.#index(this.#indexPrefix + key)).map(({ member }) => member)
  }

  async subscribe(prefix: string, listener: (notice: StoreNotice) => void): Promise<() => void> {
    if (this.#closed) throw this.#unreachable('it was closed')
    this.#writes.start()
    return new Promise((resolve, reject) => {
      let isAwaited = true
      const timer = setTimeout(() => {
        isAwaited = false
        reject(this.#unreachable(describeTrouble(this.#client.trouble ?? new Error('timed out'))))
      }, subscribeMs)
      this.#tracker.start(() => {
        clearTimeout(timer)
        // This resolves synchronously, so that no later change is missed.
        if (isAwaited) resolve(this.#subscribers.add(prefix, listener))
      })
    })
  }

  async *scan(prefix: string): AsyncIterable<StoreEntry> {
    for await (const { server, keys } of this.#keys(this.#prefix + prefix)) {
      const values = keys.filter(key => !key.startsWith(this.#indexPrefix))
      const found = await Promise.all(
        values.map(at => this.#answer(() => Promise.all([server.call('get', at), server.call('pttl', at)])))
      )
      for (const [at, [value, left]] of found.entries()) {
        const text = this.#text(value)
        const life = this.#count(left)
        // -2: it has expired meanwhile; -1: it never expires.
        if (text !== null && life !== -2)
          yield {
            key: (values[at] as string).slice(this.#prefix.length),
            value: text,
            ttlSeconds: life === -1 ? null : life / 1000
          }
      }
    }
  }

  async *scanIndexes(prefix: string): ReturnType<Store['scanIndexes']> {
    for await (const { keys } of this.#keys(this.#indexPrefix + prefix))
      for (const at of keys) {
        const members = await this.#index(at)
        if (members.length > 0) yield { key: at.slice(this.#indexPrefix.length), members }
      }
  }

  async ping(): Promise<void> {
    const [suitability] = await Promise.all([this.#suitability(), this.#answer(() => this.#writes.run())])
    if (suitability.kind !== 'suitable') throw this.#unreachable(suitability.why)
  }

  settle(kept: readonly string[] = []): Promise<void> {
    return this.#answer(() => this.#replicas.settle(kept.map(key => this.#prefix + key)))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#tracker.stop()
    this.#replicas.stop()
    this.#writes.stop()
    this.#subscribers.clear()
    await this.#client.close()
  }

  async *#keys(start: string): AsyncIterable<{ server: RedisServer; keys: string[] }> {
    const pattern = `${start.replace(/[\\*?[\]]/g, '\\$&')}*`
    const seen = new Set<string>()
    for (const server of this.#client.masters()) {
      let cursor = '0'
      do {
        const scan = () => server.call('scan', cursor, 'MATCH', pattern, 'COUNT', scannedAtOnce)
        const reply = await this.#answer(scan)
        if (!Array.isArray(reply) || !Array.isArray(reply[1])) throw this.#unexpectedReply()
        const keys = reply[1].map(String).filter(key => !seen.has(key))
        for (const key of keys) seen.add(key)
        if (keys.length > 0) yield { server, keys }
        cursor = String(reply[0])
      } while (cursor !== '0')
    }
  }

  /** Sorted. A large index is read in portions, otherwise the reply would be late. Members present throughout are included (SCAN's guarantee). */
  async #index(at: string): Promise<{ member: string; ttlSeconds: number | null }[]> {
    const reply = await this.#run('gateMembers', at, membersAtOnce + 1)
    if (!isWords(reply)) throw this.#unexpectedReply()
    const [now = Number.NaN, ...pairs] = reply
    if (Number.isNaN(Number(now))) throw this.#unexpectedReply()
    const ends = endsOf(pairs)
    if (ends.size > membersAtOnce) {
      let cursor = '0'
      do {
        const part = await this.#call('zscan', at, cursor, 'COUNT', membersAtOnce)
        if (!Array.isArray(part) || !isWords(part[1])) throw this.#unexpectedReply()
        for (const [member, end] of endsOf(part[1])) ends.set(member, end)
        cursor = String(part[0])
      } while (cursor !== '0')
    }
    return [...ends]
      .filter(([, end]) => end > Number(now))
      .map(([member, end]) => ({
        member,
        ttlSeconds: end === Number.POSITIVE_INFINITY ? null : (end - Number(now)) / 1000
      }))
      .sort((a, b) => (a.member < b.member ? -1 : 1))
  }

  async #suitability(): Promise<Suitability> {
    const options = { isCluster: this.#client.isCluster, unsafeVolatileStore: this.#unsafeVolatileStore }
    const all = await Promise.all(
      this.#client.masters().map(async server => {
        const ask = (...words: [string, ...string[]]) =>
          server.call(...words).catch((error: unknown) => {
            if (isForbidden(error)) return null
            throw error
          })
        const settings = ['appendonly', 'save', 'maxmemory-policy']
        const [info, ...config] = await this.#answer(() =>
          Promise.all([ask('info'), ...settings.map(setting => ask('config', 'GET', setting))])
        )
        const pairs = config.flatMap(pair => (Array.isArray(pair) && pair.length === 2 ? [pair.map(String)] : []))
        return checkSuitability(
          readFacts(this.#text(info), config.includes(null) ? null : Object.fromEntries(pairs)),
          options
        )
      })
    )
    return (
      all.find(({ kind }) => kind === 'unsuitable') ??
      all.find(({ kind }) => kind === 'unavailable') ?? { kind: 'suitable' }
    )
  }

  /** Fails where a real write would (READONLY, OOM, MISCONF, NOPERM). */
  async #probe(): Promise<void> {
    const keys = Array.from({ length: this.#client.isCluster ? probesOfCluster : 1 }, (_, n) => `:probe${n || ''}`)
    await Promise.all(keys.map(key => this.#client.call('set', this.#indexPrefix + key, '', 'XX')))
  }

  #call(command: string, ...args: Argument[]): Promise<unknown> {
    return this.#ordinary(() => this.#client.call(command, ...args))
  }

  #run(script: ScriptName, key: string, ...args: Argument[]): Promise<unknown> {
    return this.#ordinary(() => this.#client.run(script, key, ...args))
  }

  /** It is sent even while writes fail, since a server with full memory accepts it. */
  #endAccess(ask: () => Promise<unknown>): Promise<unknown> {
    return this.#answer(ask)
  }

  /** While writes fail, reads are refused too (write-probe.ts). */
  async #ordinary(ask: () => Promise<unknown>): Promise<unknown> {
    if (this.#writes.refusal !== null) throw this.#unreachable(this.#writes.refusal)
    return this.#answer(ask)
  }

  async #answer<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#unreachable('it was closed')
    if (!this.#client.isReady)
      throw this.#unreachable(describeTrouble(new Error('Connection is closed.'), this.#client.trouble))
    try {
      return await ask()
    } catch (error) {
      if (error instanceof StoreUnconfirmed) throw error
      this.#writes.noteError(error)
      throw this.#unreachable(describeTrouble(error, this.#client.trouble))
    }
  }

  #isOk(reply: unknown, orNull?: 'or null'): boolean {
    if (reply !== 'OK' && !(reply === null && orNull !== undefined)) throw this.#unexpectedReply()
    return reply === 'OK'
  }

  #text(reply: unknown): string | null {
    if (reply !== null && typeof reply !== 'string') throw this.#unexpectedReply()
    return reply
  }

  #count(reply: unknown): number {
    if (typeof reply !== 'number') throw this.#unexpectedReply()
    return reply
  }

  #unexpectedReply(): StoreUnreachable {
    return this.#unreachable('it answers what is not Redis')
  }

  /** Driver errors have command arguments, including passwords and sessions, so there is no cause. */
  #unreachable(why: string): StoreUnreachable {
    return new StoreUnreachable(`The store ${this.#client.name} does not answer as it should: ${why}.`)
  }
}

function endsIn(ttlSeconds: number | undefined): Argument[] {
  const life = lifeMs(ttlSeconds)
  return life === null ? [] : ['PX', life]
}
