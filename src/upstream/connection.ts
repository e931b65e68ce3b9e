/**
 * One connection to an app, and one request at a time on it. Owns the socket, the order of things on it and its deadlines; refuses to
 * retry, redirect, decode or pipeline. What is read lies in memory that is used again at once: a reader copies or leases it.
 */
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { ReadBuffer } from './read-buffer.ts'
import { type InterimHead, InvalidResponseError, type ResponseHead, ResponseParser } from './response-parser.ts'
import { type Asker, Tie } from './tied-connections.ts'
import { batchWrite } from './write-batch.ts'

/** What became of a request that has no reply, or half of one. */
export type UpstreamFailure =
  /** The connection never opened. */
  | 'refused'
  /** A kept connection had ended before the app could read the request. */
  | 'stale'
  /** The app hung up on us. */
  | 'broken'
  | 'late'
  | 'unfit'
  /** As many requests are under way to this upstream as there may be. */
  | 'busy'
  /** The request holds what must not be written: a control byte in a header line. */
  | 'unspeakable'

/** `cause` is for the log. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly failure: UpstreamFailure
  /** Where false, nobody can have read a byte of the request. */
  readonly wasSent: boolean

  constructor(failure: UpstreamFailure, message: string, wasSent: boolean, options?: { cause?: unknown }) {
    super(message, options)
    this.failure = failure
    this.wasSent = wasSent
  }
}

/** Hears whose turn it is: the client's to send more, or the upstream's to read, or to answer. */
export interface BodyListener {
  turnOf(whom: 'client' | 'app'): void
}

/** A request's body, which writes itself and the head before it. */
export interface OutgoingBody {
  /** Writes `head` (without its last CRLF), the framing and the body to `socket`. */
  flowTo(socket: Socket, head: string, listener: BodyListener): void
  /** Writes no more; reads the rest and discards it. */
  drop(): void
}

export interface UpstreamRequest {
  readonly method: string
  /** Request line and header lines, each with its CRLF, without the empty line; latin-1. */
  readonly head: string
  readonly body: OutgoingBody | null
  /** It asks for another protocol: 101 is an answer, and whatever the answer is, nothing else is asked on its connection. */
  readonly isUpgrade: boolean
  /** Who asks: whoever signs in on the connection itself is the only one to use it from then on. */
  readonly asker: Asker
  /** The request speaks of such a sign-in. */
  readonly tiesConnection: boolean
  /** Milliseconds to open a connection; 0 for ever. */
  readonly connectTimeoutMs: number
  /** Milliseconds the app may take to read on, and from the last byte it was sent to the head of its reply; 0 for ever. */
  readonly responseTimeoutMs: number
}

/** Hears of one request. After `onComplete` or `onError` nothing more comes. */
export interface ResponseHandler {
  /** Something before the reply itself, but for 100. */
  onInterim?(head: InterimHead): void
  /** May throw UnfitReply: then the connection ends and `onError` says so. */
  onHead(head: ResponseHead): void
  /**
   * A piece of the body; after a 101, of whatever the app says. `take` keeps the chunk's memory from being used again, until its answer is
   * called; null, where the chunk must be copied. False: no more until `readOn`.
   */
  onData(chunk: Buffer, take: () => (() => void) | null): boolean
  /** The body is whole. After a 101: the app says no more, and may still listen. */
  onComplete(): void
  onError(error: UpstreamError): void
}

/** Whoever keeps connections. */
export interface PoolListener {
  /** A request is over and the connection is good for the next one, for `keptMs` milliseconds at most (null: not said). */
  onIdle(connection: UpstreamConnection, keptMs: number | null): void
  /** It will not be used again, or has become something else. */
  onClosed(connection: UpstreamConnection): void
}

/** A body that is longer is read into memory of its own. */
const bigBytes = 64 * 1024
/** After how long a silent WebSocket asks whether the other side still stands, in milliseconds. */
export const keepAliveMs = 60_000

/** What a TLS socket says once its certificate is taken for the app's. */
export const trusted = 'factorgate:trusted'

export class UpstreamConnection {
  readonly #keeper: PoolListener
  readonly #parser = new ResponseParser()
  readonly #buffer = new ReadBuffer()
  readonly #take = () => this.#buffer.take()
  #socket: Socket | null = null
  #handler: ResponseHandler | null = null
  #request: UpstreamRequest | null = null
  #isOpen = false
  /** Requests that were written to it. */
  #served = 0
  #hasBegun = false
  /** Of the reply under way. */
  #status = 0
  #wasSent = false
  /** Body bytes of the reply under way. */
  #bytes = 0
  #isGone = false
  #isReading = true
  #keptMs: number | null = null
  #isKept = false
  #isSwitched = false
  /** A write has failed: the app has closed, and what it said before may still lie here unread. */
  #isDeaf = false
  #reads = 0
  /** Whose it is, where somebody has signed in on it, or may have. */
  #tie: Tie | null = null
  /** When its time is up, in milliseconds of `now`; 0 for never. */
  deadline = 0

