/** Names in `otpauth:` URIs. The Key URI Format allows no colon, not even an escaped one. */

/** Longer names make the QR code hard to scan. */
const charactersMax = 64
/** In UTF-8: a QR code holds 2,331 bytes (ISO/IEC 18004, version 40-M), and the URI three such names. */
const bytesMax = 160

/** Created lazily, since loading takes 20 ms. */
let segmenter: Intl.Segmenter | undefined

/** `name` without colons and invisible characters, up to 64 characters and 160 bytes; `fallback` if empty. */
export function keyUriName(name: string, fallback: string): string {
  // U+FF1A, U+FE55 and U+FE13 become colons under NFKC. Joiners hold emoji together, so they stay.
  const plain = name
    .replace(/[:\uff1a\ufe55\ufe13]/g, ' ')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?!\u200d)\p{Cf}/gu, '')
    .replace(/\s+/g, ' ')
    .trim()
  let kept = ''
  let characters = 0
  segmenter ??= new Intl.Segmenter()
  for (const { segment } of segmenter.segment(plain)) {
    if (++characters > charactersMax || Buffer.byteLength(kept + segment) > bytesMax) break
    kept += segment
  }
  return kept.trim() || fallback
}
