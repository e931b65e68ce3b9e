/**
 * One HTTP exchange with an app: request, body and response, streamed with back-pressure both ways. A response that breaks off never looks whole, and an
 * app is never asked twice for what may not be asked twice.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ErrorCode } from '../errors.ts'
import { joinBody } from '../platform/joined-body.ts'
import { endInStages, softenClose } from '../platform/staged-close.ts'
import type { ResponseHandler, UpstreamError } from '../upstream/connection.ts'
import type { ResponseHead } from '../upstream/response-parser.ts'
import { noteResponse } from '../upstream/tied-connections.ts'
import { batchWrite } from '../upstream/write-batch.ts'
import { ForwardOperation, repeatable } from './forward-operation.ts'
import type { ForwardRequest } from './forward-request.ts'
import { inboundHeaders } from './inbound.ts'
import type { CloseCode, LiveConnections } from './live-connections.ts'
import type { Outbound } from './outbound.ts'
import { RequestBody } from './request-body.ts'
import type { AppUpstreams } from './upstreams.ts'

const transferOf = Symbol('transfer')
type Owned = ServerResponse & { [transferOf]?: Transfer }

/** How long a client may go on sending a body that the app has already answered, in milliseconds. */
const lingerMs = 30_000
/** A whole response of at most so many bytes goes out in one call, its head included. */
const smallBytes = 16 * 1024
const nothing = Buffer.alloc(0)

/** Runs one forward request. The observer hears how it ended; nothing is thrown. */
export function transfer(forwardRequest: ForwardRequest, upstreams: AppUpstreams, live: LiveConnections): void {
  new Transfer(forwardRequest, upstreams, live).start()
}

class Transfer extends ForwardOperation implements ResponseHandler {
  #body: RequestBody | null = null
  #hasBody = false
  #isWhole = false
  #isRetry = false
  /** The client can tell the end of the response from a break. */
  #isFramedOutside = false
  /** The response came in one piece, and goes out in one with its head. */
  #arrivedWhole = false
  #small: string | null = null
  #waitsForDrain = false

  get isSocket(): boolean {
    return false
  }

  protected get bytesIn(): number {
    return this.#body?.bytes ?? 0
  }

