/**
 * One HTTP exchange with an app, streamed both ways with back-pressure. An incomplete response never looks complete to the client. A request is sent again only
 * if no app can have read it, or if it is safe to repeat.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { ErrorCode } from '../errors.ts'
import type { Direction } from '../metering/flow.ts'
import type { BodyTap } from '../metering/response-tap.ts'
import { breakStream, demandHttp11, maxStatus, streamOf } from '../platform/http2-stream.ts'
import { joinBody } from '../platform/joined-body.ts'
import { endInStages, softenClose } from '../platform/staged-close.ts'
import type { ResponseHandler, UpstreamError } from '../upstream/connection.ts'
import { InvalidResponseError, type ResponseHead } from '../upstream/response-parser.ts'
import { noteResponse } from '../upstream/tied-connections.ts'
import { batchWrite } from '../upstream/write-batch.ts'
import { ForwardOperation } from './forward-operation.ts'
import { type ForwardRequest, needsHttp11 } from './forward-request.ts'
import { inboundHeaders, keepFromSharedCaches } from './inbound.ts'
import { LateEnd } from './late-end.ts'
import type { CloseCode, LiveConnections } from './live-connections.ts'
import { type LoginRefusal, loginRefusal, withoutBasic } from './login-refusal.ts'
import type { Outbound } from './outbound.ts'
import { RequestBody } from './request-body.ts'
import { isEventStream, isJson } from './response-type.ts'
import type { AppUpstreams } from './upstreams.ts'

const transferOf = Symbol('transfer')
type Owned = ServerResponse & { [transferOf]?: Transfer }

/** The rest of a request body is read for so long after the response. */
const lingerMs = 30_000
/** A body up to this size is written together with its head. */
const smallBytes = 16 * 1024
const nothing = Buffer.alloc(0)

/** Never throws; the observer learns how it ended. */
export function transfer(forwardRequest: ForwardRequest, upstreams: AppUpstreams, live: LiveConnections): void {
  new Transfer(forwardRequest, upstreams, live).start()
}

class Transfer extends ForwardOperation implements ResponseHandler {
  #body: RequestBody | null = null
  #hasBody = false
  #isWhole = false
  #isRetry = false
  /** The client can tell a complete response from an incomplete one. */
  #isFramedOutside = false
  #arrivedWhole = false
  #small: string | null = null
  #waitsForDrain = false
  /** This read of the connection filled the client's buffer. */
  #fullSince = 0
  #isHeld = false
  #isEvents = false
  #tap: BodyTap | null = null
  #lateEnd: LateEnd | null = null

  get isSocket(): boolean {
    return false
  }

  /** An event stream may stay open without anybody at the screen. */
  get isTransfer(): boolean {
    return !this.#isEvents
  }

  protected get bytesIn(): number {
    return this.#body?.bytes ?? 0
  }

  end(reason: string, _closeCode?: CloseCode, code?: ErrorCode): void {
    if (this.isOver) return
    const { req, res } = this.forwardRequest
    if (code === undefined || this.status !== null || res.headersSent || req.socket.destroyed)
      return this.#cutOff(reason)
    res.off('close', onResponseClose)
    this.turnAway(code, reason)
    this.connection?.destroy()
    this.connection = null
    this.#body?.drop()
  }

  start(): void {
    const { req, res } = this.forwardRequest
    if (this.isOver) return
    this.flow?.begin(this)
    const owned: Owned = res
    owned[transferOf] = this
    res.on('close', onResponseClose)
    // The client may have disconnected during the session look-up; its `close` event has already fired.
    if (res.destroyed || req.socket.destroyed) return this.onClientClose()
    if (res.socket === null) watchQueue(req.socket, this)
    this.#ask()
  }

  #ask(): void {
    this.ask(this, false, this.#isRetry)
  }

  protected bodyOf({ body }: Outbound): RequestBody | null {
    const { req, res } = this.forwardRequest
    this.#body = body === 'none' ? null : new RequestBody(req, res, body === 'length', this.flow)
    return this.#body
  }

