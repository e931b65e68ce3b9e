/**
 * The device cookie: a random value that a browser gets with its first complete sign-in. It proves nothing by itself. The store knows its
 * accounts, whose wrong guesses from this browser count apart.
 */
import { isToken } from '../../src/ids.ts'
import { type CookieSite, readOwn } from '../cookies.ts'

/** Null for any value that the gate cannot have made. */
export function deviceCookieOf(cookies: string | undefined, site: CookieSite): string | null {
  const value = readOwn(cookies, 'known', site)
  return value !== null && isToken(value) ? value : null
}
