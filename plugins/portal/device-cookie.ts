/**
 * The mark of a known browser: a random value that a browser gets with its first complete sign-in and keeps. It proves nothing; wrong guesses
 * from this browser are counted apart from those of strangers.
 */
import { isToken } from '../../src/ids.ts'
import { type CookieSite, readOwn } from '../cookies.ts'

/** The mark that came along, or null where there is none that we could have made. */
export function deviceCookieOf(cookies: string | undefined, site: CookieSite): string | null {
  const mark = readOwn(cookies, 'known', site)
  return mark !== null && isToken(mark) ? mark : null
}
