/** The encodings of a glob: readings are byte strings, so a literal 'é' or ' ' must match in each of its encodings. */
import { toBytes, toText } from '../request/utf8.ts'

/** Clients percent-encode these in a path (WHATWG URL). */
const encoded = /[\x00-\x20"<>^`{|}\x80-\xff]/g

const special = /[^\x21-\x7e]|[%"<>^`{|}]/

/**
 * The byte strings of a glob: UTF-8 (composed and decomposed) and latin-1, decoded and percent-encoded. An escape stands for its byte, but `%2A` stays,
 * otherwise it would be a wildcard.
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

/** Folds more letters than any server does, which is the safe side. */
export function fold(bytes: string): string {
  if (!beyondAscii.test(bytes)) return bytes.toLowerCase()
  return toText(bytes).normalize('NFC').toUpperCase().toLowerCase()
}
