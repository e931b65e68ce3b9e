/**
 * Tokens of 256 random bits. The store has only their SHA-256, so a copy of the store signs nobody in. (NIST SP
 * 800-63B-4 §5.1 requires 64 bits, ASVS 7.2.3 128.)
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const shape = /^[A-Za-z0-9_-]{43}$/
const idShape = /^[A-Za-z0-9_-]{22}$/

/** A new token: 43 characters of base64url. */
export function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** True for the form of a token. Anything else needs no look-up in the store. */
export function isToken(value: string): boolean {
  return shape.test(value)
}

/** The SHA-256 of a text in base64url: a key for a text of any length and any characters. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** Compares a secret that somebody sends. The time tells nothing of the right one. */
export function isSameSecret(given: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(digestOf(given)), Buffer.from(digestOf(right)))
}

/** The token's digest, which the store may hold. */
export const tokenDigest: (token: string) => string = digestOf

/** 128 random bits in base64url, which need not be secret. */
export function newId(): string {
  return randomBytes(16).toString('base64url')
}

/** True for the form of an id. Anything else needs no look-up in the store. */
export function isId(value: string): boolean {
  return idShape.test(value)
}
