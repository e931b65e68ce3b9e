/** The text of a token: `fg_`, forty random characters and a checksum, so a leaked one is found by its form. */
import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 238 bits. */
const secretLength = 40
const checksumLength = 6

export const tokenPrefix = 'fg_'
export const tokenLength = tokenPrefix.length + secretLength + checksumLength
/** Scanners use it; `docs/programs.md` has it too. */
export const tokenPattern = `${tokenPrefix}[0-9A-Za-z]{${secretLength + checksumLength}}`
const shape = new RegExp(`^${tokenPattern}$`)

export function newTokenText(): string {
  let secret = ''
  while (secret.length < secretLength)
    // Otherwise some characters would be likelier.
    for (const byte of randomBytes(64)) if (byte < 248 && secret.length < secretLength) secret += alphabet[byte % 62]
  return tokenPrefix + secret + checksumOf(secret)
}

/** Other texts need no look-up. */
export function isTokenText(text: string): boolean {
  if (text.length !== tokenLength || !shape.test(text)) return false
  const end = tokenPrefix.length + secretLength
  return checksumOf(text.slice(tokenPrefix.length, end)) === text.slice(end)
}

/** Each once. */
export function findTokens(text: string): string[] {
  return [...new Set(text.match(new RegExp(`(?<![0-9A-Za-z])${tokenPattern}(?![0-9A-Za-z])`, 'g')) ?? [])].filter(
    isTokenText
  )
}

/** CRC-32 (as in gzip) in base 62. */
function checksumOf(secret: string): string {
  let rest = crc32(secret)
  let text = ''
  for (let i = 0; i < checksumLength; i++) {
    text = alphabet[rest % 62] + text
    rest = Math.floor(rest / 62)
  }
  return text
}
