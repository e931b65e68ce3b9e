/**
 * An HTTP/1.1 response parser (RFC 9112). It rejects an ambiguous end, because the rest could become another person's response (THREATS H26). It repairs other
 * faults (response-lines.ts).
 */
import { InvalidResponseError, type Oddity, ResponseLines, TlsResponseError } from './response-lines.ts'

export { InvalidResponseError } from './response-lines.ts'

/** After `switched` the bytes are no longer HTTP (RFC 9110 §15.2.2). */
type Framing = 'none' | 'length' | 'chunks' | 'connection' | 'switched'

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Alternating names and values in latin-1, with the app's bytes. */
  readonly headers: readonly string[]
  readonly framing: Framing
  /** From `Keep-Alive: timeout=5`; 0 to close, null if unspecified. */
  readonly keptMs: number | null
  readonly isWhole: boolean
  /** The app authenticates the connection, which must not be shared from now on. */
  readonly tiesConnection: boolean
  readonly oddities: readonly Oddity[] | null
}

/** RFC 9110 §15.2. */
export interface InterimHead {
  readonly status: number
  readonly reason: string
  readonly headers: readonly string[]
}

/** Exceptions propagate through `feed`. */
export interface ResponseReader {
  onInterim?(head: InterimHead): void
  onHead(head: ResponseHead): void
  /** `chunk` is a view of the input. */
  onData(chunk: Buffer): void
  onComplete(): void
}

/** Bytes of a head, of a chunk-size line, and of all trailers. */
const maxHead = 64 * 1024
const maxLine = 16 * 1024
const maxInterims = 4_096
const maxInterimBytes = 1024 * 1024
const maxEmptyLines = 1_024
const headEnd = Buffer.from('\r\n\r\n')
const cr = 0x0d
const lf = 0x0a

/** Lines without control bytes, each with its CRLF. */
const plainLines = /^(?:[^\x00-\x08\x0a-\x1f\x7f]*\r\n)*$/
/** An alert or a handshake, of SSL 3 or newer (RFC 8446 §5.1). */
const tlsRecord = /^[\x15\x16]\x03/
/** LF alone may end a line (RFC 9112 §2.2); CR alone would allow header injection. */
const unfitByte = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|$)/
const chunkSize = /^0*([0-9A-Fa-f]{1,13})[\t ]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?$/
const manyDigits = 15
const manyZeros = /^[0-9A-Fa-f]{15}/
const beginning = 'HTTP/1.'

type State = 'idle' | 'head' | 'length' | 'connection' | 'size' | 'chunk' | 'chunk end' | 'trailers'

const stateAfter: Readonly<Record<Framing, State>> = {
  none: 'idle',
  length: 'length',
  chunks: 'size',
  connection: 'connection',
  switched: 'connection'
}

export class ResponseParser {
  #state: State = 'idle'
  #reader: ResponseReader | null = null
  #hasNoBody = false
  #maySwitch = false
  #held: Buffer | null = null
  /** Bytes left of the body or chunk; for trailers, bytes still allowed. */
  #left = 0
  #oddities: Oddity[] | null = null
  #interims = 0
  #interimBytes = 0
  #emptyLines = 0
  #ties = false

  expect(reader: ResponseReader, method: string, maySwitch = false): void {
    this.#state = 'head'
    this.#reader = reader
    this.#hasNoBody = method === 'HEAD'
    this.#maySwitch = maySwitch
    this.#held = null
    this.#oddities = null
    this.#interims = 0
    this.#interimBytes = 0
    this.#emptyLines = 0
    this.#ties = false
  }

  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  /** Nothing was repaired, so the connection may be reused. */
  get isClean(): boolean {
    return this.#oddities === null
  }

  get isInHead(): boolean {
    return this.#state === 'head' && this.#held !== null
  }

