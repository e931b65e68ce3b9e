/**
 * Codes as people type them, on whatever keyboard. Owns what does not matter in a code (blanks, dashes, invisible characters, the script of a
 * digit); refuses to guess at anything else.
 */

/** The longest text that is looked at. A code with marks between its signs, as some programs paste it, is a few dozen characters. */
const longest = 256
/**
 * Blanks, what nobody sees, and dashes. Some signs are typed as dashes, or made of two hyphens by a keyboard, and are none to Unicode: the long sound
 * mark (U+30FC), bullets and points of hyphenation, other signs of minus, and drawn lines.
 */
const ignored =
  /[\s\x85\p{Z}\p{Cf}\p{Default_Ignorable_Code_Point}\p{M}\p{Dash}\u{30fc}\u{2027}\u{2043}\u{2d7}\u{2052}\u{2796}\u{2e43}\u{2500}\u{2501}\u{2504}\u{2505}\u{2508}\u{2509}\u{254c}\u{254d}\u{3161}\u{2800}]+/gu

/**
 * The signs of a typed code: each decimal digit as an ASCII one, compatible forms (full-width, mathematical) as plain letters, and nothing of
 * what does not matter. Null for what is no text, or too long to be a code.
 */
export function typedSigns(typed: unknown): string | null {
  if (typeof typed !== 'string' || typed.length > longest) return null
  return typed
    .normalize('NFKD')
    .replace(ignored, '')
    .replace(/\p{Nd}/gu, digitValue)
}

/** Unicode keeps the decimal digits of a script in one run, from zero to nine (UAX #44, General_Category Nd). */
function digitValue(digit: string): string {
  const point = digit.codePointAt(0)!
  let start = point
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--
  return String((point - start) % 10)
}
