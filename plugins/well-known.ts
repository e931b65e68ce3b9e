/**
 * What password managers look for at fixed addresses (RFC 8615): where to change the password, where passkeys are made and managed. Owns both answers;
 * they are given on the portal's origin alone, and only where no app has that address.
 */
import type { FastifyReply } from 'fastify'

/** W3C "A Well-Known URL for Changing Passwords". A redirect, so that managers may open it as a page. */
const changePassword = '/.well-known/change-password'
/** W3C "A Well-Known URL for Relying Party Passkey Endpoints". Never a redirect (its §3.1). */
const passkeyEndpoints = '/.well-known/passkey-endpoints'

/** Answers, and says so. Everything else at `/.well-known/` is not there: managers ask for one that must not be, to see whether answers mean anything. */
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
