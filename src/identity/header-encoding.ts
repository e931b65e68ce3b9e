/**
 * Encodings of header values outside ASCII, with one character for each byte. RFC 9110 §5.5 leaves such bytes to the receiver: Node and
 * WSGI (PEP 3333) read Latin-1, Open WebUI per cent signs (routers/auths.py), Grafana quoted-printable (`headers_encoded`), and Tailscale
 * Serve writes RFC 2047 (encTailscaleHeaderValue).
 */
import type { HeaderEncoding } from './header-profiles.ts'

/** RFC 2047 §2: an encoded-word has at most 75 characters, 12 of them around its text. */
const wordLength = 63

/** Null if it holds control characters, line or paragraph separators, surrogates, or characters outside the encoding. */
export function encodeValue(text: string, encoding: HeaderEncoding): string | null {
  // The usual case, equal in all encodings.
  if (/^[\w .@,:/'()-]+$/.test(text)) return text
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u.test(text)) return null
  switch (encoding) {
    case 'utf-8':
      return bytesOf(text)
    case 'latin-1': {
      const composed = text.normalize('NFC')
      return /^[\x20-\xff]*$/.test(composed) ? composed : null
    }
    case 'ascii':
      return /^[\x20-\x7e]*$/.test(text) ? text : null
    case 'percent':
      return bytesOf(text).replace(/[%\x80-\xff]/g, byte => `%${hex(byte)}`)
    case 'quoted-printable':
      return bytesOf(text).replace(/[=\x80-\xff]/g, byte => `=${hex(byte)}`)
    case 'rfc2047':
      return encodedWords(text)
  }
}

/** RFC 2047 §4.2 ("Q"), also for text that looks like an encoded word. */
function encodedWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('=?')) return text
  const words: string[] = []
  let word = ''
  for (const char of text) {
    const encoded =
      char === ' ' ? '_' : /[A-Za-z0-9]/.test(char) ? char : bytesOf(char).replace(/[\s\S]/g, byte => `=${hex(byte)}`)
    if (word.length + encoded.length > wordLength) {
      words.push(word)
      word = ''
    }
    word += encoded
  }
  return [...words, word].map(each => `=?utf-8?q?${each}?=`).join(' ')
}

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

function hex(byte: string): string {
  return byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')
}
