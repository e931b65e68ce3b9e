/** Parses a response head. It repairs what old apps send (RFC 9112 §2.2, §5.2, §6.3) and rejects ambiguous framing. */
import { tiesConnection } from './connection-schemes.ts'

/** The response breaks HTTP and cannot be repaired. */
export class InvalidResponseError extends Error {
  override readonly name = 'InvalidResponseError'
}

/** The app expects TLS. */
export class TlsResponseError extends InvalidResponseError {
  constructor() {
    super('a record of TLS in the place of a status line')
  }
}

/** What was repaired or dropped. A fixed set, because each is logged once per app. */
export type Oddity =
  | 'empty lines before the status line'
  | 'a status line of its own kind'
  | 'lines that end with LF alone'
  | 'a header line that goes on in the next'
  | 'a header line that begins with a blank: left out'
  | 'a header line without a colon: left out'
  | 'a header name that is none: left out'
  | 'the same length more than once'
  | 'transfer codings that say nothing'
  | 'a chunk size of many digits'

const statusLine = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/
const looseStatusLine = /^HTTP\/1\.(\d)[\t ]+(\d{3})(?:[\t ]+(.*))?$/
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const decimal = /^\d{1,15}$/

/** Further names are validated each time. */
const knownNames = new Set<string>()
const namesKept = 2_000

const isTellingLength = Array.from({ length: 65 }, (_, length) => [10, 13, 14, 15, 16, 17, 18].includes(length))

/** `text` must end with CRLF and contain no other control bytes than CRLF and tabs. */
export class ResponseLines {
  readonly status: number
  readonly reason: string
  /** Alternating names and values, with at most one length and one `chunked`. */
  readonly headers: string[] = []
  length = 0
  /** The app authenticates the connection (RFC 4559 §4, §6; Microsoft's `Persistent-Auth`). */
  tiesConnection = false
  oddities: Oddity[] | null = null
  #length: string | null = null
  #codings: string | null = null
  #isChunked = false
  #isKept: boolean
  #closes = false
  readonly #isOld: boolean
  #keptMs: number | null = null

  constructor(text: string) {
    let at = text.indexOf('\r\n')
    const first = text.slice(0, at)
    const strict = statusLine.exec(first)
    const [, minor, status, reason = ''] = strict ?? looseStatusLine.exec(first) ?? []
    if (status === undefined) throw new InvalidResponseError('no status line of HTTP/1')
    if (strict === null) this.#odd('a status line of its own kind')
    this.status = Number(status)
    this.reason = reason
    this.#isOld = minor === '0'
    this.#isKept = minor === '1'
    for (at += 2; at < text.length; ) at = this.#next(text, at)
    if (this.#codings !== null) this.#settleCodings(this.#codings)
  }

  get framing(): 'length' | 'chunks' | 'connection' {
    if (!this.#isChunked) return this.#length === null ? 'connection' : 'length'
    // Parsers disagree on which of the two counts (RFC 9112 §6.3).
    if (this.#length !== null) throw new InvalidResponseError('a length beside chunks')
    return 'chunks'
  }

  /** 0 for chunks in HTTP/1.0, which are unreliable, and for "close", which overrides other options (RFC 9112 §6.1, §9.3). */
  get keptMs(): number | null {
    return this.#isKept && !this.#closes && !(this.#isOld && this.#isChunked) ? this.#keptMs : 0
  }

  /** Returns where the next line begins. */
  #next(text: string, at: number): number {
    const first = text.indexOf('\r\n', at)
    let end = first
    while (isBlank(text.charCodeAt(end + 2))) end = text.indexOf('\r\n', end + 2)
    const colon = text.indexOf(':', at)
    if (isBlank(text.charCodeAt(at))) this.#odd('a header line that begins with a blank: left out')
    else if (colon < 0 || colon >= first) this.#odd('a header line without a colon: left out')
    else {
      let value = trimmed(text, colon + 1, end)
      if (end > first) {
        this.#odd('a header line that goes on in the next')
        const parts = value.split('\r\n').map(part => trimmed(part, 0, part.length))
        value = parts.join(' ').trim()
      }
      this.#line(text.slice(at, colon), value)
    }
    return end + 2
  }

  #line(name: string, value: string): void {
    if (!knownNames.has(name)) {
      if (!token.test(name)) return this.#leaveOut(name)
      if (knownNames.size < namesKept) knownNames.add(name)
    }
    if (!isTellingLength[name.length]) {
      this.headers.push(name, value)
      return
    }
    switch (name.toLowerCase()) {
      case 'content-length':
        this.#takeLength(name, value)
        return
      case 'transfer-encoding':
        this.#codings = this.#codings === null ? value : `${this.#codings},${value}`
        return
      case 'connection':
        if (/(?:^|,)\s*close\s*(?:,|$)/i.test(value)) this.#closes = true
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
    this.headers.push(name, value)
  }

  #leaveOut(name: string): void {
    // Parsers disagree on `Content-Length : 5` (RFC 9112 §5.1).
    if (isBlank(name.charCodeAt(name.length - 1))) throw new InvalidResponseError('a blank before the colon')
    this.#odd('a header name that is none: left out')
  }

  #takeLength(name: string, value: string): void {
    if (this.#length === null && decimal.test(value)) {
      this.#length = value
      this.length = Number(value)
      this.headers.push(name, value)
      return
    }
    const [said = '', ...others] = value.split(',').map(one => one.trim())
    const isOne = decimal.test(said) && others.every(other => other === said) && (this.#length ?? said) === said
    if (!isOne)
      throw new InvalidResponseError(
        `content length '${value}'${this.#length === null ? '' : ` beside '${this.#length}'`}`
      )
    this.#odd('the same length more than once')
    if (this.#length === null) this.#takeLength(name, said)
  }

  /** Drops `identity` and a repeated `chunked`. Throws for any other coding. */
  #settleCodings(codings: string): void {
    const names = codings.split(',').map(coding => coding.trim().toLowerCase())
    if (names.some(name => name !== 'chunked' && name !== 'identity'))
      throw new InvalidResponseError(`transfer coding '${codings}'`)
    if (names.length > 1 || names[0] === 'identity') this.#odd('transfer codings that say nothing')
    this.#isChunked = names.includes('chunked')
    if (this.#isChunked) this.headers.push('Transfer-Encoding', 'chunked')
  }

  #odd(oddity: Oddity): void {
    this.oddities ??= []
    this.oddities.push(oddity)
  }
}

function trimmed(text: string, from: number, to: number): string {
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
