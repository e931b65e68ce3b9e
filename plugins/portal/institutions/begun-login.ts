/**
 * A sign-in that has begun at an institution and is not back yet. It waits in a brief cookie of this browser, sealed, one for each `state`: strangers who begin
 * fill no store, and no other browser can end what this one began.
 */
import { createHash } from 'node:crypto'
import { isCurrent } from '../../../src/clock.ts'
import { KeyringError } from '../../../src/keyring/keyring.ts'
import { briefCookie, expiredCookie, loginCookieName, loginCookieNames, readCookie } from '../../cookies.ts'
import type { PageContext } from '../page-context.ts'
import { noReturn, type ReturnTo, returnToOf, withReturnTo } from '../return-to.ts'

/** What is remembered until the browser is back. */
export interface BegunLogin {
  /** Id of the institution. */
  readonly institution: string
  /** A fresh proof is asked for, of whoever is signed in. */
  readonly isStepUp: boolean
  readonly trip: ReturnTo
  /** What the kind itself needs: a nonce, a PKCE verifier, the id of the request. */
  readonly values: Readonly<Record<string, string>>
}

interface Sealed {
  readonly i: string
  readonly u: boolean
  /** The way as a query. */
  readonly w: string
  readonly v: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly e: number
}

const seconds = 10 * 60
/** As many sign-ins may be under way in one browser; one more ends the others, otherwise the cookies would fill the headers. */
const most = 4
/** Browsers keep some 4,096 characters of a cookie, with its name and attributes. */
const longest = 3800

const contextOf = (state: string) => `begun-login:${state}`

/** Keeps it in this browser under `state`, which the institution sends back. */
export function keepBegun(page: PageContext, state: string, begun: BegunLogin): void {
  const { reply, site, request, portal, now } = page
  const others = loginCookieNames(request.raw.headers.cookie, site)
  if (others.length >= most) for (const name of others) reply.header('set-cookie', expiredCookie(name, site))
  const value = (trip: ReturnTo) => {
    const sealed: Sealed = {
      i: begun.institution,
      u: begun.isStepUp,
      w: withReturnTo('', trip).slice(1),
      v: begun.values,
      e: now + seconds * 1000
    }
    return portal.keyring().seal(JSON.stringify(sealed), contextOf(state))
  }
  const whole = value(begun.trip)
  // An address that no cookie holds is forgotten: the person starts from the list of apps.
  reply.header(
    'set-cookie',
    briefCookie(cookieNameOf(page, state), whole.length <= longest ? whole : value(noReturn), seconds, site)
  )
}

/** What this browser began under `state` at this institution, and it is over with that; null for anything else, and for one that took too long. */
export function takeBegun(page: PageContext, state: string, institution: string): BegunLogin | null {
  const { request, reply, site, portal, now } = page
  const name = cookieNameOf(page, state)
  const value = readCookie(request.raw.headers.cookie, name)
  if (value === null) return null
  reply.header('set-cookie', expiredCookie(name, site))
  try {
    // What the seal vouches for, we wrote.
    const { i, u, w, v, e } = JSON.parse(portal.keyring().open(value, contextOf(state))) as Sealed
    if (i !== institution || !isCurrent(e, seconds * 1000, now)) return null
    const trip = returnToOf(Object.fromEntries(new URLSearchParams(w)), portal.returnTargets)
    return { institution: i, isStepUp: u, trip, values: v }
  } catch (error) {
    if (error instanceof KeyringError) return null
    throw error
  }
}

function cookieNameOf({ site }: PageContext, state: string): string {
  return loginCookieName(createHash('sha256').update(state).digest('hex').slice(0, 16), site)
}
