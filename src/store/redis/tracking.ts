/**
 * Change notices by client-side caching in broadcast mode (CLIENT TRACKING … BCAST). The tracker is up only while each master's connection is. Each connection
 * redirects the notices to itself, so that no second one can break alone.
 */

const channel = '__redis__:invalidate'
/** Only a missing answer reveals a frozen server. */
const pingMs = 1000
const retryMs = 1000

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

interface TrackerOptions {
  /** With the store's own prefix. */
  readonly prefix: string
  readonly servers: () => readonly string[]
  readonly connect: (server: string) => TrackingConnection
  /** `key` has the store's own prefix. */
  readonly changed: (key: string) => void
  readonly lost: () => void
  readonly ready: () => void
  readonly trouble: (error: unknown) => void
}

export class Tracker {
  readonly #options: TrackerOptions
  readonly #links = new Map<string, Link>()
  #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #isUp = false

  constructor(options: TrackerOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Calls `then` synchronously once the tracker is up, or at once. */
  start(then: () => void): void {
    if (this.#timer === undefined)
      this.#timer = setInterval(() => {
        this.refresh()
        for (const link of this.#links.values()) link.ping()
      }, pingMs).unref()
    this.refresh()
    if (this.#isUp) then()
    else this.#waiting.push(then)
  }

  refresh(): void {
    if (this.#timer === undefined) return
    const servers = new Set(this.#options.servers())
    // The client knows none while it reconnects.
    if (servers.size === 0) return
    for (const [server, link] of this.#links)
      if (!servers.has(server)) {
        this.#links.delete(server)
        link.stop()
      }
    for (const server of servers)
      if (!this.#links.has(server)) {
        const link = new Link(this.#options.connect(server), this.#options, () => this.#update())
        this.#links.set(server, link)
      }
    this.#update()
  }

  /** The tracker is up again once each master has answered: by then it has sent all earlier notices. */
  distrust(): void {
    for (const link of this.#links.values()) link.distrust()
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const link of this.#links.values()) link.stop()
    this.#links.clear()
    this.#waiting = []
    this.#isUp = false
  }

  #update(): void {
    const isUp = this.#links.size > 0 && [...this.#links.values()].every(link => link.isUp)
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    if (!isUp) return this.#options.lost()
    this.#options.ready()
    const waiting = this.#waiting
    this.#waiting = []
    for (const then of waiting) then()
  }
}

class Link {
  readonly #connection: TrackingConnection
  readonly #options: TrackerOptions
  readonly #onChange: () => void
  /** Late answers on an older connection are ignored. */
  #epoch = 0
  #retryTimer: NodeJS.Timeout | undefined
  #stopped = false
  isUp = false

  constructor(connection: TrackingConnection, options: TrackerOptions, onChange: () => void) {
    this.#connection = connection
    this.#options = options
    this.#onChange = onChange
    connection.on('ready', () => void this.#startTracking())
    connection.on('close', () => this.#onDown())
    connection.on('end', () => this.#retry(() => this.#connect()))
    connection.on('messageBuffer', (_, keys) => this.#onMessage(keys))
    this.#connect()
  }

  ping(): void {
    if (this.isUp) this.#ping()
  }

  distrust(): void {
    if (!this.isUp) return
    this.#onDown()
    this.#ping(() => {
      this.isUp = true
      this.#onChange()
    })
  }

  #ping(then = () => {}): void {
    const epoch = this.#epoch
    const answer = () => {
      if (epoch === this.#epoch) then()
    }
    this.#connection.ping().then(answer, error => {
      if (epoch !== this.#epoch) return
      this.#options.trouble(error)
      this.#onDown()
      this.#connection.disconnect(true)
    })
  }

  stop(): void {
    this.#stopped = true
    this.#epoch++
    clearTimeout(this.#retryTimer)
    this.#connection.disconnect()
  }

  #connect(): void {
    this.#connection.connect().catch(this.#options.trouble)
  }

  async #startTracking(): Promise<void> {
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
      this.isUp = true
      this.#onChange()
    } catch (error) {
      if (epoch !== this.#epoch) return
      this.#options.trouble(error)
      this.#retry(() => this.#connection.disconnect(true))
    }
  }

  #onDown(): void {
    this.#epoch++
    if (!this.isUp) return
    this.isUp = false
    this.#onChange()
  }

  #retry(work: () => void): void {
    clearTimeout(this.#retryTimer)
    if (!this.#stopped) this.#retryTimer = setTimeout(work, retryMs).unref()
  }

  #onMessage(keys: unknown): void {
    if (Array.isArray(keys)) for (const key of keys) this.#options.changed(String(key))
    else if (this.isUp) {
      // FLUSHALL and FLUSHDB name no keys, so everything may have changed.
      this.#options.lost()
      this.#options.ready()
    }
  }
}
