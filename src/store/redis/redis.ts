/** The connections to Redis over `ioredis`. A command succeeds or rejects within a second, never queues and is never sent twice. */
import { readFileSync } from 'node:fs'
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'
import { StoreMisconfigured } from '../misconfigured.ts'
import { type Store, type StoreCredentials, StoreUnreachable } from '../store.ts'
import { describeTrouble, isLasting, isUnselected, saysWhy } from './errors.ts'
import { inspect, type RedisInspection } from './inspection.ts'
import { type RedisClient, type RedisServer, RedisStore, type RedisStoreOptions } from './redis-store.ts'
import { limitReplies } from './reply-limit.ts'
import { type ScriptName, scripts } from './scripts.ts'
import type { TrackingConnection } from './tracking.ts'
import { parseRedisUrl, type RedisAddress } from './url.ts'

const answerMs = 900
/** A silent connection is replaced (frozen server, half-open TCP). */
const silenceMs = 1000
const openMs = 1900
const troubles = ['error', 'node error', 'sentinelError']

interface RedisOpenOptions extends RedisStoreOptions {
  username?: string
  password?: string
  /** PEM texts, for rediss:// */
  tls?: { ca?: string; cert?: string; key?: string; servername?: string }
}

/** Throws StoreMisconfigured or StoreUnreachable. */
export async function openRedis(url: string, options: RedisOpenOptions = {}): Promise<Store> {
  const client = new IoredisClient(parseRedisUrl(url), options)
  const store = new RedisStore(client, options)
  try {
    await client.open()
    await store.examine()
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

export async function inspectRedis(
  url: string,
  options: RedisOpenOptions,
  now: () => number
): Promise<RedisInspection[]> {
  const client = new IoredisClient(parseRedisUrl(url), options)
  try {
    await client.open()
    return await inspect(client, now)
  } finally {
    await client.close()
  }
}

export class IoredisClient implements RedisClient {
  readonly name: string
  readonly isCluster: boolean
  trouble: unknown
  readonly #drivers = new Set<Redis | Cluster>()
  #address: RedisAddress
  #options: RedisOptions
  readonly #driver: Redis | Cluster
  #masterNames: readonly string[]
  #closed = false

  constructor(address: RedisAddress, options: RedisOpenOptions) {
    this.name = address.name
    this.isCluster = address.shape === 'cluster'
    this.#address = address
    this.#options = connectionOptions(address, options)
    this.#masterNames = this.isCluster ? [] : [address.name]
    this.#driver = this.#watchErrors(
      this.isCluster ? cluster(address, this.#options) : new Redis(single(address, this.#options))
    )
    this.#driver.on('ready', () => {
      this.trouble = undefined
    })
    this.#driver.on('end', () => {
      if (!this.#closed) setTimeout(() => !this.#closed && this.#driver.connect().catch(ignore), silenceMs).unref()
    })
  }

  /** Retries after StoreUnreachable, until `close`. */
  async open(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        for (const event of troubles)
          this.#driver.on(event, (error: unknown) => {
            if (isLasting(error))
              reject(new StoreMisconfigured(`The store ${this.name} cannot be used: ${describeTrouble(error)}.`))
          })
        timer = setTimeout(() => {
          const why = describeTrouble(this.trouble ?? new Error('timed out'))
          const isMute = /in time$|broke the connection$/.test(why)
          const perhaps = this.#address.secure && isMute ? ', or does not speak TLS' : ''
          reject(new StoreUnreachable(`The store ${this.name} cannot be reached: ${why}${perhaps}.`))
        }, this.#openMs())
        this.#driver.once('ready', resolve)
        this.#driver.connect().catch(ignore)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Each silent Sentinel or node takes its time, and of five two may be silent. */
  #openMs(): number {
    return openMs + silenceMs * Math.max(0, Math.ceil(this.#address.nodes.length / 2) - 2)
  }

  get isReady(): boolean {
    return this.#driver.status === 'ready'
  }

  call(command: string, ...args: (string | number)[]): Promise<unknown> {
    return this.#driver.call(command, ...args)
  }

  run(script: ScriptName, key: string, ...args: (string | number)[]): Promise<unknown> {
    return (this.#driver as unknown as Record<ScriptName, (...args: (string | number)[]) => Promise<unknown>>)[script](
      key,
      ...args
    )
  }

  masters(): readonly RedisServer[] {
    return this.#driver instanceof Cluster ? this.#driver.nodes('master') : [this.#driver]
  }

  masterNames(): readonly string[] {
    return this.#masterNames
  }

  nameOf(place: number): string {
    const driver = this.#driver
    if (!(driver instanceof Cluster)) return this.#address.name
    const { host, port } = driver.nodes('master')[place]?.options ?? {}
    return `${host} ${port}`
  }

  connectTracking(masterName: string): TrackingConnection {
    const [host, port] = masterName.split(' ')
    const options = this.isCluster
      ? { ...this.#options, host: host as string, port: Number(port) }
      : single(this.#address, this.#options)
    const driver = this.#watchErrors(new Redis(options))
    const disconnect = driver.disconnect.bind(driver)
    // A master that was replaced gets no new credentials.
    driver.disconnect = reconnect => {
      if (reconnect !== true) this.#drivers.delete(driver)
      disconnect(reconnect)
    }
    return driver
  }

  renew({ url, ...options }: StoreCredentials): void {
    this.#address = parseRedisUrl(url)
    this.#options = connectionOptions(this.#address, options)
    const next = this.isCluster ? this.#options : single(this.#address, this.#options)
    const renewed = Object.fromEntries(credentials.map(name => [name, next[name]]))
    for (const driver of this.#drivers) {
      if (driver instanceof Redis) Object.assign(driver.options, renewed)
      else {
        Object.assign(driver.options.redisOptions ?? {}, renewed)
        for (const node of driver.nodes('all')) Object.assign(node.options, renewed)
      }
    }
  }

  onMastersChanged(listener: () => void): void {
    const driver = this.#driver
    if (!(driver instanceof Cluster)) return
    const known = () => driver.nodes('master').map(({ options }) => `${options.host} ${options.port}`)
    // A disconnected master stays one until the Cluster says otherwise.
    driver.on('refresh', () => {
      this.#masterNames = known()
      listener()
    })
    driver.on('+node', () => {
      this.#masterNames = [...new Set([...this.#masterNames, ...known()])]
      listener()
    })
  }

  onBreak(listener: () => void): void {
    if (this.#driver instanceof Redis) this.#driver.on('close', listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.isReady) await this.#driver.quit().catch(ignore)
    this.#driver.disconnect()
  }

  /** Without a listener, an `error` event would end the process. */
  #watchErrors<T extends Redis | Cluster>(driver: T): T {
    for (const event of troubles)
      driver.on(event, (error: unknown) => {
        if (saysWhy(error)) this.trouble = error
        if (event === 'sentinelError') this.#askLast(error)
        if (isUnselected(error) && driver instanceof Redis) driver.disconnect(true)
      })
    this.#drivers.add(driver)
    if (driver instanceof Redis) limitReplies(driver)
    else driver.on('+node', (node: Redis) => limitReplies(node))
    return driver
  }

  /** New connections ask a Sentinel that has failed last. A silent one takes all the time that a confirmation has. */
  #askLast(error: unknown): void {
    const { message } = error as Error
    const hasFailed = ({ host, port }: { host: string; port: number }) => message.includes(`sentinel ${host}:${port} `)
    const { nodes } = this.#address
    this.#address = {
      ...this.#address,
      nodes: [...nodes.filter(node => !hasFailed(node)), ...nodes.filter(hasFailed)]
    }
  }
}

const credentials = ['username', 'password', 'tls', 'sentinelUsername', 'sentinelPassword', 'sentinelTLS'] as const

type Shown = Pick<RedisOpenOptions, 'username' | 'password' | 'tls'>

function connectionOptions(address: RedisAddress, options: Shown): RedisOptions {
  const { ca, cert, key, servername } = address.parameters
  const tls = {
    ...(ca === undefined ? {} : { ca: readPem(ca) }),
    ...(cert === undefined ? {} : { cert: readPem(cert) }),
    ...(key === undefined ? {} : { key: readPem(key) }),
    ...(servername === undefined ? {} : { servername }),
    ...options.tls
  }
  return {
    username: options.username ?? address.username,
    password: options.password ?? address.password,
    db: address.database,
    ...(address.secure ? { tls } : {}),
    connectionName: 'factorgate',
    disableClientInfo: true,
    // CLIENT TRACKING's messages are parsed as RESP2.
    protocol: 2,
    lazyConnect: true,
    scripts,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    commandTimeout: answerMs,
    socketTimeout: silenceMs,
    connectTimeout: silenceMs,
    disconnectTimeout: 200,
    maxLoadingRetryTime: 500,
    keepAlive: 5000,
    retryStrategy: tries => Math.min(50 * tries, 500),
    reconnectOnError: reconnectOnce()
  }
}

/** A failover or a change of users needs a new connection. Parallel refusals share one. */
function reconnectOnce(): (error: Error) => boolean {
  let last = Number.NEGATIVE_INFINITY
  return error => {
    const now = performance.now()
    if (!/^(READONLY|NOAUTH) /.test(error.message) || now - last < silenceMs) return false
    last = now
    return true
  }
}

function single(address: RedisAddress, common: RedisOptions): RedisOptions {
  if (address.shape === 'standalone') return { ...common, ...address.nodes[0] }
  const { sentinelUsername, sentinelPassword } = address.parameters
  return {
    ...common,
    sentinels: [...address.nodes],
    name: address.master,
    role: 'master',
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(common.tls === undefined ? {} : { sentinelTLS: common.tls, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: answerMs,
    sentinelRetryStrategy: () => 200
  }
}

function cluster(address: RedisAddress, common: RedisOptions): Cluster {
  const { scripts: _, retryStrategy: __, enableOfflineQueue: ___, lazyConnect: ____, ...redisOptions } = common
  const options: ClusterOptions = {
    scripts,
    redisOptions,
    lazyConnect: true,
    // The queue serves only while a node connects; `commandTimeout` still applies.
    enableOfflineQueue: true,
    // With a delay, a command that may have run would be sent again.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    maxRedirections: 5,
    slotsRefreshTimeout: answerMs,
    slotsRefreshInterval: 5000,
    clusterRetryStrategy: tries => Math.min(50 * tries, 500),
    // Host names stay, because certificates are issued for them.
    dnsLookup: (host, done) => done(null, host)
  }
  return new Cluster([...address.nodes], options)
}

function readPem(path: string): string {
  try {
    // A byte order mark is no part of PEM.
    return readFileSync(path, 'utf8').replace(/^\ufeff/, '')
  } catch (error) {
    throw new StoreMisconfigured(
      `The store's address names the file ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`
    )
  }
}

function ignore(): void {}
