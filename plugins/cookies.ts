/** The gate's cookies. A cookie that is sent twice is rejected (cookie tossing, THREATS S4). */
import { createHash } from 'node:crypto'
import type { Site } from '../src/apps/route-table.ts'

interface CookieNames {
  readonly session: string
  readonly nonce: string
  /** The browser has just shown its device key. */
  readonly device: string
  /** The device cookie, for the portal only, like the next three. */
  readonly known: string
  readonly done: string
  readonly codes: string
  readonly asked: string
  /** A new token of a program, until its page was seen. */
  readonly program: string
  /** What was done in the operators' console. */
  readonly console: string
  /** A set-up is under way; for the portal only. */
  readonly setUp: string
}

/** Cookies ignore ports (RFC 6265 §8.5), so names have them. */
export type CookieSite = Pick<Site, 'secure' | 'port'>

const namesOf = new WeakMap<CookieSite, CookieNames>()
/** Names of older cookies had no port. */
const withoutPort = { secure: { secure: true, port: '' }, plain: { secure: false, port: '' } }

/** They begin with `__Host-` on https; browsers refuse this prefix on http. */
export function cookieNames(site: CookieSite): CookieNames {
  let names = namesOf.get(site)
  if (names === undefined) {
    const base = site.secure ? '__Host-factorgate' : 'factorgate'
    const end = site.port === '' ? '' : `-${site.port}`
    const named = (what: string) => `${base}-${what}${end}`
    names = {
      session: base + end,
      nonce: named('nonce'),
      device: named('device'),
      known: named('known'),
      done: named('done'),
      codes: named('codes'),
      asked: named('asked'),
      program: named('program'),
      console: named('console'),
      setUp: named('set-up')
    }
    namesOf.set(site, names)
  }
  return names
}

/** The value, also under the older name without the port; null if absent, or sent twice. */
export function readOwn(header: string | undefined, which: keyof CookieNames, site: CookieSite): string | null {
  if (header === undefined) return null
  const value = find(header, cookieNames(site)[which])
  if (value !== undefined || site.port === '') return value ?? null
  return find(header, cookieNames(site.secure ? withoutPort.secure : withoutPort.plain)[which]) ?? null
}

export function readCookie(header: string | undefined, name: string): string | null {
  return header === undefined ? null : (find(header, name) ?? null)
}

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

export function readNonce(header: string | undefined, site: CookieSite): string | null {
  return validNonce(readOwn(header, 'nonce', site))
}

/** The nonce under the name with the port, which no other gate on this host uses. */
export function readOwnNonce(header: string | undefined, site: CookieSite): string | null {
  return validNonce(readCookie(header, cookieNames(site).nonce))
}

function validNonce(nonce: string | null): string | null {
  return nonce !== null && nonceShape.test(nonce) ? nonce : null
}

export function stateOf(nonce: string): string {
  return createHash('sha256').update(nonce).digest('base64url')
}

/** It has no Max-Age: it ends with the browser, and the session has its own limits (THREATS S3). */
export function sessionCookie(token: string, site: CookieSite): string {
  return serialise(cookieNames(site).session, token, site)
}

export function nonceCookie(nonce: string, site: CookieSite): string {
  return serialise(cookieNames(site).nonce, nonce, site)
}

/** 400 days are the browsers' maximum (RFC 6265bis §5.5). */
export function deviceCookie(value: string, site: CookieSite): string {
  return briefCookie(cookieNames(site).known, value, 400 * 24 * 3600, site)
}

/** It lasts as long as a request for approval and its approval. */
export function askedCookie(value: string, site: CookieSite): string {
  return briefCookie(cookieNames(site).asked, value, 4 * 24 * 3600, site)
}

/** The cookie of one pending sign-in at an institution. */
export function loginCookieName(id: string, { secure, port }: CookieSite): string {
  return `${secure ? '__Host-factorgate' : 'factorgate'}-login-${id}${port === '' ? '' : `-${port}`}`
}

/** The cookie for the chosen identity provider of an institution with several. */
export function choiceCookieName(institution: string, { secure, port }: CookieSite): string {
  return `${secure ? '__Host-factorgate' : 'factorgate'}-choice-${institution}${port === '' ? '' : `-${port}`}`
}

/** The cookie of one POST that waits until its sender has confirmed. */
export function keptCookieName(id: string, { secure, port }: CookieSite): string {
  return `${secure ? '__Host-factorgate' : 'factorgate'}-kept-${id}${port === '' ? '' : `-${port}`}`
}

/** The ids of POSTs whose cookies of this site are in the header, at most `most`. */
export function keptIds(header: string | undefined, site: CookieSite, most: number): string[] {
  const ids = new Set<string>()
  for (const pair of (header ?? '').split(';')) {
    const name = pair.split('=', 1)[0]!.trim()
    const id = /-kept-([A-Za-z0-9_-]{22})(?:-\d+)?$/.exec(name)?.[1]
    if (id !== undefined && ids.size < most && name === keptCookieName(id, site)) ids.add(id)
  }
  return [...ids]
}

export function languageCookieName({ secure, port }: CookieSite): string {
  return `${secure ? '__Host-factorgate' : 'factorgate'}-language${port === '' ? '' : `-${port}`}`
}

export function loginCookieNames(header: string | undefined, site: CookieSite): string[] {
  const names = (header ?? '').split(';').map(pair => pair.split('=', 1)[0]!.trim())
  return names.filter(name => name === loginCookieName(/-login-([0-9a-f]{16})/.exec(name)?.[1] ?? '', site))
}

export function briefCookie(name: string, value: string, seconds: number, site: CookieSite): string {
  return `${serialise(name, value, site)}; Max-Age=${seconds}`
}

export function expiredCookie(name: string, site: CookieSite): string {
  return `${serialise(name, '', site)}; Max-Age=0`
}

function serialise(name: string, value: string, { secure }: CookieSite): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
}

/** A pair begins at `at`: `x-factorgate=` does not match. */
function startsPair(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && (header[before] === ' ' || header[before] === '\t')) before--
  return before < 0 || header[before] === ';'
}
