/**
 * One HTTP exchange with an app: head, body and reply, streamed with back-pressure both ways. Owns what happens when either side
 * stops; refuses to let a half answer look whole, and to ask an app twice for what may not be asked twice.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Errand, refusalOf } from './errand.ts'
import { inboundHeaders, UnfitReply } from './inbound.ts'
import type { LiveConnections } from './live-connections.ts'
import { outboundHeaders } from './outbound.ts'
import { RequestBody } from './request-body.ts'
import { Running } from './running.ts'
import type { ReplyHandler, UpstreamConnection } from './upstream-pool.ts'
import type { Way } from './way.ts'
import { insidePath } from './whereabouts.ts'

const transferOf = Symbol('transfer')
type Owned = ServerResponse & { [transferOf]?: Transfer }

/** May be sent again, if the first time nobody can have read it (RFC 9110 §9.2.2). */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH'])
/** How long a client may go on sending a body that the app has already answered, in milliseconds. */
const lingerMs = 30_000
const nothing = Buffer.alloc(0)

/** Runs one errand. The observer hears how it ended; nothing is thrown. */
export function transfer(errand: Errand, way: Way, live: LiveConnections): void {
  new Transfer(errand, way, live).start()
}

class Transfer extends Running implements ReplyHandler {
  #body: RequestBody | null = null
  #connection: UpstreamConnection | null = null
  #upstream = -1
  #abort: (() => void) | null = null
  #hasBody = false
  #isWhole = false
  #wasAnswered = false
  #isSecondTry = false
  /** The end of the app's reply can be told from a break; so can what the client gets of it. */
  #isFramed = false
  #isFramedOutside = false

  get isSocket(): boolean {
    return false
  }

  protected get bytesIn(): number {
    return this.#body?.bytes ?? 0
  }

  /** LiveConnections: the right to this exchange has ended. */
  end(reason: string): void {
    if (!this.isOver) this.#cutOff(reason)
  }

  start(): void {
    const { req, res } = this.errand
    if (this.isOver) return
    const owned: Owned = res
    owned[transferOf] = this
    res.on('close', onResponseClose)
    if (res.socket === null) watchQueue(req.socket, this)
    this.#ask()
  }

  #ask(): void {
    const { req, res, app, path, query } = this.errand
    const index = this.way.choice.choose(this.tried)
    this.#upstream = index
    this.tried.push(index)
    const plan = this.way.plans[index]!
    const pool = this.way.choice.pool(index)
    const { headers, hasBody } = outboundHeaders(plan, req.rawHeaders, this.errand, false)
    if (hasBody) this.#body = new RequestBody(req, res)
    this.#connection = pool.take()
    const { method } = req as { method: string }
    const target = insidePath(path, plan.where.basePath) + query
    const request = { method, path: target, headers, body: this.#body, headersTimeout: app.responseTimeoutMs }
    this.#connection.send(request, pool.servername, this)
  }

  onConnect(abort: () => void): void {
    this.#abort = abort
    if (this.isOver || this.cut !== null) abort()
  }

  onResponseStarted(): void {
    this.#wasAnswered = true
  }

