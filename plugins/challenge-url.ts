/** The portal's challenge URL, with the return address in its query. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ReturnTo, stoppedText } from '../src/apps/return-to.ts'
import type { Site } from '../src/apps/route-table.ts'
import { newToken } from '../src/ids.ts'
import type { ChallengeReason } from '../src/policy/decision.ts'
import { nonceCookie, readOwnNonce, stateOf } from './cookies.ts'
import { pageFor } from './return-address.ts'

/** The portal signs the person in, or sends them on with a new token. */
const signIns: ReadonlySet<ChallengeReason> = new Set(['sign_in_required', 'device_required', 'device_proof_required'])

interface ChallengeUrlOptions {
  readonly portalOrigin: string
  readonly maxUrlLength: number
  readonly site: Site
  /** Used if the return address is too long. */
  readonly front: string
  /** The response may set the nonce. */
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
  options: ChallengeUrlOptions
): string {
  return stepUrl(request, reply, signIns.has(reason) ? 'login' : 'challenge', query, options)
}

/** The URL of any page of the portal with a return address. `step`: its path under `/.factorgate/`. */
export function stepUrl(
  request: FastifyRequest,
  reply: FastifyReply,
  step: string,
  query: URLSearchParams,
  { portalOrigin, maxUrlLength, site, front, setsNonce }: ChallengeUrlOptions
): string {
  if (!site.isPortal) addState(query, request, setsNonce ? reply : null, site)
  return pageFor(`${portalOrigin}/.factorgate/${step}`, query, front, maxUrlLength)
}

/**
 * Binds the return address to this browser by the nonce. Only responses to navigations set it, otherwise parallel requests of programs and
 * cross-site forms would replace the one in use (FIELD F2).
 */
function addState(query: URLSearchParams, request: FastifyRequest, reply: FastifyReply | null, site: Site): void {
  let nonce = readOwnNonce(request.raw.headers.cookie, site)
  if (nonce === null && reply !== null) {
    nonce = newToken()
    reply.header('set-cookie', nonceCookie(nonce, site))
  }
  if (nonce !== null) query.set('state', stateOf(nonce))
}

/** The portal validates it at each use. */
export function returnQueryOf(query: string): URLSearchParams {
  const given = new URLSearchParams(query)
  const returnQuery = new URLSearchParams()
  for (const name of ['rd', 'state', 'ask', 'again'])
    for (const value of given.getAll(name)) returnQuery.append(name, value)
  return returnQuery
}