  constructor(keeper: PoolListener) {
    this.#keeper = keeper
  }

  get keeper(): PoolListener {
    return this.#keeper
  }

  get tie(): Tie | null {
    return this.#tie
  }

  /** Takes the socket it is to use. It may still be connecting. */
  attach(socket: Socket, openEvent: 'connect' | typeof trusted): void {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.once(openEvent, () => this.#opened())
    socket.on('error', error => (this.#mayStillRead ? this.#stopSending(error) : this.#failed(error)))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#failed(null))
  }

  /** What `net.connect` and `tls.connect` take so that bytes arrive here without a buffer of their own each. */
  get onread(): { buffer: () => Uint8Array; callback: (bytes: number) => boolean } {
    return { buffer: this.#buffer.next, callback: length => this.#read(length) }
  }

  /** Asks, and answers to `handler`; never throws. `now` in the milliseconds that `expire` will be given. */
  send(request: UpstreamRequest, handler: ResponseHandler, now: number): void {
    this.#request = request
    this.#handler = handler
    this.#hasBegun = false
    this.#status = 0
    this.#wasSent = false
    if (request.tiesConnection) this.#tie ??= new Tie(request.asker)
    this.deadline = this.#isOpen ? 0 : after(now, request.connectTimeoutMs)
    if (this.#isOpen) this.#write(now)
  }

  /** After a 101: where to write what the app shall have. What the app says is read here. */
  get wire(): Writable {
    return this.#socket as Socket
  }

  /** Goes on after `onData` has answered false. */
  readOn(): void {
    if (this.#isReading) return
    this.#isReading = true
    this.#socket?.resume()
    if (this.#isDeaf) this.#readOut(null)
  }

  /** Ends it, whatever is under way; nobody hears of it. */
  destroy(): void {
    this.#handler = null
    this.#leave()
  }

  /** Called now and then: ends what has waited too long. */
  expire(now: number): void {
    if (this.deadline === 0 || now < this.deadline) return
    if (this.#handler === null) return this.destroy()
    this.#fail('late', this.#isOpen ? 'the app did not answer in time' : 'the app did not accept a connection in time')
  }

  /** As ReplyReader. An app that says that it is at work is alive (RFC 9110 §15.2). 100 is between it and us, who have asked for none. */
  onInterim(head: InterimHead): void {
    if (this.deadline !== 0) this.deadline = after(performance.now(), this.#request?.responseTimeoutMs ?? 0)
    if (head.status !== 100) this.#handler?.onInterim?.(head)
  }

  onHead(head: ResponseHead): void {
    this.#hasBegun = true
    this.#status = head.status
    this.deadline = 0
    this.#keptMs = head.keptMs
    // What carries a body is the last on its connection, and has said so: an app that leaves a body unread would take it for the next
    // request, behind our back and with any name in it (CL.0, THREATS F14).
    this.#isKept = this.#request?.body === null && !this.#request.isUpgrade && head.keptMs !== 0
    this.#bytes = 0
    if (head.tiesConnection && this.#request !== null) this.#tie ??= new Tie(this.#request.asker)
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

  /** As BodyListener. */
  turnOf(whom: 'client' | 'app'): void {
    // A slow client is no slow app: its time runs only while it has something to read, or all of it.
    if (this.#hasBegun) return
    this.deadline = whom === 'client' ? 0 : after(performance.now(), this.#request?.responseTimeoutMs ?? 0)
  }

  #opened(): void {
    this.#isOpen = true
    if (this.#isGone) return
    if (this.#request !== null) this.#write(performance.now())
  }

  #write(now: number): void {
    const request = this.#request as UpstreamRequest
    this.#served++
    this.deadline = after(now, request.responseTimeoutMs)
    if (request.body === null) return batchWrite(() => this.#speak(request))
    this.#speak(request)
  }

  /** Until now whatever the app has said was not asked for, and is no reply to this. */
  #speak(request: UpstreamRequest): void {
    if (this.#isGone || this.#request !== request) return
    const socket = this.#socket as Socket
    this.#wasSent = true
    this.#parser.expect(this, request.method, request.isUpgrade)
    if (request.body === null) {
      socket.write(`${request.head}\r\n`, 'latin1')
      return
    }
    keepAfterError(socket)
    request.body.flowTo(socket, request.head, this)
  }

  /** True after a failed write on a connection that keeps what has come in (`keepAfterError`). */
  get #mayStillRead(): boolean {
    return this.#wasSent && this.#request?.body != null && this.#socket?.destroyed === false
  }

  /**
   * The app reads no more. It may have answered before it closed, and a failed write must not hide that (RFC 9112 §9.5): nothing more is
   * sent, and what lies here is read to its end. All of it has come already, since the close that made the write fail came behind it.
   */
  #stopSending(cause: NodeJS.ErrnoException): void {
    if (this.#isDeaf || this.#isGone) return
    this.#isDeaf = true
    this.#request?.body?.drop()
    this.#readOut(cause)
  }

  /** Goes on as long as each turn of the event loop brings more. While a slow client holds the reading up, `readOn` takes it up again. */
  #readOut(cause: NodeJS.ErrnoException | null): void {
    const reads = this.#reads
    setImmediate(() =>
      setImmediate(() => {
        if (this.#isGone || !this.#isReading) return
        if (this.#reads === reads) this.#failed(cause)
        else this.#readOut(cause)
      })
    )
  }

  #read(length: number): boolean {
    if (this.#isGone) return false
    this.#reads++
    try {
      this.#parser.feed(this.#buffer.view(length))
    } catch (error) {
      if (!(error instanceof InvalidResponseError) && this.#handler === null) throw error
      // Before the request was sent, it is the connection that is no good, and not the reply.
      this.#fail(this.#wasSent ? 'unfit' : 'stale', (error as Error).message, error)
      return false
    }
    // It may have ended over what it read.
    if (this.#isGone) return false
    if (this.#isSwitched) this.#buffer.noteRead(length)
    else if (this.#handler === null) this.#settle()
    return this.#isReading
  }

  /** A reply has ended, and nothing has come behind it. */
  #settle(): void {
    this.#isReading = true
    if (!this.#isKept || !this.#parser.isClean || this.#socket?.destroyed !== false) return this.#leave()
    this.deadline = 0
    this.#keeper.onIdle(this, this.#keptMs)
  }

  /** The connection is the handler's from now on, until `destroy`: nobody counts it or waits for it any more. */
  #switch(): void {
    if (this.#isGone) return
    this.#isSwitched = true
    // It may live for days, and would hold the request's head.
    this.#request = null
    this.#socket?.setKeepAlive(true, keepAliveMs)
    this.#keeper.onClosed(this)
  }

  #ended(): void {
    if (this.#isGone) return
    if (this.#isSwitched) return void this.#parser.end()
    // Its end was the connection's end, and a clean one: a reset is no `end`.
    // What was not spoken yet has no reply that could have ended: whoever waits for one must hear of it.
    if (this.#handler !== null && this.#wasSent && this.#parser.end()) return this.#leave()
    if (this.#parser.isInHead) return this.#fail('unfit', 'a head without an end')
    this.#failed(null)
  }

  #failed(cause: NodeJS.ErrnoException | null): void {
    if (this.#isGone) return
    // The reset that follows an early close is about what we sent, and no sign of a half answer: an explanation may end with it.
    if (this.#status >= 300 && this.#request?.body != null && this.#parser.end()) return this.#leave()
    const failure = !this.#isOpen ? 'refused' : this.#served > 1 && !this.#hasBegun ? 'stale' : 'broken'
    this.#fail(failure, cause?.message ?? 'the app closed the connection', cause)
  }

  #fail(failure: UpstreamFailure, why: string, cause?: unknown): void {
    const handler = this.#handler
    this.#handler = null
    this.#leave()
    handler?.onError(new UpstreamError(failure, why, this.#wasSent, { cause }))
  }

  #leave(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#request?.body?.drop()
    this.#request = null
    this.deadline = 0
    this.#buffer.drop()
    this.#socket?.destroy()
    this.#tie?.release(this)
    this.#keeper.onClosed(this)
  }
}

/**
 * A failed write would destroy the socket and what lies in it unread. With a body under way the app may well close early, so such a socket
 * reports the failure and stays. Whoever owns it destroys it.
 */
function keepAfterError(socket: Socket): void {
  type State = { autoDestroy: boolean }
  const { _readableState, _writableState } = socket as unknown as { _readableState: State; _writableState: State }
  _readableState.autoDestroy = false
  _writableState.autoDestroy = false
}

function after(now: number, milliseconds: number): number {
  return milliseconds > 0 ? now + milliseconds : 0
}
