/**
 * An app's replies, read from the bytes of one connection (RFC 9112). Owns where a reply begins and ends, and how much of it is read
 * ahead. Refuses what two readers could end differently, since the rest would be taken for the next person's reply (THREATS H26). What is
 * merely odd it puts right (response-lines.ts), and then nothing else may be asked on that connection. Knows no socket. What it hands out of a
 * body is a view of what it was fed: keep a copy.
 */
import { InvalidResponseError, type Oddity, ResponseLines } from './response-lines.ts'

export { InvalidResponseError } from './response-lines.ts'

/**
 * Where a reply's body ends. Only of `connection` can a break not be told from an end. `switched` is no body: HTTP is over (RFC 9110 §15.2.2),
 * and whatever comes until the connection ends is the app's.
 */
export type Framing = 'none' | 'length' | 'chunks' | 'connection' | 'switched'

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Names and values in turn, latin-1: byte for byte what the app sent. */
  readonly headers: readonly string[]
  readonly framing: Framing
  /** Milliseconds the app will keep the connection (`Keep-Alive: timeout=5`); 0 for not at all, null where it does not say. */
  readonly keptMs: number | null
  /** True where body and head came in one piece, so that the whole reply is here. */
  readonly isWhole: boolean
  /** It speaks of signing in on the connection itself, which must not be anybody else's from now on. */
  readonly tiesConnection: boolean
  /** What of it was put right or left out; null where nothing was. */
  readonly oddities: readonly Oddity[] | null
}

/** A reply before the reply (RFC 9110 §15.2). */
export interface InterimHead {
  readonly status: number
  readonly reason: string
  readonly headers: readonly string[]
}

/** Hears of one reply. Whatever it throws comes out of `feed`. */
export interface ReplyReader {
  onInterim?(head: InterimHead): void
  onHead(head: ResponseHead): void
  onData(chunk: Buffer): void
  onComplete(): void
}

/** Bytes that a head may have, and the lines around chunks. */
const maxHead = 64 * 1024
const maxLine = 16 * 1024
/** Interim replies before one reply, and their bytes: who says nothing else says nothing. */
const maxInterims = 4_096
const maxInterimBytes = 1024 * 1024
const maxEmptyLines = 1_024
const headEnd = Buffer.from('\r\n\r\n')
const cr = 0x0d
const lf = 0x0a

/** Control bytes, and a CR or LF that is half of a line's end. */
const oddByte = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/
/** As much of it as is refused: LF alone is a line's end (RFC 9112 §2.2), CR alone is the first step of a header injection. */
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
  #reader: ReplyReader | null = null
  #hasNoBody = false
  #maySwitch = false
  /** The beginning of a head or line whose end has not come yet. */
  #held: Buffer | null = null
  /** Bytes left of a length or a chunk; of trailers, bytes they may still have. */
  #left = 0
  #oddities: Oddity[] | null = null
  #interims = 0
  #interimBytes = 0
  #emptyLines = 0
  /** A head before the reply spoke of signing in on the connection. */
  #ties = false

  /** A request is on its way: what comes next is its reply. `maySwitch`: it asked for another protocol, so 101 is an answer. */
  expect(reader: ReplyReader, method: string, maySwitch = false): void {
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

  /** True between replies. */
  get isIdle(): boolean {
    return this.#state === 'idle'
  }

  /** True where the last reply had nothing odd, so that another may follow it. */
  get isClean(): boolean {
    return this.#oddities === null
  }

  /** True where a reply has begun and its head has not ended. */
  get isInHead(): boolean {
    return this.#state === 'head' && this.#held !== null
  }

  /** Takes what the connection has brought. @throws UnfitReply; the connection must then be closed. */
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

  /** The app has ended its side. True if that was the end of a reply; false if it broke one off, or owed one. */
  end(): boolean {
    if (this.#state === 'idle') return true
    if (this.#state !== 'connection') return false
    this.#complete()
    return true
  }

  /** Reads on from `at`; answers from where to go on, or -1 where more must come first. */
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

  /** Before a status line an empty line says nothing (RFC 9112 §2.2). As many of them as make a head are no reply. */
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
    if (!isThere || oddByte.test(text)) {
      body = looseEnd(bytes, at)
      if ((body < 0 ? bytes.length : body) - at > maxHead)
        throw new InvalidResponseError(`a head of more than ${maxHead} bytes`)
      text = bytes.toString('latin1', at, body < 0 ? bytes.length : body)
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
    // What cannot be a body is refused before anything of it is told.
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

  /** Reads the line that says how long the next chunk is; answers where that chunk begins, or -1. */
  #size(bytes: Buffer, at: number): number {
    const next = endOfLine(bytes, at, maxLine)
    if (next < 0) return -1
    const end = next - at > 1 && bytes[next - 2] === cr ? next - 2 : next - 1
    const size = chunkSize.exec(bytes.toString('latin1', at, end))?.[1]
    if (size === undefined) throw new InvalidResponseError('a chunk without a size that can be counted')
    // More zeros than anybody needs: some readers count no further.
    if (end - at > manyDigits && manyZeros.test(bytes.toString('latin1', at, end)))
      this.#odd('a chunk size of many digits')
    this.#noteEnd(bytes, at, next)
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk'
    if (this.#left === 0) this.#left = maxLine
    return next
  }

  /** Trailers end here (RFC 9110 §6.5.1 lets an intermediary drop them). */
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

  /** The line from `at` to `next` has ended. */
  #noteEnd(bytes: Buffer, at: number, next: number): void {
    if (next - at < 2 || bytes[next - 2] !== cr) this.#odd('lines that end with LF alone')
  }

  #odd(oddity: Oddity): void {
    this.#oddities ??= []
    if (!this.#oddities.includes(oddity)) this.#oddities.push(oddity)
  }
}

/** Where the line behind the one that begins at `at` begins; -1 where its end has not come yet. */
function endOfLine(bytes: Buffer, at: number, most: number): number {
  const end = bytes.indexOf(lf, at)
  if ((end < 0 ? bytes.length : end) - at > most) throw new InvalidResponseError('endless lines around its chunks')
  return end < 0 ? -1 : end + 1
}

/** Where the body begins, if lines may end with LF alone: behind the first empty line. -1 where it has not come yet. */
function looseEnd(bytes: Buffer, at: number): number {
  for (let end = bytes.indexOf(lf, at); end >= 0; end = bytes.indexOf(lf, end + 1)) {
    if (bytes[end + 1] === lf) return end + 2
    if (bytes[end + 1] === cr && bytes[end + 2] === lf) return end + 3
  }
  return -1
}

/** A head that has not ended yet may be hopeless already: who waits for its end would wait for the whole response limit (FIELD F15). */
function refuseBeginning(text: string): -1 {
  const end = text.search(/\r?\n/)
  if (end >= 0) new ResponseLines(`${text.slice(0, end)}\r\n`)
  else if (text.slice(0, beginning.length) !== beginning.slice(0, text.length))
    throw new InvalidResponseError('no status line of HTTP/1')
  return -1
}
