/**
 * The parts of a body of the type `multipart/form-data` (RFC 7578). Programs differ in what they take for the end of a line, for a header and for the end
 * of the body, so whatever one of them may take for the header of a part counts. What stands within a part does not. Each byte is read a fixed
 * number of times (THREATS D21).
 */
import { type BodyType, parametersIn } from './content.ts'
import { spellingsOf } from './spellings.ts'

export interface Part {
  /** Its name, in each spelling that an app may read. */
  readonly names: readonly string[]
  /** The name of a file; null for a field. */
  readonly file: string | null
  /** Its `Content-Type`; '' without one. */
  readonly type: string
  readonly value: Buffer
}

/** RFC 2046 §5.1.1. */
const mostOfBoundary = 70
/** The longest header of a part. Browsers write some hundred bytes. */
const mostOfHeader = 16 * 1024

/** Null for a body, or a part, of which nobody can tell what it is. */
export function* partsOf(body: Buffer, { boundary, charset }: BodyType): Generator<Part | null> {
  if (boundary === null || boundary.length > mostOfBoundary) return yield null
  const delimiter = Buffer.from(`--${boundary}`, 'latin1')
  let start = delimiterAt(body, delimiter, 0)
  if (start < 0) return yield null
  while (start >= 0) {
    const head = endOfLine(body, start + delimiter.length)
    const next = delimiterAt(body, delimiter, start + delimiter.length)
    const part = body.subarray(Math.min(head, next < 0 ? body.length : next), next < 0 ? body.length : next)
    if (part.length > 0) yield* partIn(part, charset)
    start = next
  }
}

/** The place of the next delimiter that begins a line; -1 without one. */
function delimiterAt(body: Buffer, delimiter: Buffer, from: number): number {
  for (let at = body.indexOf(delimiter, from); at >= 0; at = body.indexOf(delimiter, at + 1))
    if (at === 0 || body[at - 1] === 0x0a || body[at - 1] === 0x0d) return at
  return -1
}

/** The place after the end of the line. */
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
    if (end > mostOfHeader) return yield null
    at = end
  }
  // A line that begins with a blank goes on with the one before.
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
      // RFC 5987 and 2231: of forms it is forbidden, and yet some programs read it.
      else if (key === 'name*') names.push(decoded(found))
      else if (key.startsWith('name*')) return null
      else if (key === 'filename') file = spellingsOf(bytes, charset)[0] ?? ''
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
  return spellingsOf(bytes, charset.toLowerCase())[0] ?? ''
}

/** Browsers encode quotes and line ends in names so. */
function percentDecoded(name: string): string {
  return name.replace(/%(22|0d|0a)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
