/**
 * The well-known URLs for password managers (RFC 8615), on the portal's origin only, unless an app has that address.
 */
import type { FastifyReply } from 'fastify'

/** W3C "A Well-Known URL for Changing Passwords". A redirect, so managers can open it. */
const changePassword = '/.well-known/change-password'
/** W3C "A Well-Known URL for Relying Party Passkey Endpoints". Never a redirect (its §3.1). */
const passkeyEndpoints = '/.well-known/passkey-endpoints'

/** True if answered. Others stay 404: managers probe one that must not exist. */
export function answerWellKnown(
  method: string | undefined,
  path: string,
  origin: string,
  reply: FastifyReply
): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  if (path === changePassword) {
    reply.header('cache-control', 'no-store').redirect(`${origin}/.factorgate/account/password`, 302)
    return true
  }
  if (path !== passkeyEndpoints) return false
  const endpoints = { enroll: `${origin}/.factorgate/enrol/webauthn`, manage: `${origin}/.factorgate/account` }
  reply.header('cache-control', 'max-age=3600').send(endpoints)
  return true
}
