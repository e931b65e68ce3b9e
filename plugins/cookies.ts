/**
 * Our cookies: on every host the session's token and the browser's nonce, on the portal the mark of a known browser. Owns their names,
 * their reading and their flags; refuses a name that is sent twice (cookie tossing, THREATS S4) and takes scheme and host from the configuration alone.
 */
import { createHash } from 'node:crypto'

export interface CookieNames {
  readonly session: string
  readonly nonce: string
  /** On the portal's host alone. */
  readonly known: string
}

const securedNames: CookieNames = {
  session: '__Host-factorgate',
  nonce: '__Host-factorgate-nonce',
  known: '__Host-factorgate-known'
}
const loopbackNames: CookieNames = {
  session: 'factorgate',
  nonce: 'factorgate-nonce',
  known: 'factorgate-known'
}

/** `__Host-` names on https, plain ones on http (where browsers refuse the prefix). */
export function cookieNames(secure: boolean): CookieNames {
  return secure ? securedNames : loopbackNames
}

/** The value of one cookie; null where it is absent, or present twice: of two nobody can say which one is ours. One pass, no copies. */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined) return null
  let value: string | null = null
  const needle = `${name}=`
  for (let at = header.indexOf(needle); at >= 0; at = header.indexOf(needle, at + needle.length)) {
    if (!startsPair(header, at)) continue
    if (value !== null) return null
    const end = header.indexOf(';', at)
    value = header.slice(at + needle.length, end < 0 ? undefined : end).trimEnd()
  }
  return value
}

const nonceShape = /^[A-Za-z0-9_-]{22,43}$/

/** The browser's nonce, or null where there is none that we could have made. */
export function readNonce(header: string | undefined, secure: boolean): string | null {
  const nonce = readCookie(header, cookieNames(secure).nonce)
  return nonce !== null && nonceShape.test(nonce) ? nonce : null
}

/** What a URL may carry of a nonce: the `state` that ties a hand-over to the browser that asked for it. */
export function stateOf(nonce: string): string {
  return createHash('sha256').update(nonce).digest('base64url')
}

/** `Set-Cookie` for a session's token. No Max-Age: it goes with the browser, and the store's limits rule (THREATS S3). */
export function sessionCookie(token: string, secure: boolean): string {
  return serialise(cookieNames(secure).session, token, secure)
}

/** `Set-Cookie` for the browser's nonce. */
export function nonceCookie(nonce: string, secure: boolean): string {
  return serialise(cookieNames(secure).nonce, nonce, secure)
}

/** `Set-Cookie` for the mark of a known browser, for 400 days: browsers keep none longer (RFC 6265bis §5.5), and the store forgets sooner. */
export function knownCookie(mark: string, secure: boolean): string {
  return briefCookie(cookieNames(secure).known, mark, 400 * 24 * 3600, secure)
}

/** `Set-Cookie` for a value of ours that ends by itself after `seconds`. */
export function briefCookie(name: string, value: string, seconds: number, secure: boolean): string {
  return `${serialise(name, value, secure)}; Max-Age=${seconds}`
}

/** `Set-Cookie` that takes a cookie of ours away. */
export function expiredCookie(name: string, secure: boolean): string {
  return `${serialise(name, '', secure)}; Max-Age=0`
}

function serialise(name: string, value: string, secure: boolean): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** True where a pair begins: at the start, or after `;` and blanks. `x-factorgate=` is another cookie. */
function startsPair(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && (header[before] === ' ' || header[before] === '\t')) before--
  return before < 0 || header[before] === ';'
}