  onHead({ status, reason, headers: raw, framing, isWhole, tiesConnection, oddities }: ResponseHead): void {
    const { res, observer, tap, path, permit, deviceOffer, sessionLasts } = this.forwardRequest
    if (oddities !== null) observer.onOddities(oddities)
    const refusal = loginRefusal(this.forwardRequest, status, raw)
    if (refusal !== null) return this.#refuseLogin(refusal, status)
    const { req } = this.forwardRequest
    const stream = streamOf(res)
    if (stream !== null && status > maxStatus) throw new InvalidResponseError(`status ${status}, which HTTP/2 lacks`)
    const asksToTie = tiesConnection && status === 401
    if (stream !== null && asksToTie) return this.#askForHttp11(stream)
    noteResponse(this.forwardRequest, asksToTie)
    const shown = status === 401 && this.app.upstreamLogin != null ? withoutBasic(raw) : raw
    const { headers, hasLength } = inboundHeaders(shown, status, this.plan.mapping)
    if (permit.subject !== null && (req.method === 'GET' || req.method === 'HEAD')) keepFromSharedCaches(headers)
    if (deviceOffer !== null) headers.unshift('Secure-Session-Registration', deviceOffer)
    if (sessionLasts !== null) headers.unshift('Factorgate-Session-Ends', String(sessionLasts))
    this.#hasBody = framing !== 'none'
    this.#isEvents = isEventStream(raw)
    if (tap !== null)
      this.#tap = tap.open(
        req.method as string,
        path,
        status,
        raw,
        permit.subject === null ? this.forwardRequest : null
      )
    if (this.#body !== null && !req.complete && req.httpVersionMajor === 1) softenClose(req.socket)
    this.#arrivedWhole = isWhole
    if (stream !== null && !isWhole && !hasLength && isJson(raw))
      this.#lateEnd = new LateEnd(bytes => void res.write(bytes))
    res.writeHead(status, validReason(reason), headers)
    this.#isFramedOutside = framing === 'none' || hasLength || res.chunkedEncoding || stream !== null
    this.status = status
    this.flow?.answered(status)
    observer.onResponse(status)
    if (!isWhole) process.nextTick(flushHead, this)
  }

