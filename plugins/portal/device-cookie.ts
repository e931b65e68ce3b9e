/**
 * The device cookie: a random value that a browser gets with its first complete sign-in. It proves nothing by itself. The store says for
 * which accounts the browser is known, and wrong guesses at those accounts from it count apart.
 */
import { isToken } from '../../src/ids.ts'
import { type CookieSite, readOwn } from '../cookies.ts'

/** Null for a value that the gate cannot have made. */
export function deviceCookieOf(cookies: string | undefined, site: CookieSite): string | null {
  const value = readOwn(cookies, 'known', site)
  return value !== null && isToken(value) ? value : null
}
