/**
 * What was just done, told once on the next page. Owns the brief cookie it waits in, sealed by the keyring and bound to the session: no address
 * can put a claim into our mouth, and a reload does not repeat it.
 */
import { briefCookie, cookieNames, expiredCookie, readOwn } from '../cookies.ts'
import type { AuthenticatedContext } from './page-context.ts'

export type Flash =
  /** `name`: what the factor is called. */
  | { readonly kind: 'renamed'; readonly name: string }
  | { readonly kind: 'removed'; readonly name: string }
  | { readonly kind: 'added'; readonly name: string }
  | { readonly kind: 'ended' }
  | { readonly kind: 'others' }
  | { readonly kind: 'password' }

const waitSeconds = 60

const contextOf = (page: AuthenticatedContext) => `done:${page.principal.session.id}`

/** Leaves it for the account page. */
export function setFlash(page: AuthenticatedContext, done: Flash): void {
  const { reply, site, portal } = page
  const sealed = portal.keyring().seal(JSON.stringify(done), contextOf(page))
  const value = Buffer.from(sealed).toString('base64url')
  reply.header('set-cookie', briefCookie(cookieNames(site).done, value, waitSeconds, site))
}

/** What waits for this very session, and waits no longer; null otherwise. */
export function takeFlash(page: AuthenticatedContext): Flash | null {
  const { request, reply, site, portal } = page
  const value = readOwn(request.raw.headers.cookie, 'done', site)
  if (value === null) return null
  reply.header('set-cookie', expiredCookie(cookieNames(site).done, site))
  try {
    // What the seal vouches for, we wrote.
    return JSON.parse(portal.keyring().open(Buffer.from(value, 'base64url').toString(), contextOf(page)))
  } catch {
    return null
  }
}
