/** The address of the portal's page for a challenge, with the way back in its query: where in-line enforcement and forward-auth send people. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ReturnTo, stoppedText } from '../src/apps/return-to.ts'
import type { Site } from '../src/apps/route-table.ts'
import { newToken } from '../src/ids.ts'
import type { ChallengeReason } from '../src/policy/decision.ts'
import { nonceCookie, readOwnNonce, stateOf } from './cookies.ts'
import { pageFor } from './return-address.ts'

export interface ChallengeUrlOptions {
  readonly portalOrigin: string
  /** Of the whole address, in octets. */
  readonly longest: number
  readonly site: Site
  /** Where the way leads that is too long to be told. */
  readonly front: string
  /** True where a page is answered, so that the nonce of the way back may be set. */
  readonly setsNonce: boolean
}

export function queryOfReturnTo({ rd, ask }: ReturnTo): URLSearchParams {
  return new URLSearchParams(ask === null ? { rd } : { rd, ask: stoppedText(ask) })
}

export function challengeUrl(
  request: FastifyRequest,
  reply: FastifyReply,
  reason: ChallengeReason,
  query: URLSearchParams,
  { portalOrigin, longest, site, front, setsNonce }: ChallengeUrlOptions
): string {
  if (!site.isPortal) addState(query, request, setsNonce ? reply : null, site)
  const page = `${portalOrigin}/.factorgate/${reason === 'sign_in_required' ? 'login' : 'challenge'}`
  return pageFor(page, query, front, longest)
}

/**
 * Ties the way back to this browser. Only a page sets the nonce: programs ask many times at once, and a form from another site comes without
 * the gate's cookies; each of them would replace the nonce in use (FIELD F2). Without it the app itself sets out once more.
 */
function addState(query: URLSearchParams, request: FastifyRequest, reply: FastifyReply | null, site: Site): void {
  let nonce = readOwnNonce(request.raw.headers.cookie, site)
  if (nonce === null && reply !== null) {
    nonce = newToken()
    reply.header('set-cookie', nonceCookie(nonce, site))
  }
  if (nonce !== null) query.set('state', stateOf(nonce))
}
