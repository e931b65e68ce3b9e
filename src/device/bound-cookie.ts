/** The bound cookie: the time of a proof, and a MAC. Several are valid side by side, for as long as the present configuration says. */
import { isCurrent } from '../clock.ts'
import type { Keyring } from '../keyring/keyring.ts'

export interface BoundTo {
  readonly session: string
  readonly host: string
  readonly thumbprint: string
}

const purpose = 'device-cookie'
/** The cookie may end while a request is under way. */
export const leewaySeconds = 30
const shape = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/

export function boundCookieValue(keyring: Pick<Keyring, 'mac'>, to: BoundTo, now: number): string {
  const at = Math.floor(now / 1000).toString(36)
  return `${at}.${keyring.mac(purpose, dataOf(to, at))}`
}

export interface BoundCookie {
  /** Milliseconds since the epoch. */
  readonly provenAt: number
  /** The end of the leeway. */
  readonly endsAt: number
}

export function readBoundCookie(
  keyrings: readonly Pick<Keyring, 'verifyMac'>[],
  to: BoundTo,
  value: string,
  { lifetimeSeconds, now }: { lifetimeSeconds: number; now: number }
): BoundCookie | null {
  const [, at = '', mac = ''] = shape.exec(value) ?? []
  const provenAt = Number.parseInt(at, 36) * 1000
  const lifeMs = (lifetimeSeconds + leewaySeconds) * 1000
  const endsAt = provenAt + lifeMs
  if (!isCurrent(endsAt, lifeMs, now)) return null
  return keyrings.some(keyring => keyring.verifyMac(purpose, dataOf(to, at), mac)) ? { provenAt, endsAt } : null
}

function dataOf({ session, host, thumbprint }: BoundTo, at: string): string {
  return `${session} ${host} ${thumbprint} proven ${at}`
}
