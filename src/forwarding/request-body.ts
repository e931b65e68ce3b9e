/**
 * A request's body on its way to the app, with back-pressure. Owns its framing towards the app, and what becomes of the rest once an app
 * has answered early: it is read and dropped, so that the client hears the answer instead of a broken connection.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { noteBodyBytes } from '../platform/gc-tuning.ts'
import type { BodyListener, OutgoingBody } from '../upstream/connection.ts'

export class RequestBody implements OutgoingBody {
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #hasLength: boolean
  #socket: Socket | null = null
  #listener: BodyListener | null = null
  /** The request's head, for as long as its framing waits for the first bytes of the body. */
  #head: string | null = null
  #isDropped = false
  /** Body bytes the client has sent so far. */
  bytes = 0

  /** `hasLength`: the request's head says how long it is; else it goes on in chunks. */
  constructor(req: IncomingMessage, res: ServerResponse, hasLength: boolean) {
    this.#req = req
    this.#res = res
    this.#hasLength = hasLength
  }

  /**
   * Writes `head` (without its last CRLF) and the body to the app. A client that asked first (`Expect: 100-continue`) is told to send now,
   * when somebody reads. Chunks that turn out to hold nothing are a length of 0, which old apps understand.
   */
  flowTo(socket: Socket, head: string, listener: BodyListener): void {
    if (this.#isDropped) return
    this.#socket = socket
    this.#listener = listener
    listener.turnOf('client')
    if (this.#hasLength) socket.write(`${head}\r\n`, 'latin1')
    else this.#head = head
    // HTTP/1.0 knows no interim answers (RFC 9110 §10.1.1).
    if (this.#req.headers.expect !== undefined && this.#req.httpVersionMinor > 0) this.#res.writeContinue()
    this.#req.on('data', this.#onData)
    this.#req.on('end', this.#onEnd)
    socket.on('drain', this.#onDrain)
    this.#req.resume()
  }

  /** Nobody reads any more: what still comes is dropped. */
  drop(): void {
    if (this.#isDropped) return
    this.#isDropped = true
    this.#req.off('data', this.#onData)
    this.#req.off('end', this.#onEnd)
    this.#socket?.off('drain', this.#onDrain)
    if (this.#socket !== null && !this.#req.destroyed) this.#req.resume()
    this.#socket = null
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length
    noteBodyBytes(chunk.length)
    const socket = this.#socket as Socket
    let goesOn: boolean
    if (this.#hasLength) goesOn = socket.write(chunk)
    else {
      socket.cork()
      if (this.#head !== null) socket.write(`${this.#head}Transfer-Encoding: chunked\r\n\r\n`, 'latin1')
      this.#head = null
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
      socket.write(chunk)
      goesOn = socket.write('\r\n', 'latin1')
      socket.uncork()
    }
    if (goesOn) return
    this.#req.pause()
    this.#listener?.turnOf('app')
  }

  readonly #onDrain = (): void => {
    this.#listener?.turnOf('client')
    this.#req.resume()
  }

  readonly #onEnd = (): void => {
    if (!this.#hasLength)
      this.#socket?.write(this.#head === null ? '0\r\n\r\n' : `${this.#head}Content-Length: 0\r\n\r\n`, 'latin1')
    this.#listener?.turnOf('app')
  }
}