  /** @throws InvalidResponseError, after which the caller must close the connection. */
  feed(bytes: Buffer): void {
    let rest: Buffer = bytes
    if (this.#held !== null) {
      rest = Buffer.concat([this.#held, bytes])
      this.#held = null
    }
    let at = 0
    while (at < rest.length) {
      const next = this.#step(rest, at)
      if (next < 0) {
        this.#held = Buffer.from(rest.subarray(at))
        return
      }
      at = next
    }
  }

  /** The app has closed the connection. True if that completes a response, or none was expected. */
  end(): boolean {
    if (this.#state === 'idle') return true
    if (this.#state !== 'connection') return false
    this.#complete()
    return true
  }

  /** -1 if more bytes are needed. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return bytes[at] === cr || bytes[at] === lf ? this.#emptyLine(bytes, at) : this.#head(bytes, at)
      case 'length':
      case 'chunk':
        return this.#counted(bytes, at)
      case 'connection':
        this.#reader?.onData(at === 0 ? bytes : bytes.subarray(at))
        return bytes.length
      case 'size':
        return this.#size(bytes, at)
      case 'chunk end':
        if (bytes[at] === cr && bytes.length - at < 2) return -1
        if (bytes[at] !== lf && (bytes[at] !== cr || bytes[at + 1] !== lf))
          throw new InvalidResponseError('a chunk longer than it said')
        this.#state = 'size'
        if (bytes[at] === cr) return at + 2
        this.#odd('lines that end with LF alone')
        return at + 1
      case 'trailers':
        return this.#trailer(bytes, at)
      case 'idle':
        throw new InvalidResponseError('bytes that nobody asked for')
    }
  }

  /** RFC 9112 §2.2. */
  #emptyLine(bytes: Buffer, at: number): number {
    if (bytes[at] === cr && bytes.length - at < 2) return -1
    if (bytes[at] === cr && bytes[at + 1] !== lf) throw new InvalidResponseError('no status line of HTTP/1')
    this.#odd('empty lines before the status line')
    if (++this.#emptyLines > maxEmptyLines) throw new InvalidResponseError('empty lines without end')
    return bytes[at] === cr ? at + 2 : at + 1
  }

  #head(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(headEnd, at)
    const isThere = end >= 0 && end - at <= maxHead
    let body = end + headEnd.length
    let text = isThere ? bytes.toString('latin1', at, end + 2) : ''
    if (!isThere || !plainLines.test(text)) {
      body = looseEnd(bytes, at)
      if ((body < 0 ? bytes.length : body) - at > maxHead)
        throw new InvalidResponseError(`a head of more than ${maxHead} bytes`)
      text = bytes.toString('latin1', at, body < 0 ? bytes.length : body)
      if (tlsRecord.test(text)) throw new TlsResponseError()
      if (unfitByte.test(text)) throw new InvalidResponseError('a control byte in its head')
      if (body < 0) return refuseBeginning(text)
      text = text.replace(/\r?\n/g, '\r\n').slice(0, -2)
      this.#odd('lines that end with LF alone')
    }
    const lines = new ResponseLines(text)
    if (lines.oddities !== null) for (const oddity of lines.oddities) this.#odd(oddity)
    const { status } = lines
    if (status >= 100 && status < 200 && status !== 101) {
      this.#interim(lines, body - at)
      return body
    }
    if (status < 200 && !(status === 101 && this.#maySwitch)) throw new InvalidResponseError(`status ${status}`)
    const framing = this.#framingOf(status, lines)
    this.#left = lines.length
    this.#state = stateAfter[framing]
    // The first chunk's size, if received, is checked before the head is reported.
    const chunk = framing === 'chunks' ? this.#size(bytes, body) : -1
    const isWhole = framing === 'none' || (framing === 'length' && bytes.length - body === lines.length)
    const isKept = framing !== 'connection' && framing !== 'switched' && this.#oddities === null
    this.#reader?.onHead({
      status,
      reason: lines.reason,
      headers: lines.headers,
      framing,
      keptMs: isKept ? lines.keptMs : 0,
      isWhole,
      tiesConnection: lines.tiesConnection || this.#ties,
      oddities: this.#oddities
    })
    if (framing === 'none' || (framing === 'length' && this.#left === 0)) this.#complete()
    return chunk < 0 ? body : chunk
  }

  #interim({ status, reason, headers, tiesConnection }: ResponseLines, size: number): void {
    this.#ties ||= tiesConnection
    this.#interims++
    this.#interimBytes += size
    if (this.#interims > maxInterims || this.#interimBytes > maxInterimBytes)
      throw new InvalidResponseError('interim replies without end')
    this.#reader?.onInterim?.({ status, reason, headers })
  }

  #framingOf(status: number, lines: ResponseLines): Framing {
    if (status === 101) return 'switched'
    return this.#hasNoBody || status === 204 || status === 304 ? 'none' : lines.framing
  }

  #counted(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    this.#reader?.onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
    if (this.#left > 0) return end
    if (this.#state === 'length') this.#complete()
    else this.#state = 'chunk end'
    return end
  }

  #size(bytes: Buffer, at: number): number {
    const next = endOfLine(bytes, at, maxLine)
    if (next < 0) return -1
    const end = next - at > 1 && bytes[next - 2] === cr ? next - 2 : next - 1
    const size = chunkSize.exec(bytes.toString('latin1', at, end))?.[1]
    if (size === undefined) throw new InvalidResponseError('a chunk without a size that can be counted')
    // Some parsers limit the number of digits.
    if (end - at > manyDigits && manyZeros.test(bytes.toString('latin1', at, end)))
      this.#odd('a chunk size of many digits')
    this.#noteEnd(bytes, at, next)
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk'
    if (this.#left === 0) this.#left = maxLine
    return next
  }

  /** Trailers are left out (RFC 9110 §6.5.1). */
  #trailer(bytes: Buffer, at: number): number {
    const next = endOfLine(bytes, at, this.#left)
    if (next < 0) return -1
    this.#left -= next - at
    this.#noteEnd(bytes, at, next)
    if (next - at === 1 || (next - at === 2 && bytes[at] === cr)) this.#complete()
    return next
  }

  #complete(): void {
    const reader = this.#reader
    this.#state = 'idle'
    this.#reader = null
    reader?.onComplete()
  }

  #noteEnd(bytes: Buffer, at: number, next: number): void {
    if (next - at < 2 || bytes[next - 2] !== cr) this.#odd('lines that end with LF alone')
  }

  #odd(oddity: Oddity): void {
    this.#oddities ??= []
    if (!this.#oddities.includes(oddity)) this.#oddities.push(oddity)
  }
}

/** Where the next line begins; -1 if this one is incomplete. Throws if it is longer than `most`. */
function endOfLine(bytes: Buffer, at: number, most: number): number {
  const end = bytes.indexOf(lf, at)
  if ((end < 0 ? bytes.length : end) - at > most) throw new InvalidResponseError('endless lines around its chunks')
  return end < 0 ? -1 : end + 1
}

/** Where the body begins, after an empty line that may end with LF alone; -1 if not received. */
function looseEnd(bytes: Buffer, at: number): number {
  for (let end = bytes.indexOf(lf, at); end >= 0; end = bytes.indexOf(lf, end + 1)) {
    if (bytes[end + 1] === lf) return end + 2
    if (bytes[end + 1] === cr && bytes[end + 2] === lf) return end + 3
  }
  return -1
}

/** Rejects an invalid head early, otherwise the client waits for the response timeout (FIELD F15). */
function refuseBeginning(text: string): -1 {
  const end = text.search(/\r?\n/)
  if (end >= 0) new ResponseLines(`${text.slice(0, end)}\r\n`)
  else if (text.slice(0, beginning.length) !== beginning.slice(0, text.length))
    throw new InvalidResponseError('no status line of HTTP/1')
  return -1
}
