/** One HTTP/1.1 connection to an app: one request at a time, with deadlines. It does not retry, redirect or decode. */
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { ReadBuffer } from './read-buffer.ts'
import { type InterimHead, InvalidResponseError, type ResponseHead, ResponseParser } from './response-parser.ts'
import { batchWrite } from './write-batch.ts'

export type UpstreamFailure =
  | 'connect_failed'
  /** A reused connection closed before the response. */
  | 'stale_connection'
  | 'connection_closed'
  | 'timeout'
  | 'invalid_response'
  | 'pool_exhausted'
  | 'invalid_request'

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly failure: UpstreamFailure
  /** False if nobody can have read a byte of the request. */
  readonly wasSent: boolean

  constructor(failure: UpstreamFailure, message: string, wasSent: boolean, options?: { cause?: unknown }) {
    super(message, options)
    this.failure = failure
    this.wasSent = wasSent
  }
}

export interface BodyListener {
  waitingFor(whom: 'client' | 'app'): void
}

export interface OutgoingBody {
  /** `head` lacks its last CRLF. The socket may stay open after a failed write, so that the response can be read. */
  flowTo(socket: Socket, head: string, listener: BodyListener): void
  drop(): void
}

/** What a tied connection needs of a request (tied-connections.ts). */
export interface Requester {
  readonly req: { readonly socket: Socket; readonly method?: string | undefined }
  /** The user of the client's connection: a session id, '' for anonymous; null if several people may share it. */
  readonly visitor: string | null
  readonly app: { readonly id: string }
  readonly path: string
  readonly query: string
}

export interface Tie {
  /** False if the connection must close: the owner is unknown, gone, or has one already. */
  keep(connection: UpstreamConnection): boolean
  release(connection: UpstreamConnection): void
}

export interface UpstreamRequest {
  readonly method: string
  /** Request line and header lines without the empty line; latin-1. */
  readonly head: string
  readonly body: OutgoingBody | null
  /** The app may switch protocols (101). */
  readonly isUpgrade: boolean
  /** Null for the gate's own checks. */
  readonly requester: Requester | null
  readonly tiesConnection: boolean
  /** 0 means no limit. */
  readonly connectTimeoutMs: number
  /** For each wait on the app, to read more or to respond; 0 means no limit. */
  readonly responseTimeoutMs: number
}

export interface ResponseHandler {
  /** A new connection is open, and its certificate is accepted. Not called for kept ones. */
  onConnect?(): void
  onInterim?(head: InterimHead): void
  /** May throw InvalidResponseError, which leads to `onError`. */
  onHead(head: ResponseHead): void
  /**
   * After a 101, all bytes. `chunk` is reused: `take()` returns a function that releases it, or null, after which the caller must copy. False pauses reading
   * until `readOn`.
   */
  onData(chunk: Buffer, take: () => (() => void) | null): boolean
  /** After a 101, the app has ended its direction. */
  onComplete(): void
  onError(error: UpstreamError): void
}

export interface PoolListener {
  /** The connection is idle. The app keeps it so long; null if unspecified. */
  onIdle(connection: UpstreamConnection, keptMs: number | null): void
  onClosed(connection: UpstreamConnection): void
  tieTo(requester: Requester | null): Tie
}

const bigBytes = 64 * 1024
/** Of an idle WebSocket. */
export const keepAliveMs = 60_000

export const trusted = 'factorgate:trusted'

export class UpstreamConnection {
  readonly #pool: PoolListener
  readonly #parser = new ResponseParser()
  readonly #buffer = new ReadBuffer()
  readonly #take = () => this.#buffer.take()
  #socket: Socket | null = null
  #handler: ResponseHandler | null = null
  #request: UpstreamRequest | null = null
  #isOpen = false
  #served = 0
  #hasBegun = false
  #status = 0
  #wasSent = false
  #bytes = 0
  #isClosed = false
  #isReading = true
  #keptMs: number | null = null
  #isKept = false
  #isSwitched = false
  #hasWriteFailed = false
  #reads = 0
  /** When the gate stopped reading, on the clock of `now`. */
  #pausedAt = 0
  #tie: Tie | null = null
  /** On the clock of `now`; 0 means none. */
  deadline = 0

