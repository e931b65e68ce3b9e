/**
 * A request's body on its way to the app, with back-pressure. Stands between node:http and undici, which would destroy the request
 * with its socket once an app answers early: the rest of the body is read and dropped instead, so that the client hears the answer.
 */
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What undici takes for a stream: `pipe`, events, `pause`, `resume`, `destroy`. */
export class RequestBody extends EventEmitter {
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  #isFlowing = false
  destroyed = false
  /** Body bytes the client has sent so far. */
  bytes = 0

  constructor(req: IncomingMessage, res: ServerResponse) {
    super()
    this.#req = req
    this.#res = res
  }

  /** Begins, or goes on. A client that asked first (`Expect: 100-continue`) is told to send now, when somebody reads. */
  resume(): this {
    if (this.destroyed) return this
    if (!this.#isFlowing) {
      this.#isFlowing = true
      if (this.#req.headers.expect !== undefined) this.#res.writeContinue()
      this.#req.on('data', this.#onData)
      this.#req.on('end', this.#onEnd)
    }
    this.#req.resume()
    return this
  }

  pause(): this {
    if (!this.destroyed) this.#req.pause()
    return this
  }

  /** Nobody reads any more: what still comes is dropped. */
  destroy(): this {
    if (this.destroyed) return this
    this.destroyed = true
    this.#req.off('data', this.#onData)
    this.#req.off('end', this.#onEnd)
    if (this.#isFlowing && !this.#req.destroyed) this.#req.resume()
    return this
  }

  /** Only there to be recognised by. */
  pipe(): never {
    throw new Error('a request body is not piped')
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length
    this.emit('data', chunk)
  }

  readonly #onEnd = (): void => {
    this.emit('end')
  }
}
