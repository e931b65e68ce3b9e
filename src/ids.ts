/**
 * Tokens: 256 random bits in a cookie, known to the store by their SHA-256 alone, so a copy of the store signs nobody in
 * (NIST SP 800-63B-4 §5.1 asks for 64 bits, ASVS 7.2.3 for 128).
 */
import { createHash, randomBytes } from 'node:crypto'

const shape = /^[A-Za-z0-9_-]{43}$/

/** A new token: 43 characters of base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** True for what `newToken` could have made. Anything else is nobody's, and costs no look into the store. */
export function isToken(value: string): boolean {
  return shape.test(value)
}

/** What the store may know of a token: its SHA-256, base64url. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/** A public identifier of 128 random bits, base64url: of accounts, sessions and credentials. Not a secret. */
export function newId(): string {
  return randomBytes(16).toString('base64url')
}
