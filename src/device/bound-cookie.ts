/**
 * The bound cookie, which a browser gets for each proof of its device key. It is the time of the proof and a MAC over it, so the store holds
 * nothing, and several are valid side by side. Its life is the one of the present configuration.
 */
import { isCurrent } from '../clock.ts'
import type { Keyring } from '../keyring/keyring.ts'

export interface BoundTo {
  readonly session: string
  readonly host: string
  readonly thumbprint: string
}

const purpose = 'device-cookie'
/** The leeway for a request that is under way while its cookie ends, in seconds. */
export const leewaySeconds = 30
const shape = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/

export function boundCookieValue(keyring: Pick<Keyring, 'mac'>, to: BoundTo, now: number): string {
  const at = Math.floor(now / 1000).toString(36)
  return `${at}.${keyring.mac(purpose, dataOf(to, at))}`
}

export interface BoundCookie {
  /** Milliseconds since the epoch. */
  readonly provenAt: number
  /** With the leeway. */
  readonly endsAt: number
}

/** Null for a cookie that is over, or not ours, or for something else. */
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
