/** A response of HTTP/2 that behaves like one of HTTP/1.1: raw header lines, no connection headers, and a visible break. */
import { Http2ServerResponse, type OutgoingHttpHeaders } from 'node:http2'
import { breakStream, dropRest } from './http2-stream.ts'

/** HTTP/2 forbids these (RFC 9113 §8.2.2). */
const ofConnections: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings'
])

type Value = OutgoingHttpHeaders[string]
type Done = (error: Error) => void
type Respond = (lines: string[], options: { readonly endStream: boolean }) => void

export class GateHttp2Response extends Http2ServerResponse {
  readonly #session = this.stream.session
  #given = 0
  #among: GateHttp2Response[] | null = null
  #place = 0
  #takenBefore = 0
  /** When the client last took something; 0 before the first look. */
  #tookAt = 0

  get isGone(): boolean {
    return this.stream.destroyed || this.stream.closed
  }

  joins(open: GateHttp2Response[]): void {
    this.#among = open
    this.#place = open.push(this) - 1
  }

  /** Milliseconds in which, at each look, bytes waited and the client's window took none. */
  stalledFor(now: number): number {
    const waiting = this.stream.writableLength
    const taken = this.#given - waiting
    if (waiting > 0 && taken === this.#takenBefore && this.#tookAt !== 0) return now - this.#tookAt
    this.#takenBefore = taken
    this.#tookAt = now
    return 0
  }

  override setHeader(name: string, value: number | string | readonly string[]): void {
    if (!ofConnections.has(name.toLowerCase())) super.setHeader(name, value)
  }

  /** HTTP/2 has no reason phrase. */
  override writeHead(status: number, headers?: OutgoingHttpHeaders): this
  override writeHead(status: number, reason?: string, headers?: OutgoingHttpHeaders): this
  override writeHead(status: number, reason?: unknown, headers?: unknown): this {
    const { stream } = this
    if (this.isGone) return this
    const given = (typeof reason === 'string' ? headers : (reason ?? headers)) as OutgoingHttpHeaders | string[] | null
    this.statusCode = status
    const lines = [':status', String(status)]
    const names = new Set<string>()
    const append = (name: string, value: Value) => {
      const lower = name.toLowerCase()
      names.add(lower)
      if (isSent(lower, status)) add(lines, name, value)
    }
    if (Array.isArray(given)) for (let i = 0; i < given.length; i += 2) append(given[i] as string, given[i + 1])
    else for (const name in given) append(name, given[name])
    const own = this.getHeaders()
    for (const name in own) if (!names.has(name) && isSent(name, status)) add(lines, name, own[name])
    const isEmpty = lines.some(
      (name, i) => i % 2 === 0 && lines[i + 1] === '0' && name.toLowerCase() === 'content-length'
    )
    // Node's types know no raw lines.
    const respond = stream.respond as unknown as Respond
    respond.call(stream, lines, { endStream: isEmpty })
    return this
  }

  override write(chunk: string | Uint8Array, encoding?: BufferEncoding | Done, callback?: Done): boolean {
    const { stream } = this
    const done = typeof encoding === 'function' ? encoding : callback
    if (!stream.headersSent) this.writeHead(this.statusCode)
    // A response without a body has ended with its head.
    if (this.isGone || stream.writableEnded) {
      if (done !== undefined) process.nextTick(done as () => void)
      return true
    }
    const form = typeof encoding === 'string' ? encoding : 'utf8'
    this.#given += typeof chunk === 'string' ? Buffer.byteLength(chunk, form) : chunk.length
    return stream.write(chunk, form, done as () => void)
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    const done = [chunk, encoding, callback].find(one => typeof one === 'function') as (() => void) | undefined
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk, encoding as BufferEncoding)
    const { stream } = this
    const wasFinished = stream.writableFinished
    super.end(done)
    // What nobody reads would keep the place of the stream (http2-request.ts).
    if (stream.readableFlowing === null) stream.resume()
    // The client hears that nobody wants the rest (RFC 9113 §8.1).
    if (this.req.complete || this.isGone) return this
    const drop = () => setImmediate(dropRest, stream)
    if (wasFinished || stream.writableFinished) drop()
    else stream.once('finish', drop)
    return this
  }

  override writeContinue(): void {
    if (!this.isGone) super.writeContinue()
  }

  override destroy(): this {
    breakStream(this.stream)
    return this
  }

  /** Node emits `finish` also for a stream that was cut. */
  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'close') this.#leave()
    if (event === 'finish' && !(this.stream.headersSent && this.hasEnded)) return false
    return super.emit(event as never, ...(args as never[]))
  }

  /** True once all was handed over. Node's own stays false: it destroys a stream whose end was sent before the socket has taken it. */
  get hasEnded(): boolean {
    const { stream } = this
    if (stream.writableFinished) return true
    return stream.closed && stream.rstCode === 0 && stream.writableEnded && this.#session?.destroyed === false
  }

  #leave(): void {
    const among = this.#among
    if (among === null) return
    this.#among = null
    const last = among.pop() as GateHttp2Response
    if (last === this) return
    among[this.#place] = last
    last.#place = this.#place
  }
}

/** Node ends a 205 with its head, which would contradict a length. */
function isSent(lower: string, status: number): boolean {
  return !ofConnections.has(lower) && !(status === 205 && lower === 'content-length')
}

function add(lines: string[], name: string, value: Value): void {
  if (Array.isArray(value)) for (const one of value) lines.push(name, one)
  else if (value !== undefined) lines.push(name, String(value))
}

// Node's types know no accessors.
Object.defineProperties(GateHttp2Response.prototype, {
  destroyed: {
    get(this: GateHttp2Response) {
      return this.isGone
    }
  },
  writableFinished: {
    get(this: GateHttp2Response) {
      return this.hasEnded
    }
  }
})
