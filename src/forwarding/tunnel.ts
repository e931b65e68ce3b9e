/**
 * One WebSocket: the app's handshake first, then two byte streams joined. Owns its end: with its session, its app or its client.
 * Refuses to answer 101 before the app has; touches no frame, so sub-protocols and extensions are the two ends' own business.
 */
import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import net, { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { bodyPassed } from '../young-generation.ts'
import type { Errand } from './errand.ts'
import { inboundHeaders } from './inbound.ts'
import type { CloseCode, LiveConnections } from './live-connections.ts'
import { outboundHeaders } from './outbound.ts'
import { UnfitReply } from './reply-parser.ts'
import { Running } from './running.ts'
import type { Way } from './way.ts'
import { closeFrame, FrameBoundary } from './websocket-frames.ts'
import { insidePath } from './whereabouts.ts'

/** What the server's `upgrade` event hands over besides the request. */
export interface Upgrade {
  readonly socket: Duplex
  /** Bytes that came with the handshake, after it. */
  readonly head: Buffer
}

const keepAliveMs = 60_000
/** How long one side may stay half closed, and how long a client has to answer our Close frame, in milliseconds. */
const halfClosedMs = 30_000
const closeAnswerMs = 2_000

/** Runs one upgrade errand. The observer hears `answering` with 101 or with the status of the app's refusal. */
export function tunnel(errand: Errand, upgrade: Upgrade, way: Way, live: LiveConnections): void {
  new Tunnel(errand, upgrade, way, live).start()
}

class Tunnel extends Running {
  readonly #client: Duplex
  readonly #head: Buffer
  readonly #boundary = new FrameBoundary()
  #request: ClientRequest | null = null
  #upstream: Socket | null = null
  #timer: NodeJS.Timeout | undefined
  #bytesIn = 0

  constructor(errand: Errand, upgrade: Upgrade, way: Way, live: LiveConnections) {
    super(errand, way, live)
    this.#client = upgrade.socket
    this.#head = upgrade.head
  }

  get isSocket(): boolean {
    return true
  }

  protected get bytesIn(): number {
    return this.#bytesIn
  }

  start(): void {
    this.#client.on('error', ignore)
    this.#client.on('close', this.#onClientClose)
    // Whoever left while the gate was still looking up who they are has been heard already, and not by us.
    if (this.#client.destroyed) return this.#onClientClose()
    this.#ask()
  }

  /** LiveConnections: the right to this socket has ended. The client is told why where that does not break a frame in two. */
  end(reason: string, closeCode: CloseCode): void {
    if (this.isOver) return
    this.cut ??= reason
    if (this.#upstream === null || !this.#boundary.isBetweenFrames) {
      this.#client.destroy()
      this.#finish()
      return
    }
    this.#finish()
    this.#client.end(closeFrame(closeCode, reason))
    this.#client.resume()
    const timer = setTimeout(() => this.#client.destroy(), closeAnswerMs)
    timer.unref()
    this.#client.once('close', () => clearTimeout(timer))
  }

  #ask(): void {
    const { req, app, path, query } = this.errand
    const index = this.way.choice.choose(this.tried)
    this.tried.push(index)
    const plan = this.way.plans[index]!
    const { upstream, hostname } = this.way.choice.pool(index)
    const { headers } = outboundHeaders(plan, req.rawHeaders, this.errand, true)
    const isSecure = upstream.origin.startsWith('https:')
    const request = (isSecure ? https : http).request(upstream.origin, {
      method: 'GET',
      path: insidePath(path, plan.where.basePath) + query,
      headers,
      agent: false,
      allowHalfOpen: true,
      maxHeaderSize: 64 * 1024,
      ...(upstream.socketPath === null ? {} : { socketPath: upstream.socketPath }),
      ...(isIP(hostname) === 0 ? { servername: hostname } : {})
    } as https.RequestOptions)
    this.#request = request
    let wasOpened = false
    let isLate = false
    request.on('socket', socket => {
      socket.setNoDelay(true)
      socket.once(isSecure ? 'secureConnect' : 'connect', () => {
        wasOpened = true
        this.#wait(app.responseTimeoutMs, late)
      })
    })
    const late = () => {
      isLate = true
      request.destroy()
    }
    this.#wait(app.connectTimeoutMs, late)
    request.on('upgrade', (response, socket, head) => this.#onUpgrade(response, socket as Socket, head, index))
    request.on('response', response => this.#onRefusal(response, index))
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (this.isOver || this.status !== null) return
      if (!wasOpened) this.way.choice.refused(index)
      if (!wasOpened && this.way.choice.hasMore(this.tried)) return this.#ask()
      this.#refuse(isLate ? Object.assign(error, { code: 'ETIMEDOUT' }) : error)
    })
    request.end()
  }

  /** The app has agreed: its own words go to the client, and from here on bytes only. */
  #onUpgrade(response: IncomingMessage, upstream: Socket, head: Buffer, index: number): void {
    clearTimeout(this.#timer)
    if (this.isOver) {
      upstream.destroy()
      return
    }
    upstream.on('error', ignore)
    if (response.headers.upgrade?.trim().toLowerCase() !== 'websocket') {
      upstream.destroy()
      return this.#refuse(new UnfitReply(`upgrade to '${response.headers.upgrade}'`))
    }
    const client = this.#client
    let lines: string[]
    try {
      lines = inboundHeaders(response.rawHeaders, 101, this.way.plans[index]!.where).headers
    } catch (error) {
      upstream.destroy()
      return this.#refuse(error as Error)
    }
    let text = 'HTTP/1.1 101 Switching Protocols\r\n'
    for (let i = 0; i < lines.length; i += 2) text += `${lines[i]}: ${lines[i + 1]}\r\n`
    text += 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    this.#upstream = upstream
    this.status = 101
    this.errand.observer.answering(101)
    this.errand.res.detachSocket(client as Socket)
    for (const socket of [client, upstream]) keepOpen(socket)
    client.write(text, 'latin1')
    if (head.length > 0) upstream.unshift(head)
    if (this.#head.length > 0) client.unshift(this.#head)
    this.#join(upstream, client, chunk => {
      this.bytesOut += chunk.length
      this.#boundary.feed(chunk)
    })
    this.#join(client, upstream, chunk => {
      this.#bytesIn += chunk.length
    })
    upstream.on('close', this.#onUpstreamClose)
    // The other side may still have something to say, but not for ever.
    for (const socket of [client, upstream]) socket.on('end', this.#onHalfClosed)
  }

  /** Bytes from one side to the other, no faster than that one takes them; what comes after the end is dropped. */
  #join(from: Duplex, to: Duplex, note: (chunk: Buffer) => void): void {
    from.on('data', (chunk: Buffer) => {
      if (this.isOver) return
      note(chunk)
      bodyPassed(chunk.length)
      if (!to.write(chunk)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('end', () => to.end())
  }

  /** The app has not: its status, headers and body are its own answer, and the connection ends with it. */
  #onRefusal(response: IncomingMessage, index: number): void {
    clearTimeout(this.#timer)
    const { res, observer } = this.errand
    if (this.isOver) {
      response.destroy()
      return
    }
    const status = response.statusCode as number
    try {
      const { headers } = inboundHeaders(response.rawHeaders, status, this.way.plans[index]!.where)
      res.shouldKeepAlive = false
      res.writeHead(status, headers)
    } catch (error) {
      response.destroy()
      return this.#refuse(error as Error)
    }
    this.status = status
    observer.answering(status)
    response.on('data', (chunk: Buffer) => {
      this.bytesOut += chunk.length
    })
    response.on('error', ignore)
    response.on('close', () => {
      if (!response.complete) this.#client.destroy()
    })
    response.pipe(res)
  }

  #refuse(error: NodeJS.ErrnoException): void {
    clearTimeout(this.#timer)
    this.#client.off('close', this.#onClientClose)
    this.decline(error)
    this.#request?.destroy()
  }

  readonly #onClientClose = (): void => {
    const wasAnswered = this.status !== null && (this.status !== 101 || this.#upstream?.readableEnded === true)
    if (!wasAnswered) this.cut ??= 'client left'
    this.#finish()
  }

  readonly #onUpstreamClose = (): void => {
    // What it said last is still on its way to the client.
    if (this.#upstream?.readableEnded) return
    this.cut ??= 'app broke off'
    this.#client.destroy()
  }

  readonly #onHalfClosed = (): void => {
    this.#wait(halfClosedMs, () => {
      this.#client.destroy()
      this.#upstream?.destroy()
    })
  }

  #finish(): void {
    if (this.isOver) return
    clearTimeout(this.#timer)
    this.#client.off('close', this.#onClientClose)
    this.report()
    this.#request?.destroy()
    this.#upstream?.destroy()
  }

  #wait(milliseconds: number, then: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = milliseconds > 0 ? setTimeout(then, milliseconds) : undefined
    this.#timer?.unref()
  }
}

/** No idle cut, no Nagle delay; a dead peer is noticed by TCP. */
function keepOpen(socket: Duplex): void {
  if (!(socket instanceof net.Socket)) return
  socket.setTimeout(0)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, keepAliveMs)
}

function ignore(): void {}
