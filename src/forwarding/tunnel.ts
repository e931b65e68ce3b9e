/** One WebSocket: the app's handshake, then two joined byte streams. No frame is changed. */
import net from 'node:net'
import type { Duplex, Writable } from 'node:stream'
import type { Direction } from '../metering/flow.ts'
import { noteBodyBytes } from '../platform/body-garbage.ts'
import { releaseSocket } from '../platform/upgrade-response.ts'
import {
  keepAliveMs,
  type ResponseHandler,
  type UpstreamConnection,
  type UpstreamError
} from '../upstream/connection.ts'
import { InvalidResponseError, type ResponseHead } from '../upstream/response-parser.ts'
import { ForwardOperation } from './forward-operation.ts'
import type { ForwardRequest } from './forward-request.ts'
import { inboundHeaders } from './inbound.ts'
import type { CloseCode, LiveConnections } from './live-connections.ts'
import { loginRefusal, withoutBasic } from './login-refusal.ts'
import type { AppUpstreams } from './upstreams.ts'
import { closeFrame, FrameBoundary } from './websocket-frames.ts'

export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

/** A side may stay half closed, and a Close frame unanswered, for so long. */
const halfClosedMs = 30_000
const closeAnswerMs = 2_000
const maxEarlyBytes = 64 * 1024

/** `onResponse` gets 101, or the status of the app's refusal. */
export function tunnel(
  forwardRequest: ForwardRequest,
  upgrade: Upgrade,
  upstreams: AppUpstreams,
  live: LiveConnections
): void {
  new Tunnel(forwardRequest, upgrade, upstreams, live).start()
}

class Tunnel extends ForwardOperation implements ResponseHandler {
  readonly #client: Duplex
  readonly #head: Buffer
  #early: Buffer[] = []
  #earlyBytes = 0
  readonly #boundary = new FrameBoundary()
  #app: Writable | null = null
  #hasAppEnded = false
  #timer: NodeJS.Timeout | undefined
  #bytesIn = 0
  #isHeld = false
  #isHeldIn = false

  constructor(forwardRequest: ForwardRequest, upgrade: Upgrade, upstreams: AppUpstreams, live: LiveConnections) {
    super(forwardRequest, upstreams, live)
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
    this.flow?.begin(this)
    this.#client.on('close', this.#onClientClose)
    // Node removed its own `drain` listener with the upgrade.
    this.#client.on('drain', () => {
      if (!this.#isHeld) this.connection?.readOn()
    })
    // The client may have disconnected during the session look-up; its `close` event has already fired.
    if (this.#client.destroyed) return this.#onClientClose()
    // Only a read notices that a client leaves.
    this.#client.on('data', this.#onEarlyData).on('end', this.#onEarlyEnd)
    this.#ask()
  }

