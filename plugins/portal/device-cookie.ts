/**
 * The mark of a known browser: a random value that a browser gets with its first complete sign-in and keeps. Owns the cookie on the portal's
 * host; refuses to be a proof of anything. All it does is to have wrong guesses from this browser counted apart from those of strangers.
 */
import type { Account } from '../../src/identity/account.ts'
import { isToken, newToken } from '../../src/ids.ts'
import { type CookieSite, knownCookie, readOwn } from '../cookies.ts'
import type { PageContext } from './page-context.ts'

/** The mark that came along, or null where there is none that we could have made. */
export function deviceCookieOf(cookies: string | undefined, site: CookieSite): string | null {
  const mark = readOwn(cookies, 'known', site)
  return mark !== null && isToken(mark) ? mark : null
}

/**
 * What follows a complete sign-in, whatever completed it: the guesses are forgotten, and this browser is known from now on. `counted`: its
 * password was counted as a guess at the address it comes from, which is given back.
 */
export async function completed(visit: PageContext, account: Account, counted: boolean): Promise<void> {
  const { address, site, reply } = visit
  // One mark serves all who share the browser: the store knows for whom it counts.
  const browser = visit.browser ?? newToken()
  await visit.options.services.passwordLogin.completed(account, { address, browser }, counted)
  reply.header('set-cookie', knownCookie(browser, site))
}
