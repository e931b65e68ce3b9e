/** Undoes the content coding of a body, up to a bound: of a compressed bomb only the beginning comes out. */
import * as zlib from 'node:zlib'

/** The most bytes of a decoded body. */
export const maxDecodedBytes = 1024 * 1024

type Decoder = NodeJS.ReadWriteStream & { destroy(): void }

/** Node 22.15 and newer have zstd. */
const zstd = (zlib as { createZstdDecompress?: (options: object) => Decoder }).createZstdDecompress

/** Codings that browsers undo, and not every Node.js. Browsers take no notice of any other name. */
const undone = new Set(['zstd', 'dcb', 'dcz'])
/** Browsers undo any number; nobody uses two. */
const maxCodings = 8

/** True if a body with this `Content-Encoding` can be read. */
export function canDecode(coding: string): boolean {
  const codings = codingsOf(coding)
  return codings.length <= maxCodings && codings.every(each => decoderFor(each) !== null || !undone.has(each))
}

/** The first bytes of the body; what is broken or cut off ends it. Never rejects. */
export async function decodeBody(body: Buffer, coding: string, most = maxDecodedBytes): Promise<Buffer> {
  if (!canDecode(coding)) return Buffer.alloc(0)
  const codings = codingsOf(coding)
  // Chromium and Firefox show the bytes as they are. Packed ones are no page.
  if (codings.some(each => decoderFor(each) === null)) return isText(body) ? body.subarray(0, most) : Buffer.alloc(0)
  let decoded = body
  // The last coding was applied last.
  for (const each of codings.reverse()) {
    const make = decoderFor(each === 'deflate' && !isZlib(decoded) ? 'deflate-raw' : each)
    if (make === null) return Buffer.alloc(0)
    decoded = await through(make(), decoded, most)
  }
  return decoded.length <= most ? decoded : decoded.subarray(0, most)
}

function codingsOf(coding: string): string[] {
  return coding
    .toLowerCase()
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '' && each !== 'identity')
}

/** True for bytes without control characters of which texts have none. */
function isText(bytes: Buffer): boolean {
  return bytes.subarray(0, 1024).every(byte => byte > 31 || (byte > 7 && byte < 14) || byte === 27)
}

/** `deflate` means the format of zlib, but some servers send the bare stream (RFC 9110 §8.4.1.2). */
function isZlib(bytes: Buffer): boolean {
  const [first = 0, second = 0] = bytes
  return (first & 15) === 8 && (first * 256 + second) % 31 === 0
}

function decoderFor(coding: string): (() => Decoder) | null {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return () => zlib.createGunzip({ finishFlush: zlib.constants.Z_SYNC_FLUSH })
    case 'deflate':
      return () => zlib.createInflate({ finishFlush: zlib.constants.Z_SYNC_FLUSH })
    case 'deflate-raw':
      return () => zlib.createInflateRaw({ finishFlush: zlib.constants.Z_SYNC_FLUSH })
    case 'br':
      return () => zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH })
    case 'zstd':
      return zstd === undefined ? null : () => zstd({})
    default:
      return null
  }
}

function through(decoder: Decoder, body: Buffer, most: number): Promise<Buffer> {
  return new Promise(resolve => {
    const parts: Buffer[] = []
    let size = 0
    const done = () => {
      decoder.destroy()
      resolve(Buffer.concat(parts))
    }
    decoder.on('data', (part: Buffer) => {
      parts.push(part)
      size += part.length
      if (size >= most) done()
    })
    decoder.on('error', done)
    decoder.on('end', done)
    decoder.end(body)
  })
}

/**
 * Text of HTML or JavaScript: by its byte order mark, the charset of its header, or its `<meta>`; otherwise UTF-8 (WHATWG HTML, "Determining the
 * character encoding"). Where this differed from what browsers do, a page could say something else to us than to its readers.
 */
export function decodeText(bytes: Buffer, contentType: string): string {
  const named = [markOf(bytes), /;\s*charset\s*=\s*["']?([\w:-]+)/i.exec(contentType)?.[1], metaCharset(bytes)]
  for (const label of named) {
    const decoder = label === undefined ? null : decoderOf(label)
    if (decoder !== null) return decoder.decode(bytes)
  }
  return new TextDecoder().decode(bytes)
}

function markOf([first, second, third]: Buffer): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8'
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined
}

/** A page that is read far enough to find its `<meta>` is not in UTF-16. */
function metaCharset(bytes: Buffer): string | undefined {
  const beginning = bytes.toString('latin1', 0, 1024).replace(/<!--.*?(?:-->|$)/gs, '')
  const label = /<meta[^>]{0,128}charset\s*=\s*["']?([\w:-]+)/i.exec(beginning)?.[1]
  return label !== undefined && /^(?:utf-?16|unicode|ucs-2|csunicode|iso-10646)/i.test(label) ? 'utf-8' : label
}

/** Null for a name that is none. */
function decoderOf(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label)
  } catch {
    return null
  }
}
