/** What bytes may say as text. Browsers do not name a form's encoding. */
import { escapedByte } from '../request/percent-decoding.ts'
import type { BodyType } from './content.ts'

/** Encodings of pages in the gate's languages. */
const usual = [
  'windows-1252',
  'iso-8859-2',
  'windows-1251',
  'windows-1256',
  'shift_jis',
  'euc-jp',
  'gb18030',
  'big5',
  'euc-kr'
]
const decoders = new Map<string, TextDecoder>()
const beyondAscii = /[^\0-\x7f]/
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** False where a byte below 128 may differ from ASCII. */
export function isReadable({ charset }: BodyType): boolean {
  if (charset === null) return true
  if (/utf-?(?:7|16|32)|2022|ucs|ebcdic|ibm|cp0?37|cp500/.test(charset)) return false
  return decoderOf(charset) !== null
}

export function spellingsOf(bytes: Buffer, charset: string | null): readonly string[] {
  const plain = bytes.toString('latin1')
  if (!beyondAscii.test(plain)) return [plain]
  const named = charset === null ? null : (decoderOf(charset)?.decode(bytes) ?? null)
  const found = new Set(named === null ? [] : [named])
  try {
    found.add(strict.decode(bytes))
  } catch {
    for (const name of usual) found.add(decoderOf(name)?.decode(bytes) ?? '')
  }
  return [...found]
}

export function likeliestSpelling(bytes: Buffer, charset: string | null): string {
  const named = charset === null ? null : decoderOf(charset)
  if (named !== null) return named.decode(bytes)
  try {
    return strict.decode(bytes)
  } catch {
    return decoderOf(usual[0] as string)?.decode(bytes) ?? ''
  }
}

function decoderOf(charset: string): TextDecoder | null {
  const known = decoders.get(charset)
  if (known !== undefined) return known
  try {
    const decoder = new TextDecoder(charset)
    // Clients choose the names.
    if (decoders.size < 100) decoders.set(charset, decoder)
    return decoder
  } catch {
    return null
  }
}

/** `text` has one character a byte. */
export function bytesOfForm(text: string): Buffer {
  if (!/[%+]/.test(text)) return Buffer.from(text, 'latin1')
  const bytes = Buffer.allocUnsafe(text.length)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const byte = code === 0x25 ? escapedByte(text, at) : -1
    bytes[length++] = byte >= 0 ? byte : code === 0x2b ? 0x20 : code
    if (byte >= 0) at += 2
  }
  return bytes.subarray(0, length)
}
