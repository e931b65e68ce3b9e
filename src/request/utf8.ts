/** UTF-8 in byte strings, and conversions to ASCII that some server does. */

const beyondAscii = /[\x80-\xff]/

export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Bytes that are no UTF-8 are latin-1. */
export function toText(bytes: string): string {
  return split(
    bytes,
    wellFormed => Buffer.from(wellFormed, 'latin1').toString('utf8'),
    stray => stray
  )
}

/** As in decoders that skip invalid UTF-8, where `..%FF/` is `../`. */
export function withoutInvalidUtf8(path: string): string {
  return split(
    path,
    wellFormed => wellFormed,
    () => ''
  )
}

/** NFKC and best-fit mappings: U+FF0F and U+2215 become '/', U+FF0E becomes '.', U+2025 becomes '..'. */
export function foldCompatible(path: string): string {
  return split(path, foldWellFormed, stray => stray)
}

const ignorable = /\p{Default_Ignorable_Code_Point}+/gu

/** As in normalisers that drop invisible characters (Unicode 15 §5.21). */
export function withoutIgnorable(path: string): string {
  return split(path, dropIgnorable, stray => stray)
}

function dropIgnorable(bytes: string): string {
  if (!beyondAscii.test(bytes)) return bytes
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  const seen = text.replace(ignorable, '')
  return seen.length === text.length ? bytes : toBytes(seen)
}

function foldWellFormed(bytes: string): string {
  if (!beyondAscii.test(bytes)) return bytes
  const text = Buffer.from(bytes, 'latin1').toString('utf8')
  const folded = text
    .normalize('NFKC')
    .replace(/[\u2044\u2215\u29f8]/g, '/')
    .replace(/[\u2216\u29f5\u29f9]/g, '\\')
  return folded === text ? bytes : toBytes(folded)
}

function split(bytes: string, wellFormed: (run: string) => string, stray: (run: string) => string): string {
  if (!beyondAscii.test(bytes)) return bytes
  let result = ''
  for (let at = 0; at < bytes.length; ) {
    const start = at
    for (let length = sequenceLength(bytes, at); length > 0; length = sequenceLength(bytes, at)) at += length
    if (at > start) result += wellFormed(bytes.slice(start, at))
    const end = at
    while (at < bytes.length && sequenceLength(bytes, at) === 0) at++
    if (at > end) result += stray(bytes.slice(end, at))
  }
  return result
}

/** 0 if the sequence is not well formed (Unicode 15, table 3-7). */
function sequenceLength(bytes: string, at: number): number {
  const lead = bytes.charCodeAt(at)
  if (lead < 0x80) return 1
  const second = bytes.charCodeAt(at + 1)
  if (!(lead >= 0xc2 && lead <= 0xf4 && isContinuation(second))) return 0
  if (lead < 0xe0) return 2
  if (!isContinuation(bytes.charCodeAt(at + 2))) return 0
  if (lead < 0xf0) return (lead === 0xe0 && second < 0xa0) || (lead === 0xed && second > 0x9f) ? 0 : 3
  if (!isContinuation(bytes.charCodeAt(at + 3))) return 0
  return (lead === 0xf0 && second < 0x90) || (lead === 0xf4 && second > 0x8f) ? 0 : 4
}

function isContinuation(code: number): boolean {
  return code >= 0x80 && code <= 0xbf
}

const overlong =
  /[\xc0\xc1][\x80-\xbf]|\xe0[\x80\x81][\x80-\xbf]|\xf0\x80[\x80\x81][\x80-\xbf]|\xf8\x80\x80[\x80\x81][\x80-\xbf]|\xfc\x80\x80\x80[\x80\x81][\x80-\xbf]/g

/**
 * Decodes overlong sequences: `C0 AF` is '/', and so is `C0 2F` for lax decoders. The latter never gives control bytes, otherwise latin-1 'À' would be refused.
 */
export function shortenOverlong(path: string): string {
  if (!/[\xc0\xc1\xe0\xf0\xf8\xfc]/.test(path)) return path
  return path
    .replace(overlong, sequence => String.fromCharCode(lastSevenBits(sequence)))
    .replace(/[\xc0\xc1][\x21-\x7e]/g, sequence => {
      const byte = lastSevenBits(sequence)
      return byte < 0x20 || byte === 0x7f ? sequence : String.fromCharCode(byte)
    })
}

function lastSevenBits(sequence: string): number {
  const before = sequence.charCodeAt(sequence.length - 2)
  return ((before << 6) | (sequence.charCodeAt(sequence.length - 1) & 0x3f)) & 0x7f
}
