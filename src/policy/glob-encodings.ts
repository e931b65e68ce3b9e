/**
 * One glob in the spellings that a reading may have. Owns charsets and letter case of rules; the readings themselves are byte strings
 * (routing/readings.ts), and a literal 'é' or ' ' of a rule would otherwise miss most of them.
 */
import { toBytes, toText } from '../request/utf8.ts'

/** Bytes that no client sends bare in a path (WHATWG URL, path percent-encode set). */
const encoded = /[\x00-\x20"<>^`{|}\x80-\xff]/g

const special = /[^\x21-\x7e]|[%"<>^`{|}]/

/**
 * The byte strings that a glob stands for: its characters in UTF-8 (composed and decomposed) and in latin-1, decoded and percent-encoded.
 * An escape in a rule stands for its byte, as somebody who copies an address means it; `%2A` stays, as it would be a wildcard.
 */
export function spellingsOf(glob: string): readonly string[] {
  if (!special.test(glob)) return [glob]
  const decoded = toBytes(glob).replace(/%(?!2A)([2-9A-Fa-f][0-9A-Fa-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16))
  )
  const text = toText(decoded)
  const composed = text.normalize('NFC')
  const bare = [decoded, toBytes(composed), toBytes(text.normalize('NFD'))]
  if (/^[\x00-\xff]*$/.test(composed)) bare.push(composed)
  const all = new Set<string>()
  for (const bytes of bare) {
    all.add(bytes)
    all.add(escapeBytes(bytes, hex => hex))
    all.add(escapeBytes(bytes, hex => hex.toLowerCase()))
  }
  if (glob.includes('%')) all.add(toBytes(glob))
  return [...all]
}

function escapeBytes(bytes: string, spell: (hex: string) => string): string {
  return bytes.replace(encoded, byte => `%${spell(byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase())}`)
}

const beyondAscii = /[\x80-\xff]/

/** A byte string as it compares when letter case does not count. Coarser than any one server, which is the safe side. */
export function fold(bytes: string): string {
  if (!beyondAscii.test(bytes)) return bytes.toLowerCase()
  return toText(bytes).normalize('NFC').toUpperCase().toLowerCase()
}
