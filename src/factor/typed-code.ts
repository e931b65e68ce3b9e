/** Pasted codes may have marks between the digits. */
const maxTypedLength = 256
/** Blanks, dashes, invisible characters, and what keyboards make of hyphens (U+30FC, bullets, minus signs, lines). */
const ignored =
  /[\s\x85\p{Z}\p{Cf}\p{Default_Ignorable_Code_Point}\p{M}\p{Dash}\u{30fc}\u{2027}\u{2043}\u{2d7}\u{2052}\u{2796}\u{2e43}\u{2500}\u{2501}\u{2504}\u{2505}\u{2508}\u{2509}\u{254c}\u{254d}\u{3161}\u{2800}]+/gu

/** ASCII digits and plain letters (NFKC). Null for long text or none. */
export function typedSigns(typed: unknown): string | null {
  if (typeof typed !== 'string' || typed.length > maxTypedLength) return null
  return typed
    .normalize('NFKD')
    .replace(ignored, '')
    .replace(/\p{Nd}/gu, digitValue)
}

/** A script's digits are consecutive (UAX #44, Nd). */
function digitValue(digit: string): string {
  const point = digit.codePointAt(0)!
  let start = point
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--
  return String((point - start) % 10)
}
