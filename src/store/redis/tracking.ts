/**
 * Change notices from Redis through client-side caching in broadcast mode (CLIENT TRACKING … BCAST), one connection
 * per master, up only while every master is heard. Each connection redirects the notices to itself, so no second one
 * can break alone.
 */

const channel = '__redis__:invalidate'
/** Ping interval; only a missing pong reveals a frozen server. */
const beatMs = 1000
const rearmMs = 1000

/** It reconnects by itself and emits `ready` each time. */
export interface TrackingConnection {
  on(event: 'ready' | 'close' | 'end', listener: () => void): unknown
  on(event: 'messageBuffer', listener: (channel: unknown, keys: unknown) => void): unknown
  connect(): Promise<void>
  call(command: string, ...args: string[]): Promise<unknown>
  subscribe(channel: string): Promise<unknown>
  ping(): Promise<unknown>
  disconnect(reconnect?: boolean): void
}

export interface TrackerOptions {
  /** Physical prefix of the tracked keys. */
  readonly prefix: string
  readonly servers: () => readonly string[]
  readonly connect: (server: string) => TrackingConnection
  /** `key` is physical. */
  readonly changed: (key: string) => void
  readonly lost: () => void
  readonly ready: () => void
  readonly trouble: (error: unknown) => void
}

export class Tracker {
  readonly #options: TrackerOptions
  readonly #links = new Map<string, Link>()
  #waiting: (() => void)[] = []
  #beat: NodeJS.Timeout | undefined
  #stands = false

  constructor(options: TrackerOptions) {
    this.#options = options
  }

  get stands(): boolean {
    return this.#stands
  }

  /** Calls `then` synchronously once it is up, or at once. */
  start(then: () => void): void {
    if (this.#beat === undefined)
      this.#beat = setInterval(() => {
        this.survey()
        for (const link of this.#links.values()) link.beat()
      }, beatMs).unref()
    this.survey()
    if (this.#stands) then()
    else this.#waiting.push(then)
  }

  /** To be called whenever the masters may have changed. */
  survey(): void {
    if (this.#beat === undefined) return
    const servers = new Set(this.#options.servers())
    // The client is reconnecting; the known masters stay.
    if (servers.size === 0) return
    for (const [server, link] of this.#links)
      if (!servers.has(server)) {
        this.#links.delete(server)
        link.stop()
      }
    for (const server of servers)
      if (!this.#links.has(server)) {
        const link = new Link(this.#options.connect(server), this.#options, () => this.#judge())
        this.#links.set(server, link)
      }
    this.#judge()
  }

  stop(): void {
    clearInterval(this.#beat)
    for (const link of this.#links.values()) link.stop()
    this.#links.clear()
    this.#waiting = []
    this.#stands = false
  }

  #judge(): void {
    const stands = this.#links.size > 0 && [...this.#links.values()].every(link => link.stands)
    if (stands === this.#stands) return
    this.#stands = stands
    if (!stands) return this.#options.lost()
    this.#options.ready()
    const waiting = this.#waiting
    this.#waiting = []
    for (const then of waiting) then()
  }
}

class Link {
  readonly #connection: TrackingConnection
  readonly #options: TrackerOptions
  readonly #turned: () => void
  /** Grows per connection, so a late answer on an old one is ignored. */
  #epoch = 0
  #again: NodeJS.Timeout | undefined
  #stopped = false
  stands = false

  constructor(connection: TrackingConnection, options: TrackerOptions, turned: () => void) {
    this.#connection = connection
    this.#options = options
    this.#turned = turned
    connection.on('ready', () => void this.#arm())
    connection.on('close', () => this.#fell())
    connection.on('end', () => this.#later(() => this.#connect()))
    connection.on('messageBuffer', (_, keys) => this.#heard(keys))
    this.#connect()
  }

  beat(): void {
    if (!this.stands) return
    const epoch = this.#epoch
    this.#connection.ping().catch(error => {
      if (epoch !== this.#epoch) return
      this.#options.trouble(error)
      this.#fell()
      this.#connection.disconnect(true)
    })
  }

  stop(): void {
    this.#stopped = true
    this.#epoch++
    clearTimeout(this.#again)
    this.#connection.disconnect()
  }

  #connect(): void {
    this.#connection.connect().catch(this.#options.trouble)
  }

  async #arm(): Promise<void> {
    const epoch = ++this.#epoch
    try {
      const id = await this.#connection.call('CLIENT', 'ID')
      await this.#connection.call(
        'CLIENT',
        'TRACKING',
        'ON',
        'REDIRECT',
        String(id),
        'BCAST',
        'PREFIX',
        this.#options.prefix
      )
      await this.#connection.subscribe(channel)
      if (epoch !== this.#epoch) return
      this.stands = true
      this.#turned()
    } catch (error) {
      if (epoch !== this.#epoch) return
      this.#options.trouble(error)
      this.#later(() => this.#connection.disconnect(true))
    }
  }

  #fell(): void {
    this.#epoch++
    if (!this.stands) return
    this.stands = false
    this.#turned()
  }

  #later(work: () => void): void {
    clearTimeout(this.#again)
    if (!this.#stopped) this.#again = setTimeout(work, rearmMs).unref()
  }

  #heard(keys: unknown): void {
    if (Array.isArray(keys)) for (const key of keys) this.#options.changed(String(key))
    else if (this.stands) {
      // FLUSHALL and FLUSHDB name no keys: everything may have changed.
      this.#options.lost()
      this.#options.ready()
    }
  }
}
