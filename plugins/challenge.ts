/** What people and programs get who must prove more: a redirect to the portal, a page with a link to it, or 401 with the address. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isRead } from '../src/apps/return-to.ts'
import { type Match, ownPrefix, type Site } from '../src/apps/route-table.ts'
import { describeError, GateError } from '../src/errors.ts'
import type { ChallengeReason } from '../src/policy/decision.ts'
import { acceptsPage, wantsPage } from '../src/request/wants-page.ts'
import { challengeUrl } from './challenge-url.ts'
import { type DevicePort, mayGetKey, noteLost, offerKey, returnAddress, sendAgain } from './device-port.ts'
import { errorBody } from './error-body.ts'
import type { ExplainEnd } from './explain-end.ts'
import type { Held } from './kept-posts.ts'
import { tokenChallenge } from './token-challenge.ts'

export interface ChallengeContext {
  readonly portalOrigin: string
  readonly maxUrlLength: number
  /** Null if no app asks for device keys. */
  readonly device: DevicePort | null
  readonly explainEnd: ExplainEnd | null
}

interface Challenged {
  readonly match: Match & { kind: 'app' | 'own' }
  readonly reason: ChallengeReason
  readonly returnQuery: URLSearchParams
  /** What is kept until the proof. */
  readonly held?: Held | null
}

/** Redirects navigations to the portal and answers programs with 401. The sender of a form for an app gets a page. */
export function challenge(
  { portalOrigin, maxUrlLength, device, explainEnd }: ChallengeContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { match, reason, returnQuery, held = null }: Challenged,
  done: (error?: Error) => void
): void {
  const { kind, site } = match
  const message = request.exchange.messageOf(request.raw)
  const isPage = wantsPage(message)
  if (device !== null && isAboutDevice(reason)) {
    if (kind === 'app' && toDeviceReturn(request, reply, site, reason, device)) return
    noteStale(request, reply, site, device)
  }
  const isRedirected = isPage && (isRead(request.method) || kind === 'own')
  // A service worker could not follow the redirect.
  const showsPage = !isPage && kind === 'app' && acceptsPage(message)
  const setsNonce = isRedirected || (showsPage && isRead(request.method))
  const front = frontOf(match)
  const url = challengeUrl(request, reply, reason, returnQuery, { portalOrigin, maxUrlLength, site, front, setsNonce })
  if ((isPage && !isRedirected) || showsPage) return done(new GateError(reason, { continueUrl: url }))
  reply.header('cache-control', 'no-store').header('vary', 'Cookie').header('factorgate-error', reason)
  if (isRedirected) {
    reply.redirect(url, 302)
    return
  }
  const offered = kind === 'app' ? tokenChallenge(reason, match.app, request.raw.headers) : null
  if (offered !== null) reply.header('www-authenticate', offered)
  reply.code(describeError(reason).status)
  const send = (message: string | null) => reply.send(errorBody(reason, url, message, held?.url))
  if (reason !== 'sign_in_required' || explainEnd === null) return void send(null)
  explainEnd(request.raw.headers.cookie, site).then(send, done)
}

export function sendAway(reply: FastifyReply, url: string): void {
  reply.header('cache-control', 'no-store').header('vary', 'Cookie').redirect(url, 302)
}

/** Sends a request to its own address again if the browser's first key is on its way. False if that would not help. */
export function sendAgainHere(
  device: DevicePort | null,
  { exchange, raw }: FastifyRequest,
  reply: FastifyReply,
  { origin }: Site
): boolean {
  // The script on the page of a kept POST takes a redirect for the app's answer (plugins/portal/assets/kept.js).
  if (device === null || (exchange.resent?.post != null && !wantsPage(raw))) return false
  return sendAgain(device, exchange.stale, raw.headers, reply, origin + exchange.target.raw)
}

export function noteStale(
  { raw, exchange }: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  device: DevicePort
): void {
  const { stale } = exchange
  if (stale !== null) noteLost(device, { exchange, stale, site }, reply, raw.headers.cookie)
}

export function isAboutDevice(reason: ChallengeReason): boolean {
  return reason === 'device_required' || reason === 'device_proof_required'
}

/** A read that shows a page, whose answer may lead elsewhere. */
export function isPageRead(request: IncomingMessage): boolean {
  return request.method === 'GET' && wantsPage(request)
}

/** Sends a navigation to the address where browsers wait for a refresh, or for their first key. False if that would not help. */
function toDeviceReturn(
  { raw, exchange }: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  reason: ChallengeReason,
  device: DevicePort
): boolean {
  if (!isPageRead(raw) || !mayGetKey(reason, raw.headers)) return false
  offerKey(device, exchange.principal, reply)
  sendAway(reply.header('factorgate-error', reason), returnAddress(site, exchange.target.raw))
  return true
}

function frontOf(match: Match & { kind: 'app' | 'own' }): string {
  return `${match.site.origin}${match.kind === 'app' ? match.app.prefix : ownPrefix}/`
}