  onData(chunk: Buffer, take: () => (() => void) | null): boolean {
    const { res } = this.forwardRequest
    const isGone = this.isOver || res.destroyed
    if (isGone) return true
    this.bytesOut += chunk.length
    if (this.#tap !== null) this.#tap.data(chunk)
    if (this.flow !== null) {
      this.#isHeld = !this.flow.sent(chunk.length)
      // The flow may have cut the exchange.
      if (this.#hasEnded) return true
    }
    if (this.#arrivedWhole && chunk.length <= smallBytes) {
      this.#small = chunk.toString('latin1')
      return true
    }
    const now = this.#lateEnd?.keep(chunk) ?? chunk
    if (this.#send(now, take)) return !this.#isHeld
    const reads = this.connection?.reads ?? 0
    // One read may hold thousands of small chunks.
    if (!this.#waitsForDrain) {
      res.once('drain', onResponseDrain)
      this.#waitsForDrain = true
      this.#fullSince = reads
    }
    // Node counts what it writes only after this read; a pause before would cost two turns of the event loop.
    return !this.#isHeld && this.#fullSince === reads
  }

  #send(bytes: Buffer, take: () => (() => void) | null): boolean {
    const { res } = this.forwardRequest
    // What was kept back before may have filled the buffer.
    if (bytes.length === 0) return streamOf(res)?.writableNeedDrain !== true
    const release = take()
    return release === null ? res.write(Buffer.from(bytes)) : res.write(bytes, release)
  }

  onComplete(): void {
    this.connection = null
    this.#isWhole = true
    this.#endTap(true)
    const { res } = this.forwardRequest
    if (this.#small === null) {
      const kept = this.#lateEnd?.take() ?? null
      if (kept === null) res.end()
      else res.end(kept)
      return
    }
    const body = this.#small
    // Over HTTP/2 the last byte goes with the end of the stream: Go's clients reset a stream whose end comes later.
    if (streamOf(res) !== null) return batchWrite(() => void res.end(body, 'latin1'))
    joinBody(res, body)
    batchWrite(() => res.end())
  }

  onError(error: UpstreamError): void {
    this.connection = null
    if (this.isOver) return
    if (this.status !== null) return this.#breakOff()
    if (this.#mayRetry(error)) return this.#ask()
    this.refuse(error)
  }

  onClientClose(): void {
    if (this.isOver) return
    const { res } = this.forwardRequest
    if (!this.#isWhole || !res.writableFinished) this.cutBy ??= 'client left'
    this.#finish()
  }

  onClientDrain(): void {
    this.#waitsForDrain = false
    if (!this.#isHeld) this.connection?.readOn()
  }

  goOn(direction: Direction): void {
    if (direction === 'in') return this.#body?.goOn()
    this.#isHeld = false
    if (!this.#waitsForDrain) this.connection?.readOn()
  }

  /** An accessor, because the compiler would keep what it knew of `isOver` before the call. */
  get #hasEnded(): boolean {
    return this.isOver
  }

  /** An event stream may send its first event much later. */
  flushHead(): void {
    const { res } = this.forwardRequest
    if (this.bytesOut > 0 || this.isOver || res.writableEnded) return
    // flushHeaders() writes the head as UTF-8, which breaks the bytes of file names, so a body begins with an empty write.
    if (this.#hasBody && streamOf(res) === null) res.write(nothing)
    else res.flushHeaders()
  }

  #mayRetry(error: UpstreamError): boolean {
    const { failure, wasSent } = error
    if (!wasSent && failure !== 'stale_connection') return this.mayAskAnother(error)
    // A reused connection ended before the response began.
    if (failure !== 'stale_connection' || this.#isRetry || this.#body !== null) return false
    if (wasSent && !this.isRepeatable) return false
    this.#isRetry = true
    this.forwardRequest.trace?.failed(failure)
    this.tried.pop()
    return true
  }

  protected refuse(error: UpstreamError): void {
    this.forwardRequest.res.off('close', onResponseClose)
    this.#body?.drop()
    this.decline(error)
  }

  #refuseLogin(code: LoginRefusal, status: number): void {
    this.forwardRequest.res.off('close', onResponseClose)
    this.turnAwayLogin(code, status)
    this.#body?.drop()
  }

  #endTap(isWhole: boolean): void {
    this.#tap?.end(isWhole)
    this.#tap = null
  }

  /** The client gets an incomplete response if it can notice. */
  #breakOff(): void {
    const { req, res } = this.forwardRequest
    if (!this.#isFramedOutside || req.httpVersionMajor !== 1 || res.socket !== req.socket)
      return this.#cutOff('app broke off')
    this.cutBy ??= 'app broke off'
    this.flushHead()
    sendWritten(res)
    this.#finish()
    endInStages(req.socket)
  }

  /** The app knows people by their connection, and HTTP/2 mixes requests on one. Browsers repeat over HTTP/1.1 (RFC 9113 §9.2). */
  #askForHttp11(stream: ServerHttp2Stream): void {
    this.cutBy ??= needsHttp11
    demandHttp11(stream)
    this.#finish()
  }

  #cutOff(reason: string): void {
    this.cutBy ??= reason
    const { req, res } = this.forwardRequest
    const stream = streamOf(res)
    if (stream !== null) {
      breakStream(stream)
      return this.#finish()
    }
    const { socket } = req
    // Without chunks or a length a clean end means "complete", so the connection is reset.
    if (this.status !== null && !this.#isFramedOutside) reset(socket)
    else socket.destroy()
    this.#finish()
  }

  #finish(): void {
    if (this.isOver) return
    this.isOver = true
    this.#endTap(false)
    this.#lateEnd?.take()
    const { req, res } = this.forwardRequest
    res.off('close', onResponseClose)
    res.off('drain', onResponseDrain)
    queues.get(req.socket)?.delete(this)
    this.connection?.destroy()
    this.connection = null
    this.#body?.drop()
    if (this.cutBy === null && !req.complete && streamOf(res) === null) linger(req)
    this.report()
  }
}

function onResponseClose(this: Owned): void {
  this[transferOf]?.onClientClose()
}

function onResponseDrain(this: Owned): void {
  this[transferOf]?.onClientDrain()
}

/** Pipelined requests whose response has no socket yet, so it does not learn that the client has disconnected. */
const queues = new WeakMap<Socket, Set<Transfer>>()

function watchQueue(socket: Socket, transfer: Transfer): void {
  const queue = queues.get(socket)
  if (queue !== undefined) {
    queue.add(transfer)
    return
  }
  const waiting = new Set([transfer])
  queues.set(socket, waiting)
  socket.once('close', () => {
    for (const one of [...waiting]) one.onClientClose()
  })
}

function flushHead(transfer: Transfer): void {
  transfer.flushHead()
}

/** Undefined means the standard phrase. */
function validReason(text: string): string | undefined {
  return text === '' || /[^\t\x20-\x7e]/.test(text) ? undefined : text
}

/** Node.js writes at the end of a turn, and a connection destroyed before loses it. */
function sendWritten(res: ServerResponse): void {
  while (res.writableCorked > 0) res.uncork()
  const { socket } = res
  while (socket !== null && socket.writableCorked > 0) socket.uncork()
}

function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    // TLS has no reset; a connection that ends without close_notify counts as incomplete too.
    socket.destroy()
  }
}

function linger(req: IncomingMessage): void {
  const timer = setTimeout(() => {
    if (!req.complete) req.socket.destroy()
  }, lingerMs)
  timer.unref()
}
