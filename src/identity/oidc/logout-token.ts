/** A provider's logout token (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6): whose sessions end. */
import type { Provider } from './provider.ts'
import { InvalidAnswer } from './provider-problem.ts'

export interface LogoutToken {
  /** Null for all sessions of the person. */
  readonly sid: string | null
  /** Null if only the session is named. */
  readonly externalId: string | null
  /** Used once. */
  readonly jti: string
}

const event = 'http://schemas.openid.net/event/backchannel-logout'
/** A token is accepted this long before and after its time; its `jti` is remembered as long. */
export const logoutTokenSeconds = 10 * 60
const types = new Set([null, 'jwt', 'logout+jwt', 'application/logout+jwt'])

/** Rejects with InvalidAnswer, and with ProviderUnreachable if the keys are unavailable. */
export async function readLogoutToken(
  { keys, metadata }: Provider,
  clientId: string,
  token: string,
  now: number
): Promise<LogoutToken> {
  const { claims, typ } = await keys.verify(token, { issuer: metadata.issuer, audience: clientId }, 'anybody', now)
  // An access or ID token must never end a session, and a logout token never begin one.
  if (!types.has(typ === null ? null : typ.toLowerCase())) throw new InvalidAnswer('the token has another type')
  if (claims.nonce !== undefined) throw new InvalidAnswer('the logout token has a nonce')
  const { events, iat, jti, sid, sub } = claims
  const said = typeof events === 'object' && events !== null ? (events as Record<string, unknown>)[event] : undefined
  if (typeof said !== 'object' || said === null) throw new InvalidAnswer('the token is no logout token')
  if (typeof iat !== 'number' || Math.abs(now / 1000 - iat) > logoutTokenSeconds)
    throw new InvalidAnswer(`the logout token is older than ${logoutTokenSeconds / 60} minutes, or from the future`)
  if (typeof jti !== 'string' || jti === '') throw new InvalidAnswer('the logout token has no jti')
  const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
  if (!isText(sid) && !isText(sub)) throw new InvalidAnswer('the logout token names neither a session nor a person')
  return { sid: isText(sid) ? sid : null, externalId: isText(sub) ? sub : null, jti }
}