  /** A Close frame says why, unless a frame is incomplete. */
  end(reason: string, closeCode: CloseCode): void {
    if (this.isOver) return
    this.cutBy ??= reason
    if (this.#app === null || !this.#boundary.isBetweenFrames) {
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

  goOn(direction: Direction): void {
    if (direction === 'in') {
      this.#isHeldIn = false
      if (this.#app?.writableNeedDrain === false) this.#client.resume()
      return
    }
    this.#isHeld = false
    if (!this.#client.writableNeedDrain) this.connection?.readOn()
  }

  get #hasEnded(): boolean {
    return this.isOver
  }

  #ask(): void {
    this.ask(this, true, true)
  }

  protected bodyOf(): null {
    return null
  }

  onHead(head: ResponseHead): void {
    if (head.oddities !== null) this.forwardRequest.observer.onOddities(head.oddities)
    if (head.framing === 'switched') this.#accept(head)
    else this.#passResponse(head)
  }

  onData(chunk: Buffer, take: () => (() => void) | null): boolean {
    if (this.isOver) return true
    this.bytesOut += chunk.length
    if (this.flow !== null) this.#isHeld = !this.flow.sent(chunk.length)
    if (this.#hasEnded) return true
    const to = this.#app === null ? this.forwardRequest.res : this.#client
    if (this.#app !== null) this.#boundary.feed(chunk)
    const release = take()
    if (release === null) noteBodyBytes(chunk.length)
    const isDrained = release === null ? to.write(Buffer.from(chunk)) : to.write(chunk, release)
    return isDrained && !this.#isHeld
  }

  onComplete(): void {
    if (this.#app === null) {
      this.connection = null
      this.forwardRequest.res.end()
      return
    }
    this.#hasAppEnded = true
    if (this.isOver) return
    this.#client.end()
    this.#onHalfClosed()
  }

  onError(error: UpstreamError): void {
    this.connection = null
    if (this.isOver) return
    if (this.status === null) {
      if (error.wasSent || error.failure === 'stale_connection') return this.refuse(error)
      if (this.mayAskAnother(error)) this.#ask()
      else this.refuse(error)
      return
    }
    this.cutBy ??= 'app broke off'
    this.#client.destroy()
  }

  /** @throws InvalidResponseError if the app switches to another protocol. */
  #accept({ headers }: ResponseHead): void {
    const protocol = lineOf(headers, 'upgrade')
    if (protocol?.toLowerCase() !== 'websocket') throw new InvalidResponseError(`upgrade to '${protocol}'`)
    const lines = inboundHeaders(headers, 101, this.plan.mapping).headers
    let text = 'HTTP/1.1 101 Switching Protocols\r\n'
    for (let i = 0; i < lines.length; i += 2) text += `${lines[i]}: ${lines[i + 1]}\r\n`
    text += 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
    const client = this.#client
    const app = (this.connection as UpstreamConnection).wire
    this.#app = app
    this.status = 101
    this.flow?.answered(101)
    this.forwardRequest.observer.onResponse(101)
    releaseSocket(this.forwardRequest.res, client)
    keepOpen(client)
    client.write(text, 'latin1')
    client.pause()
    client.off('data', this.#onEarlyData).off('end', this.#onEarlyEnd)
    const early = Buffer.concat([this.#head, ...this.#early])
    this.#early = []
    if (early.length > 0) client.unshift(early)
    client.on('data', (chunk: Buffer) => {
      if (this.isOver) return
      this.#bytesIn += chunk.length
      noteBodyBytes(chunk.length)
      if (this.flow !== null) this.#isHeldIn = !this.flow.received(chunk.length)
      if (this.#hasEnded) return
      if (!app.write(chunk) || this.#isHeldIn) client.pause()
    })
    app.on('drain', () => {
      if (!this.#isHeldIn) client.resume()
    })
    client.on('end', () => {
      app.end()
      this.#onHalfClosed()
    })
    client.resume()
  }

  #passResponse({ status, headers: raw }: ResponseHead): void {
    const { res, observer } = this.forwardRequest
    const refusal = loginRefusal(this.forwardRequest, status, raw)
    if (refusal !== null) {
      this.#client.off('close', this.#onClientClose)
      return this.turnAwayLogin(refusal, status)
    }
    const shown = status === 401 && this.app.upstreamLogin != null ? withoutBasic(raw) : raw
    const { headers } = inboundHeaders(shown, status, this.plan.mapping)
    res.shouldKeepAlive = false
    res.writeHead(status, headers)
    this.status = status
    this.flow?.answered(status)
    observer.onResponse(status)
  }

  protected refuse(error: UpstreamError): void {
    this.#client.off('close', this.#onClientClose)
    this.decline(error)
  }

  readonly #onEarlyData = (chunk: Buffer): void => {
    if (this.forwardRequest.res.writableEnded) return
    this.#earlyBytes += chunk.length
    // A client waits for the 101 (RFC 6455 §4.1).
    if (this.#earlyBytes > maxEarlyBytes) this.#client.destroy()
    else this.#early.push(chunk)
  }

  readonly #onEarlyEnd = (): void => {
    if (!this.forwardRequest.res.writableEnded) this.#client.destroy()
  }

  readonly #onClientClose = (): void => {
    const wasAnswered = this.status !== null && (this.status !== 101 || this.#hasAppEnded)
    if (!wasAnswered) this.cutBy ??= 'client left'
    this.#finish()
  }

  #onHalfClosed(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#client.destroy()
      this.connection?.destroy()
    }, halfClosedMs)
    this.#timer.unref()
  }

  #finish(): void {
    if (this.isOver) return
    clearTimeout(this.#timer)
    this.#client.off('close', this.#onClientClose)
    this.report()
    this.connection?.destroy()
  }
}

function lineOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.toLowerCase() === name) return headers[i + 1]
  return undefined
}

/** TCP keep-alive notices a dead peer. */
function keepOpen(socket: Duplex): void {
  if (!(socket instanceof net.Socket)) return
  socket.setTimeout(0)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, keepAliveMs)
}

function ignore(): void {}
