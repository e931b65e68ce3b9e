/**
 * Connections to one upstream. Owns their reuse (the latest used first, none kept longer than the app allows: `Keep-Alive: timeout=1`),
 * their number and their deadlines; refuses to let one app take all the connections a process can have.
 */
import net from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import {
  type PoolListener,
  type ResponseHandler,
  trusted,
  UpstreamConnection,
  type UpstreamRequest
} from './connection.ts'
import { Trust, type UpstreamTls } from './trust.ts'

/** How long an idle connection is kept where the app does not say, and how long before its own limit we let go, in milliseconds. */
const idleMs = 4_000
const idleMarginMs = 1_000
/** As long for one that is tied to a person who has signed in on it: about as long as the client's own connection is kept. */
const tiedIdleMs = 70_000
/** How long an upstream that refused a connection is asked last, in milliseconds. */
const downMs = 5_000
/** How often deadlines are looked at, in milliseconds: one clock for all costs less than one each. */
const tickMs = 200
/** Connections to one upstream at a time, event streams and uploads included; a WebSocket counts until the app has agreed to it. */
const connectionsMax = 4_096

/** Where an upstream listens. */
export interface UpstreamAddress {
  /** Such as http://10.1.2.3:8888. */
  readonly origin: string
  /** The path of a UNIX socket instead. */
  readonly socketPath: string | null
}

/** The connections to one address. */
export class UpstreamPool implements PoolListener {
  readonly upstream: UpstreamAddress
  readonly #trust: Trust | null
  readonly #address: { host: string; port: number } | { path: string }
  readonly #isSecure: boolean
  readonly #all = new Set<UpstreamConnection>()
  readonly #idle: UpstreamConnection[] = []
  /** Idle, each for one person. The longest idle first. */
  readonly #tied = new Set<UpstreamConnection>()
  #session: Buffer | undefined
  #downUntil = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(upstream: UpstreamAddress, tlsKeys: UpstreamTls | null = null) {
    this.upstream = upstream
    const { protocol, hostname, port } = new URL(upstream.origin)
    const name = hostname.replace(/^\[|\]$/g, '')
    this.#isSecure = protocol === 'https:'
    this.#trust = this.#isSecure ? new Trust(tlsKeys, name) : null
    this.#address =
      upstream.socketPath === null
        ? { host: name, port: Number(port) || (this.#isSecure ? 443 : 80) }
        : { path: upstream.socketPath }
  }

  /**
   * Sends one request on an idle connection, or a new one, and answers to `handler`. `isFresh`: on none that was idle, since where one was
   * let go of, the others were too; for every upgrade; and for what must not
   * be asked twice. Null where there are too many already.
   */
  send(request: UpstreamRequest, handler: ResponseHandler, isFresh: boolean): UpstreamConnection | null {
    const connection = (isFresh ? undefined : this.#idle.pop()) ?? this.#open(request.isUpgrade)
    connection?.send(request, handler, performance.now())
    return connection
  }

  /** As Keeper. */
  onIdle(connection: UpstreamConnection, keptMs: number | null): void {
    const { tie } = connection
    const mostMs = tie === null ? idleMs : tiedIdleMs
    const forMs = keptMs === null ? mostMs : Math.min(mostMs, keptMs - idleMarginMs)
    if (this.#isClosed || forMs <= 0) return connection.destroy()
    connection.deadline = performance.now() + forMs
    if (tie === null) this.#idle.push(connection)
    else if (tie.keep(connection)) this.#tied.add(connection)
    else connection.destroy()
  }

  /** As `send`, on a connection of this pool that is tied to whoever asks. */
  sendTied(request: UpstreamRequest, handler: ResponseHandler, connection: UpstreamConnection): void {
    this.#tied.delete(connection)
    connection.send(request, handler, performance.now())
  }

  onClosed(connection: UpstreamConnection): void {
    this.#all.delete(connection)
    if (connection.tie !== null) this.#tied.delete(connection)
    const at = this.#idle.lastIndexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
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
    for (const connection of [...this.#idle, ...this.#tied]) connection.destroy()
  }

  /** `isTwoWay`: each side may end on its own. */
  #open(isTwoWay: boolean): UpstreamConnection | null {
    // One who holds connections idle must not keep others from asking.
    if (this.#all.size >= connectionsMax) this.#tied.values().next().value?.destroy()
    if (this.#all.size >= connectionsMax) return null
    const connection = new UpstreamConnection(this)
    this.#all.add(connection)
    this.#timer ??= setInterval(() => this.#tick(), tickMs).unref()
    const options = { ...this.#address, onread: connection.onread, allowHalfOpen: isTwoWay }
    connection.attach(
      this.#isSecure ? this.#connectTls(options) : net.connect(options as net.NetConnectOpts),
      this.#isSecure ? trusted : 'connect'
    )
    return connection
  }

  #connectTls(options: object): TLSSocket {
    const trust = this.#trust as Trust
    const socket = tls.connect({
      ...options,
      ...trust.options,
      ...(this.#session === undefined ? {} : { session: this.#session }),
      ALPNProtocols: ['http/1.1']
    })
    socket.once('secureConnect', () => {
      const refusal = trust.refusal(socket)
      if (refusal === null) socket.emit(trusted)
      else socket.destroy(refusal)
    })
    if (trust.resumes)
      socket.on('session', session => {
        this.#session = session
      })
    return socket
  }

  #tick(): void {
    const now = performance.now()
    for (const connection of this.#all) connection.expire(now)
    if (this.#all.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
