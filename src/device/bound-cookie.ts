/**
 * The bound cookie, which a browser gets for each proof of its device key. It is an expiry and a MAC over it, so the store holds nothing,
 * and several are valid side by side.
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

export function boundCookieValue(
  keyring: Pick<Keyring, 'mac'>,
  to: BoundTo,
  { lifetimeSeconds, now }: { lifetimeSeconds: number; now: number }
): string {
  const end = Math.floor(now / 1000 + lifetimeSeconds).toString(36)
  return `${end}.${keyring.mac(purpose, dataOf(to, end))}`
}

/** When it ends, with the leeway, in milliseconds since the epoch; null for a cookie that is over, or not ours, or for something else. */
export function boundCookieEnd(
  keyrings: readonly Pick<Keyring, 'verifyMac'>[],
  to: BoundTo,
  value: string,
  { lifetimeSeconds, now }: { lifetimeSeconds: number; now: number }
): number | null {
  const [, end = '', mac = ''] = shape.exec(value) ?? []
  const endsAt = (Number.parseInt(end, 36) + leewaySeconds) * 1000
  if (!isCurrent(endsAt, (lifetimeSeconds + leewaySeconds) * 1000, now)) return null
  return keyrings.some(keyring => keyring.verifyMac(purpose, dataOf(to, end), mac)) ? endsAt : null
}

function dataOf({ session, host, thumbprint }: BoundTo, end: string): string {
  return `${session} ${host} ${thumbprint} ${end}`
}