  onHeaders(status: number, raw: Buffer[], _resume: () => void, statusText: string): boolean {
    // Informational: what it announces will come again in the reply itself.
    if (status < 200 && status >= 100) return true
    if (status < 100) throw new UnfitReply(`status ${status}`)
    this.#connection?.filter.sawHead()
    const { req, res, observer } = this.errand
    const { headers, hasLength, isChunked } = inboundHeaders(raw, status, this.way.plans[this.#upstream]!.where)
    const hasNoBody = req.method === 'HEAD' || status === 204 || status === 304
    this.#hasBody = !hasNoBody
    res.writeHead(status, fitReason(statusText), headers)
    this.#isFramed = hasNoBody || hasLength || isChunked
    this.#isFramedOutside = hasNoBody || hasLength || res.chunkedEncoding
    this.status = status
    observer.answering(status)
    process.nextTick(flushHead, this)
    return true
  }

  onData(chunk: Buffer): boolean {
    const { res } = this.errand
    const isGone = this.isOver || res.destroyed
    if (!isGone) this.bytesOut += chunk.length
    if (!isGone && res.write(chunk)) return true
    // Never false, which would pause the parser: see UpstreamConnection.readOn.
    const connection = this.#connection
    if (connection === null || connection.isHeld) return true
    connection.isHeld = true
    if (!isGone) res.once('drain', onResponseDrain)
    return true
  }

  onComplete(): void {
    const { res } = this.errand
    const connection = this.#giveBack()
    // Its end was the connection's end, and that was no clean one.
    if (!this.#isFramed && connection?.wasReset) return this.#cutOff('app broke off')
    this.#isWhole = true
    res.end()
  }

  onError(error: NodeJS.ErrnoException): void {
    this.#giveBack()
    if (this.isOver) return
    if (this.status !== null) return this.#cutOff('app broke off')
    if (this.#mayAskAgain(error)) return this.#ask()
    this.#refuse(error)
  }

  /** The client's connection, or its request, is over. */
  onClientClose(): void {
    if (this.isOver) return
    const { res } = this.errand
    if (!this.#isWhole || !res.writableFinished) this.cut ??= 'client left'
    this.#finish()
  }

  onClientDrain(): void {
    this.#connection?.readOn()
  }

  /** Event streams say their head long before their first event. */
  flushHead(): void {
    const { res } = this.errand
    if (this.bytesOut > 0 || this.isOver || res.writableEnded) return
    // Where there may be a body, not flushHeaders(): it writes the head as UTF-8, and would encode a file name's bytes a second time.
    if (this.#hasBody) res.write(nothing)
    else res.flushHeaders()
  }

  #mayAskAgain(error: NodeJS.ErrnoException & { socket?: { bytesRead?: number } }): boolean {
    if (this.#abort === null) {
      // The connection never opened, so nobody has read a byte: any other upstream may be asked.
      if (refusalOf(error) === 'bad_request') return false
      this.way.choice.refused(this.#upstream)
      return this.way.choice.hasMore(this.tried)
    }
    // A connection that had served before and ended as we spoke: the app had let go of it already.
    const wasStale = error.code === 'UND_ERR_SOCKET' && (error.socket?.bytesRead ?? 0) > 0 && !this.#wasAnswered
    if (!wasStale || this.#isSecondTry || this.#body !== null) return false
    if (!idempotent.has(this.errand.req.method as string)) return false
    this.#isSecondTry = true
    this.tried.pop()
    this.#abort = null
    return true
  }

  #refuse(error: NodeJS.ErrnoException): void {
    this.errand.res.off('close', onResponseClose)
    this.#body?.destroy()
    this.decline(error)
  }

  /** Ends the client's connection in the middle, so that what it has does not look whole. */
  #cutOff(reason: string): void {
    this.cut ??= reason
    const { socket } = this.errand.req
    // Without chunks or a length a clean end would say "that was all": only a reset does not.
    if (this.status !== null && !this.#isFramedOutside) reset(socket)
    else socket.destroy()
    this.#finish()
  }

  #finish(): void {
    if (this.isOver) return
    this.isOver = true
    const { req, res } = this.errand
    res.off('close', onResponseClose)
    res.off('drain', onResponseDrain)
    queues.get(req.socket)?.delete(this)
    if (!this.#isWhole) this.#abort?.()
    this.#body?.destroy()
    if (this.cut === null && !req.complete) linger(req)
    this.report()
  }

  #giveBack(): UpstreamConnection | null {
    const connection = this.#connection
    this.#connection = null
    if (connection !== null) this.way.choice.pool(this.#upstream).give(connection)
    return connection
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
function fitReason(text: string): string | undefined {
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
