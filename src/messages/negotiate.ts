/** Chooses a language by `Accept-Language` (RFC 9110 §12.5.4), by lookup (RFC 4647 §3.4). */
import { type Language, languages } from './languages.ts'

/** A longer header is not a list of languages. */
const maxHeaderLength = 1000
const range = /^([a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:\s*;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i

/** Null if none is in `offered`. A range in another script is skipped: `zh-TW` does not give simplified characters, `zh-TW, zh` does. */
export function negotiate(header: string | undefined, offered: readonly Language[]): Language | null {
  if (header === undefined || header.length > maxHeaderLength) return null
  const wished = header
    .split(',')
    .map(part => range.exec(part.trim()))
    .flatMap(found => (found === null ? [] : [{ tag: found[1]!, weight: Number(found[2] ?? 1) }]))
  const refused = new Set(wished.filter(({ weight }) => weight === 0).map(({ tag }) => tag.toLowerCase()))
  // The first of equal weights counts.
  for (const { tag } of wished.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight)) {
    const [primary] = tag.toLowerCase().split('-')
    const language = offered.find(each => each === primary)
    if (language !== undefined && !refused.has(language) && scriptOf(tag) === scriptOf(languages[language].tag))
      return language
  }
  return null
}

/** `Hant` for `zh-TW`, `Hans` for `zh`; null for an invalid tag. */
function scriptOf(tag: string): string | null {
  try {
    return new Intl.Locale(tag).maximize().script ?? null
  } catch {
    return null
  }
}
