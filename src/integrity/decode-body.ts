/** Undoes a body's content coding, up to a bound: only the beginning of a compressed bomb comes out. */
import * as zlib from 'node:zlib'

export const maxDecodedBytes = 1024 * 1024

type Decoder = NodeJS.ReadWriteStream & { destroy(): void }

/** Node 22.15 and newer have zstd. */
const zstd = (zlib as { createZstdDecompress?: (options: object) => Decoder }).createZstdDecompress

const undone = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd'])
/** Browsers undo these only with the dictionary (RFC 9842). */
const withDictionary = new Set(['dcb', 'dcz'])
/** Firefox ignores the rest. Chromium shows nothing with more than ten. */
const maxNames = 16
const maxShown = 4

/** The first coding that browsers may undo and we cannot. */
export function unreadCoding(coding: string): string | null {
  const isUnread = (each: string) => withDictionary.has(each) || (undone.has(each) && undoersOf(each).length === 0)
  return waysOf(coding).flat().find(isUnread) ?? namesIn(coding).find(isUnread) ?? null
}

/** What browsers may make of the beginning; several where they differ. Never rejects. */
export async function decodeBody(body: Buffer, coding: string, most = maxDecodedBytes): Promise<Buffer[]> {
  const shown: Buffer[] = []
  for (const codings of waysOf(coding)) {
    let decoded = [body]
    // The last coding was applied last.
    for (const each of codings.toReversed()) {
      const all = decoded.flatMap(bytes => undoersOf(each).map(undo => undo(bytes, most)))
      decoded = (await Promise.all(all)).filter(({ length }) => length > 0).slice(0, maxShown)
    }
    shown.push(...decoded.map(bytes => bytes.subarray(0, most)))
  }
  return shown
}

/**
 * At an unknown name, such as `identity`, Chromium undoes nothing, and Firefox undoes the others. A body that is shown as it came may be anything, so
 * none of its beginnings says that it is no page.
 */
function waysOf(coding: string): readonly (readonly string[])[] {
  const names = coding
    .toLowerCase()
    .split(',')
    .map(each => each.trim())
  const ofFirefox = namesIn(coding)
    .slice(0, maxNames)
    .map(each => (each === 'x-deflate' ? 'deflate' : each))
    .filter(each => undone.has(each))
  const isAsItCame = !names.every(each => undone.has(each))
  return !isAsItCame || ofFirefox.length === 0 ? [ofFirefox] : [[], ofFirefox]
}

function namesIn(coding: string): string[] {
  return coding
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(each => each !== '')
}

type Undo = (body: Buffer, most: number) => Promise<Buffer>

function undoersOf(coding: string): readonly Undo[] {
  const finishFlush = zlib.constants.Z_SYNC_FLUSH
  const bare = () => zlib.createInflateRaw({ finishFlush })
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      // Browsers check no sum, and ignore what follows.
      return [(body, most) => beginning(bare, afterGzipHead(body), most)]
    // Some servers send the bare stream (RFC 9110 §8.4.1.2), so browsers try both.
    case 'deflate':
      return [() => zlib.createInflate({ finishFlush }), bare].map(make => (body, most) => beginning(make, body, most))
    case 'br': {
      const make = () => zlib.createBrotliDecompress({ finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH })
      return [(body, most) => beginning(make, body, most)]
    }
    case 'zstd': {
      if (zstd === undefined) return []
      const { ZSTD_e_flush } = zlib.constants as { readonly ZSTD_e_flush?: number }
      return [(body, most) => beginning(() => zstd({ finishFlush: ZSTD_e_flush }), body, most)]
    }
    default:
      return []
  }
}

/** RFC 1952 §2.3. */
function afterGzipHead(body: Buffer): Buffer {
  const flags = body[3] ?? 0
  if (body.length < 10 || body.readUIntBE(0, 3) !== 0x1f8b08) return Buffer.alloc(0)
  let at = 10
  if ((flags & 4) !== 0) at += 2 + (body[at] ?? 0) + 256 * (body[at + 1] ?? 0)
  // Name and comment end with a zero each.
  for (const flag of [8, 16])
    if ((flags & flag) !== 0) {
      const end = body.indexOf(0, at)
      if (end < 0) return Buffer.alloc(0)
      at = end + 1
    }
  if ((flags & 2) !== 0) at += 2
  return body.subarray(at)
}

/** A decoder keeps up to 16 KiB at a fault, which a browser may have shown. */
async function beginning(make: () => Decoder, body: Buffer, most: number): Promise<Buffer> {
  const { bytes, isBroken } = await through(make(), body, most)
  if (!isBroken) return bytes
  let best = bytes
  for (let good = 0, bad = body.length; bad - good > 1; ) {
    const middle = (good + bad) >> 1
    const part = await through(make(), body.subarray(0, middle), most)
    if (part.isBroken) bad = middle
    else {
      good = middle
      best = part.bytes
    }
  }
  return best
}

function through(
  decoder: Decoder,
  body: Buffer,
  most: number
): Promise<{ readonly bytes: Buffer; readonly isBroken: boolean }> {
  return new Promise(resolve => {
    const parts: Buffer[] = []
    let size = 0
    const done = (isBroken: boolean) => {
      decoder.destroy()
      resolve({ bytes: Buffer.concat(parts), isBroken })
    }
    decoder.on('data', (part: Buffer) => {
      parts.push(part)
      size += part.length
      if (size >= most) done(false)
    })
    decoder.on('error', () => done(true))
    decoder.on('end', () => done(false))
    decoder.end(body)
  })
}

/** The encoding as browsers find it (WHATWG HTML, "Determining the character encoding"), otherwise a page could hide from the gate. */
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

/** A page whose `<meta>` can be read is not in UTF-16. */
function metaCharset(bytes: Buffer): string | undefined {
  const beginning = bytes.toString('latin1', 0, 1024).replace(/<!--.*?(?:-->|$)/gs, '')
  const label = /<meta[^>]{0,128}charset\s*=\s*["']?([\w:-]+)/i.exec(beginning)?.[1]
  return label !== undefined && /^(?:utf-?16|unicode|ucs-2|csunicode|iso-10646)/i.test(label) ? 'utf-8' : label
}

function decoderOf(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label)
  } catch {
    return null
  }
}
