/** A strict reader and a small writer of DER (ITU-T X.690): definite lengths in their shortest form, low tag numbers, no trailing bytes. */

export class DerError extends Error {
  override readonly name = 'DerError'
}

export interface Der {
  readonly tag: number
  readonly content: Buffer
  readonly raw: Buffer
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  utcTime: 0x17,
  time: 0x18,
  bmp: 0x1e,
  sequence: 0x30,
  set: 0x31
} as const

/** The one element that `bytes` holds. Throws DerError. */
export function readDer(bytes: Buffer, tag?: number): Der {
  const element = elementAt(bytes, 0)
  if (element.raw.length !== bytes.length) throw new DerError('something follows the end')
  return tag === undefined ? element : expectTag(element, tag)
}

export function childrenOf({ content }: Der): Der[] {
  const children: Der[] = []
  for (let at = 0; at < content.length; at += children.at(-1)!.raw.length) children.push(elementAt(content, at))
  return children
}

/** Throws DerError for another tag. */
export function expectTag(element: Der | undefined, tag: number): Der {
  if (element?.tag !== tag) throw new DerError(`expected tag ${tag}, got ${element?.tag ?? 'nothing'}`)
  return element
}

function elementAt(bytes: Buffer, at: number): Der {
  const { tag, start, end } = spanAt(bytes, at, bytes.length)
  return { tag, content: bytes.subarray(start, end), raw: bytes.subarray(at, end) }
}

/** Where an element's content is. A Buffer for each of a million entries would take too long. */
export interface Span {
  readonly tag: number
  readonly start: number
  readonly end: number
}

/** The element at `at`, which must end at `limit` or before. Throws DerError. */
export function spanAt(bytes: Buffer, at: number, limit: number): Span {
  if (at + 2 > limit) throw new DerError('ends too early')
  const tag = bytes[at]!
  const first = bytes[at + 1]!
  if ((tag & 0x1f) === 0x1f) throw new DerError('has a high tag number')
  let start = at + 2
  let length = first
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 4 || start + count > limit) throw new DerError('has no definite length')
    length = bytes.readUIntBE(start, count)
    if (length < 0x80 || (count > 1 && length < 2 ** (8 * (count - 1))))
      throw new DerError('has a length that is not the shortest')
    start += count
  }
  if (start + length > limit) throw new DerError('ends too early')
  return { tag, start, end: start + length }
}

/** Returns text such as `1.2.840.113549`. Throws DerError. */
export function oidOf(element: Der | undefined): string {
  const { content } = expectTag(element, tags.oid)
  const parts: number[] = []
  let value = 0
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f)
    if (!Number.isSafeInteger(value)) throw new DerError('has an identifier that is too long')
    if (byte >= 0x80) continue
    parts.push(value)
    value = 0
  }
  const [head] = parts
  if (head === undefined || content.at(-1)! >= 0x80) throw new DerError('has an identifier that breaks off')
  const top = Math.min(Math.floor(head / 40), 2)
  return [top, head - top * 40, ...parts.slice(1)].join('.')
}

/** Canonical hex. Throws DerError. */
export function serialOf(element: Der | undefined): string {
  const { content } = expectTag(element, tags.integer)
  let from = 0
  while (from < content.length - 1 && content[from] === 0) from++
  return content.toString('hex', from)
}

/** Milliseconds since the epoch (RFC 5280 §4.1.2.5: whole seconds, `Z`). Throws DerError. */
export function timeOf(element: Der | undefined): number {
  const text = element?.content.toString('latin1') ?? ''
  const [, year, rest] =
    (element?.tag === tags.utcTime && /^(\d{2})(\d{10})Z$/.exec(text)) ||
    (element?.tag === tags.time && /^(\d{4})(\d{10})Z$/.exec(text)) ||
    []
  if (year === undefined || rest === undefined) throw new DerError('has a time that cannot be read')
  const whole = year.length === 4 ? year : `${Number(year) < 50 ? '20' : '19'}${year}`
  const [month, day, hour, minute, second] = rest.match(/../g)!
  const at = Date.parse(`${whole}-${month}-${day}T${hour}:${minute}:${second}Z`)
  if (Number.isNaN(at)) throw new DerError('has a time that cannot be')
  return at
}

/** The bytes of a bit string without unused bits. Throws DerError. */
export function bitsOf(element: Der | undefined): Buffer {
  const { content } = expectTag(element, tags.bits)
  if (content[0] !== 0) throw new DerError('has a bit string with unused bits')
  return content.subarray(1)
}

export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content])
  const size = length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4
  const head = Buffer.alloc(2 + size)
  head.writeUInt8(tag, 0)
  head.writeUInt8(0x80 | size, 1)
  head.writeUIntBE(length, 2, size)
  return Buffer.concat([head, content])
}
