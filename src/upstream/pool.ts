/** The connection pool of one upstream. It reuses the most recent connection and respects the app's `Keep-Alive`. */
import net from 'node:net'
import tls, { type TLSSocket } from 'node:tls'
import {
  type PoolListener,
  type Requester,
  type ResponseHandler,
  type Tie,
  trusted,
  UpstreamConnection,
  type UpstreamRequest
} from './connection.ts'
import { PersonalTie } from './tied-connections.ts'
import { Trust, type UpstreamTls } from './trust.ts'

/** `idleMarginMs` precedes the app's own limit. */
const idleMs = 4_000
const idleMarginMs = 1_000
/** A person's connection lasts about as long as the client's own. */
const tiedIdleMs = 70_000
/** One timer for all deadlines is cheaper than one each. */
const tickMs = 200
/** Streams and uploads count, WebSockets only until the 101. */
const maxConnections = 4_096

export interface UpstreamAddress {
  readonly origin: string
  readonly socketPath: string | null
}

export class UpstreamPool implements PoolListener {
  readonly upstream: UpstreamAddress
  readonly #trust: Trust | null
  readonly #address: { host: string; port: number } | { path: string }
  readonly #isSecure: boolean
  readonly #all = new Set<UpstreamConnection>()
  readonly #idle: UpstreamConnection[] = []
  /** Idle connections of people, the longest idle first. */
  readonly #tied = new Set<UpstreamConnection>()
  #session: Buffer | undefined
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

  /** `isFresh` demands a new connection: for upgrades, unsafe methods, bodies and retries. Null at the limit. */
  send(request: UpstreamRequest, handler: ResponseHandler, isFresh: boolean): UpstreamConnection | null {
    const connection = (isFresh ? undefined : this.#idle.pop()) ?? this.#open(request.isUpgrade)
    connection?.send(request, handler, performance.now())
    return connection
  }

  onIdle(connection: UpstreamConnection, keptMs: number | null): void {
    const { tie } = connection
    const maxMs = tie === null ? idleMs : tiedIdleMs
    const forMs = keptMs === null ? maxMs : Math.min(maxMs, keptMs - idleMarginMs)
    if (this.#isClosed || forMs <= 0) return connection.destroy()
    connection.deadline = performance.now() + forMs
    if (tie === null) this.#idle.push(connection)
    else if (tie.keep(connection)) this.#tied.add(connection)
    else connection.destroy()
  }

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

  tieTo(requester: Requester | null): Tie {
    return new PersonalTie(requester)
  }

  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#idle, ...this.#tied]) connection.destroy()
  }

  /** `isTwoWay`: the app may end its direction while the client still sends. */
  #open(isTwoWay: boolean): UpstreamConnection | null {
    // A person's idle connection gives way to a new request.
    if (this.#all.size >= maxConnections) this.#tied.values().next().value?.destroy()
    if (this.#all.size >= maxConnections) return null
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
