/** A page's use of a sign-in's outcome: cookies, and the address of the next step. */
import { GateError } from '../../src/errors.ts'
import type { Next } from '../../src/sign-in/next-step.ts'
import type { Denied, SignedIn } from '../../src/sign-in/outcome.ts'
import { cookieNames, deviceCookie, expiredCookie, sessionCookie } from '../cookies.ts'
import { type AuthenticatedContext, callerOf, type PageContext } from './page-context.ts'
import { type ReturnTo, withReturnTo } from './return-to.ts'

export const home = '/.factorgate/'

/** Throws a refusal, and a failure after the cookies are set. */
export function enter(page: PageContext, outcome: SignedIn | Denied): string {
  if (outcome.kind === 'denied') throw new GateError(outcome.code, outcome)
  setEntryCookies(page, outcome)
  return urlOf(outcome.next, page.returnTo)
}

/** The device cookie is for a newly known browser. A new token without a device key comes with the offer to bind it. */
export function setEntryCookies(
  { reply, site, portal }: PageContext,
  {
    token,
    browser,
    principal
  }: Pick<Partial<SignedIn>, 'principal'> & {
    readonly token: string | null
    readonly browser: string | null
  }
): void {
  if (token !== null) reply.header('set-cookie', sessionCookie(token, site))
  const offer = token === null || principal === undefined ? null : portal.device?.binding.offer(principal)
  if (offer != null) reply.header('secure-session-registration', offer)
  if (browser !== null) reply.header('set-cookie', deviceCookie(browser, site))
}

export function clearSessionCookie({ reply, site }: PageContext): void {
  const names = cookieNames(site)
  for (const name of [names.session, names.device]) reply.header('set-cookie', expiredCookie(name, site))
}

/** The address of the step, with the return address in its query. */
export function urlOf(next: Next, returnTo: ReturnTo): string {
  switch (next.kind) {
    case 'challenge':
      return withReturnTo('/.factorgate/challenge', returnTo)
    case 'enrol':
      return withReturnTo('/.factorgate/enrol', returnTo)
    case 'recovery-codes':
      return withReturnTo('/.factorgate/enrol/recovery', returnTo)
    case 'new-password':
      return withReturnTo('/.factorgate/reset/password', returnTo)
    case 'home':
      return home
    case 'account':
      return '/.factorgate/account'
    case 'address':
      return next.url
    case 'hand-over': {
      const query = new URLSearchParams({ code: next.code, ...(returnTo.again ? { again: returnTo.again } : {}) })
      return `${next.origin}/.factorgate/callback?${query}`
    }
    case 'device-proof':
      return withReturnTo('/.factorgate/login', returnTo)
    case 'failed':
      throw next.cause
  }
}

export async function wayOn(page: AuthenticatedContext): Promise<string> {
  return urlOf(await page.portal.signIn.nextStep.of(callerOf(page), page.principal), page.returnTo)
}
