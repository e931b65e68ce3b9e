/**
 * The parts of a `multipart/form-data` body (RFC 7578). Programs differ in what ends lines and headers, so whatever one may take for a part's header
 * counts. Each byte is read a fixed number of times (THREATS D21).
 */
import { type BodyType, parametersIn } from './content.ts'
import { likeliestSpelling, spellingsOf } from './spellings.ts'

interface Part {
  /** All spellings of the name. */
  readonly names: readonly string[]
  /** Null for a field. */
  readonly file: string | null
  /** '' without one. */
  readonly type: string
  readonly value: Buffer
}

/** RFC 2046 §5.1.1. */
const maxBoundaryLength = 70
const maxEmpty = 1_000
/** Browsers write some hundred bytes. */
const maxHeaderLength = 16 * 1024

/** Null where nobody can tell. */
export function* partsOf(body: Buffer, { boundary, charset }: BodyType): Generator<Part | null> {
  if (boundary === null || boundary.length > maxBoundaryLength) return yield null
  const delimiters = new Delimiters(body, `--${boundary}`)
  let start = delimiters.next(0)
  if (start < 0) return yield null
  let empty = 0
  while (start >= 0) {
    const end = start + delimiters.length
    const head = endOfLine(body, end)
    const next = delimiters.next(end)
    const part = body.subarray(Math.min(head, next < 0 ? body.length : next), next < 0 ? body.length : next)
    if (part.length > 0) yield* partIn(part, charset)
    else if (++empty > maxEmpty) return yield null
    start = next
  }
}

/** Delimiters that begin a line. */
class Delimiters {
  readonly length: number
  readonly #body: Buffer
  /** With a line's end in front, delimiters of hyphens do not overlap. */
  readonly #lines: readonly { readonly text: Buffer; at: number }[]
  readonly #isFirst: boolean

  constructor(body: Buffer, delimiter: string) {
    this.length = delimiter.length
    this.#body = body
    this.#lines = ['\n', '\r'].map(end => ({ text: Buffer.from(end + delimiter, 'latin1'), at: -1 }))
    this.#isFirst = body.toString('latin1', 0, delimiter.length) === delimiter
    for (const line of this.#lines) line.at = body.indexOf(line.text)
  }

  /** -1 for none. `from` only grows. */
  next(from: number): number {
    if (from === 0 && this.#isFirst) return 0
    let first = -1
    for (const line of this.#lines) {
      if (line.at >= 0 && line.at + 1 < from) line.at = this.#body.indexOf(line.text, from - 1)
      if (line.at >= 0 && (first < 0 || line.at + 1 < first)) first = line.at + 1
    }
    return first
  }
}

function endOfLine(body: Buffer, from: number): number {
  for (let at = from; at < body.length; at++) {
    if (body[at] === 0x0a) return at + 1
    if (body[at] === 0x0d) return body[at + 1] === 0x0a ? at + 2 : at + 1
  }
  return body.length
}

function* partIn(part: Buffer, charset: string | null): Generator<Part | null> {
  let at = 0
  for (let end = endOfLine(part, at); !isEmptyLine(part, at, end); end = endOfLine(part, at)) {
    if (end > maxHeaderLength) return yield null
    at = end
  }
  // A line that begins with a blank continues the one before.
  const head = part.toString('latin1', 0, at).replace(/(?:\r\n?|\n)[ \t]/g, ' ')
  yield partOf(head.split(/[\r\n]+/), withoutEnd(part.subarray(endOfLine(part, at))), charset)
}

function isEmptyLine(part: Buffer, from: number, end: number): boolean {
  return withoutEnd(part.subarray(from, end)).length === 0
}

function withoutEnd(bytes: Buffer): Buffer {
  let end = bytes.length
  if (bytes[end - 1] === 0x0a) end--
  if (bytes[end - 1] === 0x0d) end--
  return bytes.subarray(0, end)
}

function partOf(lines: readonly string[], value: Buffer, charset: string | null): Part | null {
  const names: string[] = []
  let file: string | null = null
  let type = ''
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).trim().toLowerCase()
    const text = line.slice(colon + 1)
    if (name === 'content-type') type = text.trim()
    if (name !== 'content-disposition') continue
    for (const [key, found] of parametersIn(text)) {
      const bytes = Buffer.from(found, 'latin1')
      if (key === 'name') names.push(...spellingsOf(bytes, charset))
      // RFC 5987 and 2231: forbidden in forms, but some programs read it.
      else if (key === 'name*') names.push(decoded(found))
      else if (key.startsWith('name*')) return null
      else if (key === 'filename') file = likeliestSpelling(bytes, charset)
      else if (key.startsWith('filename*')) file ??= decoded(found)
    }
  }
  return { names: names.map(percentDecoded), file, type, value }
}

/** `UTF-8''caf%C3%A9` */
function decoded(text: string): string {
  const [charset = '', , ...rest] = text.split("'")
  const bytes = Buffer.from(
    rest.join("'").replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1'
  )
  return likeliestSpelling(bytes, charset.toLowerCase())
}

/** Browsers encode these. */
function percentDecoded(name: string): string {
  return name.replace(/%(22|0d|0a)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
