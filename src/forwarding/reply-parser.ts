/**
 * An app's replies, read from the bytes of one connection (RFC 9112). Owns where a reply begins and ends, and how much of it is read
 * ahead; refuses whatever two readers could end differently, since the rest would be taken for the next person's reply (THREATS H26).
 * Knows no socket. What it hands out of a body is a view of what it was fed: keep a copy.
 */

import { tiesConnection } from './connection-schemes.ts'

/** The app does not speak HTTP as it must, or says what cannot be told to a browser. */
export class UnfitReply extends Error {
  override readonly name = 'UnfitReply'
}

/**
 * Where a reply's body ends. Only of `connection` can a break not be told from an end. `switched` is no body: HTTP is over (RFC 9110 §15.2.2),
 * and whatever comes until the connection ends is the app's.
 */
export type Framing = 'none' | 'length' | 'chunks' | 'connection' | 'switched'

export interface ReplyHead {
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
}

/** Hears of one reply. Whatever it throws comes out of `feed`. */
export interface ReplyReader {
  onHead(head: ReplyHead): void
  onData(chunk: Buffer): void
  onComplete(): void
}

/** Bytes that a head may have, and the lines around chunks. */
const maxHead = 64 * 1024
const maxLine = 16 * 1024
const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** Control bytes, and a CR or LF that ends no line: the first step of every header injection. */
const unfitByte = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/
const chunkSize = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?$/

/** Names seen before need no second look; what an app makes up after that is judged afresh each time. */
const knownNames = new Set<string>()
const namesKept = 2_000

/** Lengths of the names that `Lines` looks at. */
const isTellingLength = Array.from({ length: 65 }, (_, length) => [10, 13, 14, 15, 16, 17, 18].includes(length))

type State = 'idle' | 'head' | 'length' | 'connection' | 'size' | 'chunk' | 'chunk end' | 'trailers'

const stateAfter: Readonly<Record<Framing, State>> = {
  none: 'idle',
  length: 'length',
  chunks: 'size',
  connection: 'connection',
  switched: 'connection'
}

export class ReplyParser {
  #state: State = 'idle'
  #reader: ReplyReader | null = null
  #hasNoBody = false
  #maySwitch = false
  /** The beginning of a head or line whose end has not come yet. */
  #held: Buffer | null = null
  /** Bytes left of a length or a chunk; of trailers, bytes they may still have. */
  #left = 0

  /** A request is on its way: what comes next is its reply. `maySwitch`: it asked for another protocol, so 101 is an answer. */
  expect(reader: ReplyReader, method: string, maySwitch = false): void {
    this.#state = 'head'
    this.#reader = reader
    this.#hasNoBody = method === 'HEAD'
    this.#maySwitch = maySwitch
    this.#held = null
  }

  /** True between replies. */
  get isIdle(): boolean {
    return this.#state === 'idle'
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
        return this.#head(bytes, at)
      case 'length':
      case 'chunk':
        return this.#counted(bytes, at)
      case 'connection':
        this.#reader?.onData(at === 0 ? bytes : bytes.subarray(at))
        return bytes.length
      case 'size':
        return this.#size(bytes, at)
      case 'chunk end':
        if (bytes.length - at < 2) return -1
        if (bytes[at] !== 0x0d || bytes[at + 1] !== 0x0a) throw new UnfitReply('a chunk longer than it said')
        this.#state = 'size'
        return at + 2
      case 'trailers':
        return this.#trailer(bytes, at)
      case 'idle':
        throw new UnfitReply('bytes that nobody asked for')
    }
  }

  #head(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(headEnd, at)
    if ((end < 0 ? bytes.length : end) - at > maxHead) throw new UnfitReply(`a head of more than ${maxHead} bytes`)
    if (end < 0) return -1
    const body = end + headEnd.length
    const text = bytes.toString('latin1', at, end + lineEnd.length)
    const lines = new Lines(text)
    const { status } = lines
    // Informational: what it announces will come again in the reply itself (RFC 9110 §15.2), asked for or not.
    if (status >= 100 && status < 200 && status !== 101) return body
    if (status < 200 && !(status === 101 && this.#maySwitch)) throw new UnfitReply(`status ${status}`)
    const framing = this.#framingOf(status, lines)
    this.#left = lines.length
    this.#state = stateAfter[framing]
    const isWhole = framing === 'none' || (framing === 'length' && bytes.length - body === lines.length)
    this.#reader?.onHead({
      status,
      reason: lines.reason,
      headers: lines.headers,
      framing,
      keptMs: framing === 'connection' || framing === 'switched' ? 0 : lines.keptMs,
      isWhole,
      tiesConnection: lines.tiesConnection
    })
    if (framing === 'none' || (framing === 'length' && this.#left === 0)) this.#complete()
    return body
  }

  #framingOf(status: number, lines: Lines): Framing {
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
    const end = endOfLine(bytes, at, maxLine)
    if (end < 0) return -1
    const size = chunkSize.exec(bytes.toString('latin1', at, end))?.[1]
    if (size === undefined) throw new UnfitReply('a chunk without a size')
    this.#left = Number.parseInt(size, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk'
    if (this.#left === 0) this.#left = maxLine
    return end + lineEnd.length
  }

  /** Trailers end here (RFC 9110 §6.5.1 lets an intermediary drop them). */
  #trailer(bytes: Buffer, at: number): number {
    const end = endOfLine(bytes, at, this.#left)
    if (end < 0) return -1
    this.#left -= end + lineEnd.length - at
    if (end === at) this.#complete()
    return end + lineEnd.length
  }

  #complete(): void {
    const reader = this.#reader
    this.#state = 'idle'
    this.#reader = null
    reader?.onComplete()
  }
}

