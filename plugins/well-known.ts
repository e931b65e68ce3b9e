/** The well-known URLs for password managers (RFC 8615), on the portal's origin. */
import type { FastifyReply } from 'fastify'

/** W3C "A Well-Known URL for Changing Passwords": a redirect. */
const changePassword = '/.well-known/change-password'
/** W3C "A Well-Known URL for Relying Party Passkey Endpoints": never a redirect (§3.1). */
const passkeyEndpoints = '/.well-known/passkey-endpoints'

/** Answers these URLs; false for others, which must stay 404, because managers test a URL that must not exist. */
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
