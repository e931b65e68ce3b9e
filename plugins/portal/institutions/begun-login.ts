/**
 * A pending sign-in at an institution, in a brief sealed cookie of this browser, one for each `state`: strangers fill no store with it, and
 * no other browser can complete it.
 */
import { createHash } from 'node:crypto'
import { isCurrent } from '../../../src/clock.ts'
import { KeyringError } from '../../../src/keyring/keyring.ts'
import { briefCookie, expiredCookie, loginCookieName, loginCookieNames, readCookie } from '../../cookies.ts'
import type { PageContext } from '../page-context.ts'
import { noReturn, type ReturnTo, returnToOf, withReturnTo } from '../return-to.ts'

/** What is kept until the browser returns. */
export interface BegunLogin {
  readonly institution: string
  /** A step-up of the signed-in person. */
  readonly isStepUp: boolean
  readonly returnTo: ReturnTo
  /** The kind's own data: a nonce, a PKCE verifier, the id of the request. */
  readonly values: Readonly<Record<string, string>>
}

interface Sealed {
  readonly i: string
  readonly u: boolean
  /** The return address as a query. */
  readonly w: string
  readonly v: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly e: number
}

/** How long a person may take there. */
export const begunSeconds = 10 * 60
/** The most pending sign-ins in a browser. One more ends the others, otherwise the cookies would fill the headers. */
const maxOthers = 4
/** Browsers keep some 4,096 characters of a cookie, with its name and attributes. */
const maxCookieLength = 3800

const contextOf = (state: string) => `begun-login:${state}`

/** It is kept under `state`, which the institution sends back. */
export function keepBegun(page: PageContext, state: string, begun: BegunLogin): void {
  const { reply, site, request, portal, now } = page
  const others = loginCookieNames(request.raw.headers.cookie, site)
  if (others.length >= maxOthers) for (const name of others) reply.header('set-cookie', expiredCookie(name, site))
  const value = (returnTo: ReturnTo) => {
    const sealed: Sealed = {
      i: begun.institution,
      u: begun.isStepUp,
      w: withReturnTo('', returnTo).slice(1),
      v: begun.values,
      e: now + begunSeconds * 1000
    }
    return portal.keyring().seal(JSON.stringify(sealed), contextOf(state))
  }
  const whole = value(begun.returnTo)
  // If the address is too long for a cookie, the person starts from the list of apps.
  reply.header(
    'set-cookie',
    briefCookie(
      cookieNameOf(page, state),
      whole.length <= maxCookieLength ? whole : value(noReturn),
      begunSeconds,
      site
    )
  )
}

/** Null if none fits this browser, `state` and institution, or it has expired. */
export function takeBegun(page: PageContext, state: string, institution: string): BegunLogin | null {
  const { request, reply, site, portal, now } = page
  const name = cookieNameOf(page, state)
  const value = readCookie(request.raw.headers.cookie, name)
  if (value === null) return null
  reply.header('set-cookie', expiredCookie(name, site))
  try {
    // The seal proves that the gate wrote it.
    const { i, u, w, v, e } = JSON.parse(portal.keyring().open(value, contextOf(state))) as Sealed
    if (i !== institution || !isCurrent(e, begunSeconds * 1000, now)) return null
    const returnTo = returnToOf(Object.fromEntries(new URLSearchParams(w)), portal.returnTargets)
    return { institution: i, isStepUp: u, returnTo, values: v }
  } catch (error) {
    if (error instanceof KeyringError) return null
    throw error
  }
}

function cookieNameOf({ site }: PageContext, state: string): string {
  return loginCookieName(createHash('sha256').update(state).digest('hex').slice(0, 16), site)
}