  /** LiveConnections: the right to this exchange has ended. */
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
    const owned: Owned = res
    owned[transferOf] = this
    res.on('close', onResponseClose)
    // Whoever left while the gate was still looking up who they are has been heard already, and not by us.
    if (res.destroyed || req.socket.destroyed) return this.onClientClose()
    if (res.socket === null) watchQueue(req.socket, this)
    this.#ask()
  }

  #ask(): void {
    this.ask(this, false, this.#isRetry)
  }

  protected bodyOf({ body }: Outbound): RequestBody | null {
    const { req, res } = this.forwardRequest
    this.#body = body === 'none' ? null : new RequestBody(req, res, body === 'length')
    return this.#body
  }

  onHead({ status, reason, headers: raw, framing, isWhole, tiesConnection, oddities }: ResponseHead): void {
    const { res, observer } = this.forwardRequest
    if (oddities !== null) observer.onOddities(oddities)
    noteResponse(this.forwardRequest, tiesConnection && status === 401)
    const { headers, hasLength } = inboundHeaders(raw, status, this.plan.mapping)
    this.#hasBody = framing !== 'none'
    const { req } = this.forwardRequest
    if (this.#body !== null && !req.complete && req.httpVersionMajor === 1) softenClose(req.socket)
    this.#arrivedWhole = isWhole
    res.writeHead(status, validReason(reason), headers)
    this.#isFramedOutside = framing === 'none' || hasLength || res.chunkedEncoding
    this.status = status
    observer.onResponse(status)
    if (!isWhole) process.nextTick(flushHead, this)
  }

  onData(chunk: Buffer, take: () => (() => void) | null): boolean {
    const { res } = this.forwardRequest
    const isGone = this.isOver || res.destroyed
    if (isGone) return true
    this.bytesOut += chunk.length
    if (this.#arrivedWhole && chunk.length <= smallBytes) {
      this.#small = chunk.toString('latin1')
      return true
    }
    const release = take()
    if (release === null ? res.write(Buffer.from(chunk)) : res.write(chunk, release)) return true
    // Of one read there may be thousands of small chunks.
    if (!this.#waitsForDrain) res.once('drain', onResponseDrain)
    this.#waitsForDrain = true
    return false
  }

  onComplete(): void {
    this.connection = null
    this.#isWhole = true
    const { res } = this.forwardRequest
    if (this.#small === null) {
      res.end()
      return
    }
    joinBody(res, this.#small)
    batchWrite(() => res.end())
  }

  onError(error: UpstreamError): void {
    this.connection = null
    if (this.isOver) return
    if (this.status !== null) return this.#breakOff()
    if (this.#mayRetry(error)) return this.#ask()
    this.refuse(error)
  }

  /** The client's connection, or its request, is over. */
  onClientClose(): void {
    if (this.isOver) return
    const { res } = this.forwardRequest
    if (!this.#isWhole || !res.writableFinished) this.cut ??= 'client left'
    this.#finish()
  }

  onClientDrain(): void {
    this.#waitsForDrain = false
    this.connection?.readOn()
  }

  /** Event streams say their head long before their first event. */
  flushHead(): void {
    const { res } = this.forwardRequest
    if (this.bytesOut > 0 || this.isOver || res.writableEnded) return
    // Where there may be a body, not flushHeaders(): it writes the head as UTF-8, and would encode a file name's bytes a second time.
    if (this.#hasBody) res.write(nothing)
    else res.flushHeaders()
  }

  #mayRetry({ failure, wasSent }: UpstreamError): boolean {
    if (!wasSent && failure !== 'stale_connection') return this.hasAnother()
    // A kept connection that ended as we spoke: the app had let go of it already.
    if (failure !== 'stale_connection' || this.#isRetry || this.#body !== null) return false
    if (wasSent && !repeatable.has(this.forwardRequest.req.method as string)) return false
    this.#isRetry = true
    this.tried.pop()
    return true
  }

  protected refuse(error: UpstreamError): void {
    this.forwardRequest.res.off('close', onResponseClose)
    this.#body?.drop()
    this.decline(error)
  }

  /** The app has said half of it. Where the client can tell that from the whole, it gets what there is. */
  #breakOff(): void {
    const { req, res } = this.forwardRequest
    if (!this.#isFramedOutside || req.httpVersionMajor !== 1 || res.socket !== req.socket)
      return this.#cutOff('app broke off')
    this.cut ??= 'app broke off'
    this.flushHead()
    this.#finish()
    endInStages(req.socket)
  }

  /** Ends the client's connection in the middle, so that what it has does not look whole. */
  #cutOff(reason: string): void {
    this.cut ??= reason
    const { socket } = this.forwardRequest.req
    // Without chunks or a length a clean end would say "that was all": only a reset does not.
    if (this.status !== null && !this.#isFramedOutside) reset(socket)
    else socket.destroy()
    this.#finish()
  }

  #finish(): void {
    if (this.isOver) return
    this.isOver = true
    const { req, res } = this.forwardRequest
    res.off('close', onResponseClose)
    res.off('drain', onResponseDrain)
    queues.get(req.socket)?.delete(this)
    this.connection?.destroy()
    this.connection = null
    this.#body?.drop()
    if (this.cut === null && !req.complete) linger(req)
    this.report()
  }
}

function onResponseClose(this: Owned): void {
  this[transferOf]?.onClientClose()
}

function onResponseDrain(this: Owned): void {
  this[transferOf]?.onClientDrain()
}

/** Pipelined requests that wait for their turn: their response has no socket yet, and would not hear that the client has left. */
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

/** The app's reason phrase where it can be written, else the usual one. */
function validReason(text: string): string | undefined {
  return text === '' || /[^\t\x20-\x7e]/.test(text) ? undefined : text
}

function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    // TLS has no reset; ending without its close_notify says the same.
    socket.destroy()
  }
}

function linger(req: IncomingMessage): void {
  const timer = setTimeout(() => {
    if (!req.complete) req.socket.destroy()
  }, lingerMs)
  timer.unref()
}
