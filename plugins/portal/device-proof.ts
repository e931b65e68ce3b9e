/**
 * The proof of the portal's device key before a hand-over. The bound cookie ends, so the browser proves its key before it follows the
 * redirect to this same page. A thief who has the cookies and no key comes again without a new proof, and has to sign in.
 */
import type { FastifyReply } from 'fastify'
import { cookieNames, expiredCookie } from '../cookies.ts'
import type { AuthenticatedContext } from './page-context.ts'
import { withReturnTo } from './return-to.ts'

/** Within this time after the question the answer is the sign-in page, so that no browser goes round in circles. */
const askedSeconds = 60

export function hasKey({ principal, site }: AuthenticatedContext): boolean {
  return principal.session.devices?.[site.host] !== undefined
}

/** Null if it was just asked. */
export function askForProof(page: AuthenticatedContext, path: string): FastifyReply | null {
  const { reply, site, now, returnTo } = page
  reply.header('set-cookie', expiredCookie(cookieNames(site).device, site))
  if (wasAsked(page)) return null
  const proof = Math.floor(now / 1000).toString(36)
  return reply
    .header('cache-control', 'no-store')
    .header('vary', 'Cookie')
    .redirect(withReturnTo(path, returnTo, { proof }), 307)
}

/** An older question comes from a bookmark. */
function wasAsked({ request, now }: AuthenticatedContext): boolean {
  const { proof } = request.query as { proof?: unknown }
  const at = typeof proof === 'string' ? Number.parseInt(proof, 36) : Number.NaN
  return Math.abs(now / 1000 - at) < askedSeconds
}