/** Where the line that begins at `at` ends; -1 where that has not come yet. */
function endOfLine(bytes: Buffer, at: number, most: number): number {
  const end = bytes.indexOf(lineEnd, at)
  if ((end < 0 ? bytes.length : end) - at > most) throw new UnfitReply('endless lines around its chunks')
  return end
}

/** A head taken apart. `text` ends with the CRLF of its last line. */
class Lines {
  readonly status: number
  readonly reason: string
  readonly headers: string[] = []
  /** Body bytes, where a length says so. */
  length = 0
  /** RFC 4559 §4 and §6, and Microsoft's word that a sign-in lasts. */
  tiesConnection = false
  #hasLength = false
  #codings: string | null = null
  #isKept: boolean
  #keptMs: number | null = null

  constructor(text: string) {
    if (unfitByte.test(text)) throw new UnfitReply('a control byte in its head')
    let at = text.indexOf('\r\n')
    const [, minor, status, reason = ''] = statusLine.exec(text.slice(0, at)) ?? []
    if (status === undefined) throw new UnfitReply('no status line of HTTP/1')
    this.status = Number(status)
    this.reason = reason
    this.#isKept = minor === '1'
    for (at += 2; at < text.length; ) {
      const end = text.indexOf('\r\n', at)
      const colon = text.indexOf(':', at)
      if (colon < 0 || colon >= end) throw new UnfitReply('a header line without a colon')
      this.#line(text.slice(at, colon), trimmed(text, colon + 1, end))
      at = end + 2
    }
  }

  get framing(): Framing {
    if (this.#codings !== null) {
      // With both, one reader believes the chunks and the next the length (RFC 9112 §6.3).
      if (this.#hasLength) throw new UnfitReply('a length beside chunks')
      if (this.#codings.toLowerCase() !== 'chunked') throw new UnfitReply(`transfer coding '${this.#codings}'`)
      return 'chunks'
    }
    return this.#hasLength ? 'length' : 'connection'
  }

  get keptMs(): number | null {
    return this.#isKept ? this.#keptMs : 0
  }

  #line(name: string, value: string): void {
    if (!knownNames.has(name)) {
      if (!token.test(name)) throw new UnfitReply('a header name that is none')
      if (knownNames.size < namesKept) knownNames.add(name)
    }
    this.headers.push(name, value)
    // Only names of these lengths say anything about the message itself, or the connection.
    if (!isTellingLength[name.length]) return
    switch (name.toLowerCase()) {
      case 'content-length':
        if (this.#hasLength || !/^\d{1,15}$/.test(value)) throw new UnfitReply(`content length '${value}'`)
        this.#hasLength = true
        this.length = Number(value)
        break
      case 'transfer-encoding':
        this.#codings = this.#codings === null ? value : `${this.#codings}, ${value}`
        break
      case 'connection':
        if (/(?:^|,)\s*close\s*(?:,|$)/i.test(value)) this.#isKept = false
        else if (/(?:^|,)\s*keep-alive\s*(?:,|$)/i.test(value)) this.#isKept = true
        break
      case 'www-authenticate':
      case 'proxy-authenticate':
        if (tiesConnection(value)) this.tiesConnection = true
        break
      case 'persistent-auth':
      case 'proxy-support':
        this.tiesConnection = true
        break
      case 'keep-alive': {
        const seconds = /(?:^|[,\s])timeout\s*=\s*(\d{1,6})/i.exec(value)?.[1]
        if (seconds !== undefined) this.#keptMs = Number(seconds) * 1000
      }
    }
  }
}

/** The value between `from` and `to` without the blanks around it. */
function trimmed(text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
