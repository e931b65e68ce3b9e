/** Undoes the content coding of a body, up to a bound: of a compressed bomb only the beginning comes out. */
import * as zlib from 'node:zlib'

/** The most bytes of a decoded body. */
export const maxDecodedBytes = 1024 * 1024

type Decoder = NodeJS.ReadWriteStream & { destroy(): void }

/** Node 22.15 and newer have zstd. */
const zstd = (zlib as { createZstdDecompress?: (options: object) => Decoder }).createZstdDecompress

/** True if a body with this `Content-Encoding` can be read. */
export function canDecode(coding: string): boolean {
  return codingsOf(coding).every(each => decoderFor(each) !== null)
}

/** The first bytes of the body; what is broken or cut off ends it. Never rejects. */
export async function decodeBody(body: Buffer, coding: string, most = maxDecodedBytes): Promise<Buffer> {
  let decoded = body
  // The last coding was applied last.
  for (const each of codingsOf(coding).reverse()) {
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
    .slice(0, 3)
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

/** Text of HTML or JavaScript: by its byte order mark, the charset of its header, or its `<meta>`; otherwise UTF-8. */
export function decodeText(bytes: Buffer, contentType: string): string {
  const label =
    /;\s*charset\s*=\s*"?([\w:-]+)/i.exec(contentType)?.[1] ??
    /<meta[^>]{0,128}charset\s*=\s*["']?([\w:-]+)/i.exec(bytes.toString('latin1', 0, 1024))?.[1] ??
    'utf-8'
  const marked =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : label
  try {
    return new TextDecoder(marked).decode(bytes)
  } catch {
    return bytes.toString('latin1')
  }
}
