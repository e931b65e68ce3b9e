/**
 * Connections to one upstream. Owns their reuse: one request at a time on each, the latest used first, none kept longer than the app
 * allows (`Keep-Alive: timeout=1`). Refuses to retry, redirect, decode or pipeline. The only importer of undici.
 */
import { isIP, type Socket } from 'node:net'
import { buildConnector, Client, type Dispatcher } from 'undici'
import type { Clock } from '../clock.ts'
import type { App, Upstream } from '../routing/route-table.ts'
import { InterimFilter } from './interim-filter.ts'
import type { RequestBody } from './request-body.ts'

/** Hears of one request, as undici tells it: everything in the tick in which it was read. */
export type ReplyHandler = Dispatcher.DispatchHandler

export interface UpstreamRequest {
  readonly method: string
  readonly path: string
  /** Names and values in turn. */
  readonly headers: string[]
  readonly body: RequestBody | null
  /** Milliseconds the app may take from the last byte it was sent to the head of its reply; 0 for ever. */
  readonly headersTimeout: number
}

/** How long an idle connection is kept where the app does not say, and how long before its own limit we let go, in milliseconds. */
const idleMs = 4_000
const idleMarginMs = 1_000
const maxHeaderSize = 64 * 1024
/** Unconnected clients kept for the next connection: making one costs more than connecting. */
const coldKept = 32
/** How long an upstream that refused a connection is asked last, in milliseconds. */
const downMs = 5_000

/** A client of undici and the one socket it holds at a time. */
export class UpstreamConnection {
  readonly client: Client
  readonly filter = new InterimFilter()
  isConnected = false
  /** True once the app has reset the connection: without a length, nobody can say whether its reply was whole. */
  wasReset = false
  isIdle = false
  /** While true, nothing is read of what the app sends. */
  isHeld = false
  #socket: Socket | null = null

  constructor(url: string, connect: buildConnector.connector, onDisconnect: (connection: UpstreamConnection) => void) {
    this.client = new Client(url, {
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveTimeoutThreshold: idleMarginMs,
      maxHeaderSize,
      bodyTimeout: 0,
      strictContentLength: true,
      connect: (options, callback) =>
        connect(options, (error, socket) => {
          if (socket) this.#opened(socket)
          ;(callback as (error: Error | null, socket: Socket | null) => void)(error, socket)
        })
    })
    this.client.on('disconnect', () => {
      this.isConnected = false
      this.#socket = null
      onDisconnect(this)
    })
  }

  /** Asks, and answers to `handler`; never throws. */
  send(request: UpstreamRequest, servername: string, handler: ReplyHandler): void {
    // An app that leaves a body unread would take it for the next request, behind our back and with any name in it (CL.0, THREATS F14).
    // So what carries a body is the last on its connection, and says so.
    const options = { ...request, servername, reset: request.body !== null }
    this.client.dispatch(options as unknown as Dispatcher.DispatchOptions, handler)
  }

  /**
   * Reads on after `isHeld`. Back-pressure stops the socket and never undici's parser: an app that hangs up on a paused parser makes it
   * throw where nobody can catch it (nodejs/undici#5360). Not for use within a reply's own callbacks: there undici reads on by itself.
   */
  readOn(): void {
    if (!this.isHeld) return
    this.isHeld = false
    this.#socket?.emit('readable')
  }

  #opened(socket: Socket): void {
    this.isConnected = true
    this.wasReset = false
    this.#socket = socket
    this.isHeld = false
    const read = socket.read
    socket.read = size => (this.isHeld ? null : read.call(socket, size))
    this.filter.attach(socket)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') this.wasReset = true
    })
  }
}

/** The connections to one address. */
export class UpstreamPool {
  readonly upstream: Upstream
  /** For undici's own comparison; the name that TLS verifies is set below. */
  readonly servername: string
  readonly #connect: buildConnector.connector
  readonly #warm: UpstreamConnection[] = []
  readonly #cold: UpstreamConnection[] = []
  #downUntil = 0
  #isClosed = false

  constructor(upstream: Upstream, connectTimeoutMs: number) {
    this.upstream = upstream
    const { hostname } = new URL(upstream.origin)
    const name = hostname.replace(/^\[|\]$/g, '')
    this.servername = name
    const base = buildConnector({
      timeout: connectTimeoutMs,
      ...(upstream.socketPath === null ? {} : { socketPath: upstream.socketPath })
    })
    // The certificate must be the upstream's: undici would ask for the name in the Host header, which is the public one.
    const verified = isIP(name) === 0 ? name : undefined
    this.#connect = (options, callback) => base({ ...options, servername: verified }, callback)
  }

  /** A connection for one request: an idle one if there is, else one that will be opened. */
  take(): UpstreamConnection {
    const connection = this.#warm.pop() ?? this.#cold.pop() ?? this.#open()
    connection.isIdle = false
    connection.filter.awaitHead()
    return connection
  }

  /** Gives a connection back once its request is over, however it ended. */
  give(connection: UpstreamConnection): void {
    if (this.#isClosed) {
      connection.client.destroy(nothing)
      return
    }
    connection.isIdle = true
    connection.isHeld = false
    if (connection.isConnected) this.#warm.push(connection)
    else this.#cool(connection)
  }

  /** Asked last from now on, for a while. */
  markDown(now: number): void {
    this.#downUntil = now + downMs
  }

  isDown(now: number): boolean {
    return now < this.#downUntil
  }

  /** Closes what is idle now, and the rest as it comes back. */
  close(): void {
    this.#isClosed = true
    for (const { client } of [...this.#warm.splice(0), ...this.#cold.splice(0)]) client.destroy(nothing)
  }

  #open(): UpstreamConnection {
    return new UpstreamConnection(this.upstream.origin, this.#connect, connection => {
      if (!connection.isIdle) return
      const at = this.#warm.indexOf(connection)
      if (at < 0) return
      this.#warm.splice(at, 1)
      this.#cool(connection)
    })
  }

  #cool(connection: UpstreamConnection): void {
    if (this.#cold.length < coldKept) this.#cold.push(connection)
    else connection.client.destroy(nothing)
  }
}

/** The upstreams of one app, asked in turn. */
export class UpstreamChoice {
  readonly #pools: readonly UpstreamPool[]
  readonly #clock: Clock
  #next = 0

  constructor(app: App, poolFor: (upstream: Upstream) => UpstreamPool, clock: Clock) {
    this.#pools = app.upstreams.map(poolFor)
    this.#clock = clock
  }

  /** Index of the next upstream to ask that is not in `tried`; -1 where none is left. Those that refused lately come last. */
  choose(tried: readonly number[]): number {
    const count = this.#pools.length
    if (count === 1) return tried.length === 0 ? 0 : -1
    const now = this.#clock()
    let last = -1
    for (let i = 0; i < count; i++) {
      const index = (this.#next + i) % count
      if (tried.includes(index)) continue
      if (!this.#pools[index]!.isDown(now)) {
        this.#next = index + 1
        return index
      }
      if (last < 0) last = index
    }
    return last
  }

  /** True where another upstream is left to ask. */
  hasMore(tried: readonly number[]): boolean {
    return tried.length < this.#pools.length
  }

  pool(index: number): UpstreamPool {
    return this.#pools[index] as UpstreamPool
  }

  refused(index: number): void {
    this.pool(index).markDown(this.#clock())
  }
}

function nothing(): void {}
