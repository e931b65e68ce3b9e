/** Streams a request body to the app. After an early response it reads and drops the rest. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Flow } from '../metering/flow.ts'
import { noteBodyBytes } from '../platform/body-garbage.ts'
import { keepAfterFailedWrite } from '../platform/failed-write.ts'
import { takesInterim } from '../platform/interim-response.ts'
import type { BodyListener, OutgoingBody } from '../upstream/connection.ts'

/** TLS brings 16 kB at a time, and each write would cost as much as a large one. */
const batchBytes = 256 * 1024

export class RequestBody implements OutgoingBody {
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #hasLength: boolean
  #socket: Socket | null = null
  #listener: BodyListener | null = null
  #head: string | null = null
  #isDropped = false
  readonly #flow: Flow | null
  #isHeld = false
  #isFull = false
  #batched = 0
  #isBatching = false
  #isWhole = false
  bytes = 0

  constructor(req: IncomingMessage, res: ServerResponse, hasLength: boolean, flow: Flow | null) {
    this.#flow = flow
    this.#req = req
    this.#res = res
    this.#hasLength = hasLength
  }

  /** Also answers `Expect: 100-continue`. `head` lacks its last CRLF. An empty chunked body is sent with length 0, which old apps understand. */
  flowTo(socket: Socket, head: string, listener: BodyListener): void {
    if (this.#isDropped) return
    // The app may respond and close before it has read all; its response must survive a failed write (RFC 9112 §9.5).
    keepAfterFailedWrite(socket)
    this.#socket = socket
    this.#listener = listener
    listener.waitingFor('client')
    if (this.#hasLength) socket.write(`${head}\r\n`, 'latin1')
    else this.#head = head
    // HTTP/1.0 knows no interim responses (RFC 9110 §10.1.1).
    if (this.#req.headers.expect !== undefined && takesInterim(this.#req)) this.#res.writeContinue()
    this.#req.on('data', this.#onData)
    this.#req.on('end', this.#onEnd)
    socket.on('drain', this.#onDrain)
    this.#req.resume()
  }

  drop(): void {
    if (this.#isDropped) return
    this.#isDropped = true
    this.#req.off('data', this.#onData)
    this.#req.off('end', this.#onEnd)
    this.#socket?.off('drain', this.#onDrain)
    if (this.#socket !== null && !this.#req.destroyed) this.#req.resume()
    this.#socket = null
  }

  goOn(): void {
    this.#isHeld = false
    if (!this.#isFull && !this.#isDropped) this.#req.resume()
  }

  get #hasEnded(): boolean {
    return this.#isDropped
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length
    noteBodyBytes(chunk.length)
    if (this.#flow !== null) {
      this.#isHeld = !this.#flow.received(chunk.length)
      if (this.#hasEnded) return
    }
    const socket = this.#socket as Socket
    if (!this.#isBatching) this.#beginBatch(socket)
    this.#batched += chunk.length
    if (this.#hasLength) socket.write(chunk)
    else {
      if (this.#head !== null) socket.write(`${this.#head}Transfer-Encoding: chunked\r\n\r\n`, 'latin1')
      this.#head = null
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
      socket.write(chunk)
      socket.write('\r\n', 'latin1')
    }
    if (this.#batched >= batchBytes) this.endBatch()
    if (this.#isHeld) this.#wait()
  }

  #beginBatch(socket: Socket): void {
    this.#isBatching = true
    this.#batched = 0
    socket.cork()
    setImmediate(endBatch, this)
  }

  endBatch(): void {
    if (!this.#isBatching) return
    this.#isBatching = false
    const socket = this.#socket
    if (socket === null) return
    socket.uncork()
    // After a write that the kernel took at once, only the event `drain` is due.
    this.#isFull = socket.writableLength > 0 && socket.writableNeedDrain
    if (this.#isFull) this.#wait()
  }

  #wait(): void {
    this.#req.pause()
    this.#listener?.waitingFor(this.#isFull ? 'app' : 'client')
  }

  readonly #onDrain = (): void => {
    this.#isFull = false
    this.#listener?.waitingFor(this.#isWhole ? 'app' : 'client')
    if (!this.#isHeld) this.#req.resume()
  }

  readonly #onEnd = (): void => {
    // A reset HTTP/2 stream ends its body too, and the app must not take it for whole.
    if (!this.#req.complete) return
    this.#isWhole = true
    if (!this.#hasLength)
      this.#socket?.write(this.#head === null ? '0\r\n\r\n' : `${this.#head}Content-Length: 0\r\n\r\n`, 'latin1')
    this.endBatch()
    this.#listener?.waitingFor('app')
  }
}

function endBatch(body: RequestBody): void {
  body.endBatch()
}