  constructor(pool: PoolListener) {
    this.#pool = pool
  }

  get pool(): PoolListener {
    return this.#pool
  }

  get tie(): Tie | null {
    return this.#tie
  }

  attach(socket: Socket, openEvent: 'connect' | typeof trusted): void {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.once(openEvent, () => this.#opened())
    socket.on('error', error => (this.#mayReadOn ? this.#stopSending(error) : this.#failed(error)))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#failed(null))
  }

  get onread(): { buffer: () => Uint8Array; callback: (bytes: number) => boolean } {
    return { buffer: this.#buffer.next, callback: length => this.#read(length) }
  }

  /** Never throws. `now` is on the clock of `expire`. */
  send(request: UpstreamRequest, handler: ResponseHandler, now: number): void {
    this.#request = request
    this.#handler = handler
    this.#hasBegun = false
    this.#status = 0
    this.#wasSent = false
    if (request.tiesConnection) this.#tie ??= this.#pool.tieTo(request.requester)
    this.deadline = this.#isOpen ? 0 : after(now, request.connectTimeoutMs)
    if (this.#isOpen) this.#write(now)
  }

  get reads(): number {
    return this.#reads
  }

  get wire(): Writable {
    return this.#socket as Socket
  }

  readOn(): void {
    if (this.#isReading) return
    this.#isReading = true
    this.#buffer.noteWait(performance.now() - this.#pausedAt)
    this.#socket?.resume()
    if (this.#hasWriteFailed) this.#readToEnd(null)
  }

  destroy(): void {
    this.#handler = null
    this.#close()
  }

  expire(now: number): void {
    if (this.deadline === 0 || now < this.deadline) return
    if (this.#handler === null) return this.destroy()
    this.#fail(
      'timeout',
      this.#isOpen ? 'the app did not answer in time' : 'the app did not accept a connection in time'
    )
  }

  /** RFC 9110 §15.2: an interim response renews the deadline. 100 is dropped, because the gate does not ask for it. */
  onInterim(head: InterimHead): void {
    if (this.deadline !== 0) this.deadline = after(performance.now(), this.#request?.responseTimeoutMs ?? 0)
    if (head.status !== 100) this.#handler?.onInterim?.(head)
  }

  onHead(head: ResponseHead): void {
    this.#hasBegun = true
    this.#status = head.status
    this.deadline = 0
    this.#keptMs = head.keptMs
    // No reuse after a request body: an app that does not read the body takes it for the next request, with any user name in it (CL.0, THREATS F14).
    this.#isKept = this.#request?.body === null && !this.#request.isUpgrade && head.keptMs !== 0
    this.#bytes = 0
    if (head.tiesConnection && this.#request !== null) this.#tie ??= this.#pool.tieTo(this.#request.requester)
    this.#handler?.onHead(head)
    if (head.framing === 'switched') this.#switch()
  }

  onData(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > bigBytes && !this.#isSwitched) this.#buffer.isBig = true
    if (this.#handler?.onData(chunk, this.#take) === false) this.#isReading = false
  }

  onComplete(): void {
    const handler = this.#handler
    this.#handler = null
    this.#buffer.isBig = false
    this.#request?.body?.drop()
    this.#request = null
    handler?.onComplete()
  }

  waitingFor(whom: 'client' | 'app'): void {
    // The deadline is off while the app has nothing to read, because only the client is slow then.
    if (this.#hasBegun) return
    this.deadline = whom === 'client' ? 0 : after(performance.now(), this.#request?.responseTimeoutMs ?? 0)
  }

  #opened(): void {
    this.#isOpen = true
    if (this.#isClosed) return
    this.#handler?.onConnect?.()
    if (this.#request !== null) this.#write(performance.now())
  }

  #write(now: number): void {
    const request = this.#request as UpstreamRequest
    this.#served++
    this.deadline = after(now, request.responseTimeoutMs)
    if (request.body === null) return batchWrite(() => this.#writeRequest(request))
    this.#writeRequest(request)
  }

  #writeRequest(request: UpstreamRequest): void {
    if (this.#isClosed || this.#request !== request) return
    const socket = this.#socket as Socket
    this.#wasSent = true
    this.#parser.expect(this, request.method, request.isUpgrade)
    if (request.body === null) {
      socket.write(`${request.head}\r\n`, 'latin1')
      return
    }
    request.body.flowTo(socket, request.head, this)
  }

  get #mayReadOn(): boolean {
    return this.#wasSent && this.#request?.body != null && this.#socket?.destroyed === false
  }

  /** After a failed write. The app may have responded before it closed (RFC 9112 §9.5). */
  #stopSending(cause: NodeJS.ErrnoException): void {
    if (this.#hasWriteFailed || this.#isClosed) return
    this.#hasWriteFailed = true
    this.#request?.body?.drop()
    this.#readToEnd(cause)
  }

  #readToEnd(cause: NodeJS.ErrnoException | null): void {
    const reads = this.#reads
    setImmediate(() =>
      setImmediate(() => {
        if (this.#isClosed || !this.#isReading) return
        if (this.#reads === reads) this.#failed(cause)
        else this.#readToEnd(cause)
      })
    )
  }

  #read(length: number): boolean {
    if (this.#isClosed) return false
    this.#reads++
    try {
      this.#parser.feed(this.#buffer.view(length))
    } catch (error) {
      if (!(error instanceof InvalidResponseError) && this.#handler === null) throw error
      this.#fail(this.#wasSent ? 'invalid_response' : 'stale_connection', (error as Error).message, error)
      return false
    }
    if (this.#isClosed) return false
    if (this.#isSwitched) this.#buffer.noteRead(length)
    else if (this.#handler === null) this.#finish()
    if (!this.#isReading) this.#pausedAt = performance.now()
    return this.#isReading
  }

  #finish(): void {
    this.#isReading = true
    if (!this.#isKept || !this.#parser.isClean || this.#socket?.destroyed !== false) return this.#close()
    this.deadline = 0
    this.#pool.onIdle(this, this.#keptMs)
  }

  #switch(): void {
    if (this.#isClosed) return
    this.#isSwitched = true
    // Frees the request head, because a WebSocket may stay open for days.
    this.#request = null
    this.#socket?.setKeepAlive(true, keepAliveMs)
    this.#pool.onClosed(this)
  }

  #ended(): void {
    if (this.#isClosed) return
    if (this.#isSwitched) return void this.#parser.end()
    // Completes a response without a length. A reset is no `end`.
    if (this.#handler !== null && this.#wasSent && this.#parser.end()) return this.#close()
    if (this.#parser.isInHead) return this.#fail('invalid_response', 'a head without an end')
    this.#failed(null)
  }

  #failed(cause: NodeJS.ErrnoException | null): void {
    if (this.#isClosed) return
    // The app may reset the connection because of the unread request body. Its error response is complete then.
    if (this.#status >= 300 && this.#request?.body != null && this.#parser.end()) return this.#close()
    const failure = !this.#isOpen
      ? 'connect_failed'
      : this.#served > 1 && !this.#hasBegun
        ? 'stale_connection'
        : 'connection_closed'
    this.#fail(failure, cause?.message ?? 'the app closed the connection', cause)
  }

  #fail(failure: UpstreamFailure, why: string, cause?: unknown): void {
    const handler = this.#handler
    this.#handler = null
    this.#close()
    handler?.onError(new UpstreamError(failure, why, this.#wasSent, { cause }))
  }

  #close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#request?.body?.drop()
    this.#request = null
    this.deadline = 0
    this.#buffer.drop()
    this.#socket?.destroy()
    this.#tie?.release(this)
    this.#pool.onClosed(this)
  }
}

function after(now: number, milliseconds: number): number {
  return milliseconds > 0 ? now + milliseconds : 0
}
