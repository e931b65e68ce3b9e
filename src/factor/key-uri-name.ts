/** Names in `otpauth:` URIs. The Key URI Format allows no colon, not even escaped. */

/** Longer names are hard to scan. */
const maxCharacters = 64
/** In UTF-8: a QR code holds 2,331 bytes (ISO/IEC 18004, 40-M), and the URI has three names. */
const maxBytes = 160

/** Made at its first use, which takes 20 ms. */
let segmenter: Intl.Segmenter | undefined

/** Without colons and invisible characters, cut to both limits; `fallback` if empty. */
export function keyUriName(name: string, fallback: string): string {
  // U+FF1A, U+FE55 and U+FE13 become colons under NFKC. Joiners keep emoji together.
  const plain = name
    .replace(/[:\uff1a\ufe55\ufe13]/g, ' ')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?!\u200d)\p{Cf}/gu, '')
    .replace(/\s+/g, ' ')
    .trim()
  let kept = ''
  let characters = 0
  segmenter ??= new Intl.Segmenter()
  for (const { segment } of segmenter.segment(plain)) {
    if (++characters > maxCharacters || Buffer.byteLength(kept + segment) > maxBytes) break
    kept += segment
  }
  return kept.trim() || fallback
}
