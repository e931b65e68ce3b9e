/** What the steps share about device-bound sign-ins. */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Match, Site } from '../src/apps/route-table.ts'
import type { Binding } from '../src/device/binding.ts'
import type { ChallengeReason } from '../src/policy/decision.ts'
import type { DeviceBinding } from '../src/session/device-binding.ts'
import type { Principal } from '../src/session/principal.ts'
import { maxUserAgentLength } from '../src/session/session.ts'
import { cookieNames, expiredCookie, readOwn } from './cookies.ts'
import type { Exchange } from './exchange.ts'

export interface DevicePort {
  readonly binding: DeviceBinding
  /** A token came without its key, and the browser had the chance to show it. */
  onLost(exchange: Exchange, principal: Principal): void
  /** A browser went on without a refresh. The text is the browser's, and proves nothing. */
  onSkipped(text: string): void
}

export const returnPath = '/.factorgate/device/return'

/** Costs nothing if no browser has registered a key. */
export function bindingAt(device: DevicePort | null, principal: Principal, match: Match, cookie?: string): Binding {
  const { site } = match
  if (device === null || site === null || principal.session.devices === undefined) return 'none'
  const isAsked = match.kind === 'app' ? match.app.isDeviceBound === true : device.binding.terms.hosts.has(site.host)
  return isAsked ? device.binding.bindingOf(principal, readOwn(cookie, 'device', site)) : 'none'
}

/** The request shows a proof of the last minute, or the gate asks for no keys. Costs nothing for a sign-in without keys. */
export function hasProof(
  device: DevicePort | null | undefined,
  principal: Principal | null,
  cookie: string | undefined,
  site: Site
): boolean {
  if (device == null) return true
  if (principal?.session.devices === undefined) return false
  return device.binding.isJustProven(principal, readOwn(cookie, 'device', site))
}

/** A navigation that another origin has begun. Browsers send it at once, with the token and without a refresh, although they may have a key. */
export function isFromElsewhere(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return site === 'cross-site' || site === 'same-site'
}

/** The address on the same host where a request waits for refresh or registration. `raw`: where it goes on to. */
export function returnAddress({ origin }: Site, raw: string): string {
  return `${origin}${returnPath}?${new URLSearchParams({ rd: raw })}`
}

/** What a page loads without a script. Browsers hold such requests back for longest, so they may arrive after others that show the cookie. */
const partsOfPages: ReadonlySet<unknown> = new Set(['image', 'style', 'script', 'font', 'audio', 'video', 'track'])

/**
 * In milliseconds, how long a request without the cookie of a new key waits before it is sent again: its browser may have sent it before
 * the first cookie arrived. Null if it is told at once what is missing: the key is not new, the browser says that it has no cookie, or
 * another client has sent it, such as a script with a stolen token.
 */
export function waitForCookie(device: DevicePort, stale: Principal, headers: IncomingHttpHeaders): number | null {
  const userAgent = headers['user-agent']?.slice(0, maxUserAgentLength)
  if (headers['sec-fetch-site'] === undefined || userAgent !== stale.session.device.userAgent) return null
  // A WebSocket handshake follows no redirect.
  if (headers.upgrade !== undefined || headers['secure-session-skipped'] !== undefined) return null
  const waitMs = device.binding.firstCookieWait(stale)
  return waitMs === 0 && !partsOfPages.has(headers['sec-fetch-dest']) ? null : waitMs
}

/** False if it does not wait for the first cookie of a new key. Nothing passes without that cookie. */
export function sendAgain(
  device: DevicePort,
  stale: Principal | null,
  headers: IncomingHttpHeaders,
  reply: FastifyReply,
  url: string
): boolean {
  const waitMs = stale === null ? null : waitForCookie(device, stale, headers)
  if (waitMs === null) return false
  const send = () =>
    reply
      .header('cache-control', 'no-store')
      .header('vary', 'Cookie')
      .header('factorgate-error', 'device_proof_required')
      .redirect(url, 307)
  if (waitMs === 0) send()
  else setTimeout(send, waitMs)
  return true
}

/** Offers a key again to a young sign-in without one. */
export function offerKey(device: DevicePort, principal: Principal | null, reply: FastifyReply): void {
  const offer = principal === null ? null : device.binding.offerAgain(principal)
  if (offer !== null) reply.header('secure-session-registration', offer)
}

/** Notes a token without its key, and removes a wrong cookie: without it the browser shows its key before the next request. `cookie`: the request's. */
export function noteLost(
  device: DevicePort,
  { exchange, stale, site }: { exchange: Exchange; stale: Principal; site: Site },
  reply: FastifyReply,
  cookie: string | undefined
): void {
  device.onLost(exchange, stale)
  if (readOwn(cookie, 'device', site) !== null)
    reply.header('set-cookie', expiredCookie(cookieNames(site).device, site))
}

/** The address that waits for a key may help: there is none yet, or the browser had no chance to show it. */
export function mayGetKey(reason: ChallengeReason, headers: IncomingHttpHeaders): boolean {
  return reason === 'device_required' || (reason === 'device_proof_required' && isFromElsewhere(headers))
}
