/**
 * Our cookies: on every host the session's token and the browser's nonce, on the portal the mark of a known browser. Owns their names,
 * their reading and their flags; refuses a name that is sent twice (cookie tossing, THREATS S4) and takes scheme and host from the configuration alone.
 */
import { createHash } from 'node:crypto'
import type { Site } from '../src/apps/route-table.ts'

export interface CookieNames {
  readonly session: string
  readonly nonce: string
  /** On the portal's host alone, like the two below. */
  readonly known: string
  /** What was just done, for the next page (portal/flash.ts). */
  readonly done: string
  /** Recovery codes that are still to be shown (portal/recovery.tsx). */
  readonly codes: string
}

/** What the names depend on. Cookies know no port (RFC 6265 §8.5), so a port in the public address stands in their names. */
export type CookieSite = Pick<Site, 'secure' | 'port'>

const namesOf = new Map<string, CookieNames>()

/** `__Host-` names on https, plain ones on http (where browsers refuse the prefix); behind it the port, where the address has one. */
export function cookieNames({ secure, port }: CookieSite): CookieNames {
  const base = secure ? '__Host-factorgate' : 'factorgate'
  const key = base + port
  let names = namesOf.get(key)
  if (names === undefined) {
    const end = port === '' ? '' : `-${port}`
    const named = (what: string) => `${base}-${what}${end}`
    names = {
      session: base + end,
      nonce: named('nonce'),
      known: named('known'),
      done: named('done'),
      codes: named('codes')
    }
    namesOf.set(key, names)
  }
  return names
}

/**
 * One of our cookies at a site; null where it is absent or sent twice. A cookie under the name without the port counts where the other is absent: it
 * is from before ports stood in the names, or another gate's, whose token opens nothing here.
 */
export function readOwn(header: string | undefined, which: keyof CookieNames, site: CookieSite): string | null {
  if (header === undefined) return null
  const value = find(header, cookieNames(site)[which])
  if (value !== undefined || site.port === '') return value ?? null
  return find(header, cookieNames({ secure: site.secure, port: '' })[which]) ?? null
}

/** The value of one cookie; null where it is absent, or present twice: of two nobody can say which one is ours. */
export function readCookie(header: string | undefined, name: string): string | null {
  return header === undefined ? null : (find(header, name) ?? null)
}

/** Undefined where it is absent, null where it is there twice. One pass, no copies. */
function find(header: string, name: string): string | null | undefined {
  let value: string | undefined
  const needle = `${name}=`
  for (let at = header.indexOf(needle); at >= 0; at = header.indexOf(needle, at + needle.length)) {
    if (!startsPair(header, at)) continue
    if (value !== undefined) return null
    const end = header.indexOf(';', at)
    value = header.slice(at + needle.length, end < 0 ? undefined : end).trimEnd()
  }
  return value
}

const nonceShape = /^[A-Za-z0-9_-]{22,43}$/

/** The browser's nonce, or null where there is none that we could have made. */
export function readNonce(header: string | undefined, site: CookieSite): string | null {
  return fit(readOwn(header, 'nonce', site))
}

/** The same under this site's own name alone: a page that finds none sets it, whatever another gate on this host has set. */
export function readOwnNonce(header: string | undefined, site: CookieSite): string | null {
  return fit(readCookie(header, cookieNames(site).nonce))
}

function fit(nonce: string | null): string | null {
  return nonce !== null && nonceShape.test(nonce) ? nonce : null
}

/** What a URL may carry of a nonce: the `state` that ties a hand-over to the browser that asked for it. */
export function stateOf(nonce: string): string {
  return createHash('sha256').update(nonce).digest('base64url')
}

/** `Set-Cookie` for a session's token. No Max-Age: it goes with the browser, and the store's limits rule (THREATS S3). */
export function sessionCookie(token: string, site: CookieSite): string {
  return serialise(cookieNames(site).session, token, site)
}

/** `Set-Cookie` for the browser's nonce. */
export function nonceCookie(nonce: string, site: CookieSite): string {
  return serialise(cookieNames(site).nonce, nonce, site)
}

/** `Set-Cookie` for the mark of a known browser, for 400 days: browsers keep none longer (RFC 6265bis §5.5), and the store forgets sooner. */
export function knownCookie(mark: string, site: CookieSite): string {
  return briefCookie(cookieNames(site).known, mark, 400 * 24 * 3600, site)
}

/** `Set-Cookie` for a value of ours that ends by itself after `seconds`. */
export function briefCookie(name: string, value: string, seconds: number, site: CookieSite): string {
  return `${serialise(name, value, site)}; Max-Age=${seconds}`
}

/** `Set-Cookie` that takes a cookie of ours away. */
export function expiredCookie(name: string, site: CookieSite): string {
  return `${serialise(name, '', site)}; Max-Age=0`
}

function serialise(name: string, value: string, { secure }: CookieSite): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** True where a pair begins: at the start, or after `;` and blanks. `x-factorgate=` is another cookie. */
function startsPair(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && (header[before] === ' ' || header[before] === '\t')) before--
  return before < 0 || header[before] === ';'
}
