/**
 * Names in an `otpauth:` URI. The Key URI Format allows no colon in the issuer or the account name, not even an escaped one: some
 * authenticator apps cut the label at it, others refuse the QR code.
 */

/** More than an authenticator app shows; a longer name makes the QR code hard to scan. */
const charactersMax = 64
/** In UTF-8. The URI holds three such names, three signs a byte, and a QR code holds 2,331 (ISO/IEC 18004, version 40-M). */
const bytesMax = 160

/** Made when it is first asked: the system's tables take 20 ms to load, and most starts show no QR code. */
let segmenter: Intl.Segmenter | undefined

/** `name` without colons and invisible characters, cut at 64 characters and 160 bytes; `fallback` where nothing is left. */
export function keyUriName(name: string, fallback: string): string {
  // U+FF1A, U+FE55 and U+FE13 become a colon in an app that normalises (NFKC). A joiner holds an emoji together, so it stays.
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
