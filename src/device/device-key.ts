/** The public key of a browser's device key. */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'

export type DeviceKey =
  /** P-256 (RFC 7518 §6.2): 32 bytes each, in base64url. */
  | { readonly alg: 'ES256'; readonly x: string; readonly y: string; readonly at: number }
  /** RSA (RFC 7518 §6.3): `n` has 2048 to 4096 bits. */
  | { readonly alg: 'RS256'; readonly n: string; readonly e: string; readonly at: number }

/** The preferred one comes first. */
export const deviceAlgorithms = ['ES256', 'RS256'] as const
export type DeviceAlgorithm = (typeof deviceAlgorithms)[number]

const coordinate = /^[A-Za-z0-9_-]{43}$/
const modulus = /^[A-Za-z0-9_-]{342,683}$/

/** `at`: milliseconds since the epoch. Null for a key that the gate does not take. */
export function deviceKeyOf(
  alg: DeviceAlgorithm,
  jwk: Readonly<Record<string, unknown>>,
  at: number
): DeviceKey | null {
  const { kty, crv, x, y, n, e } = jwk
  const key =
    alg === 'ES256' && kty === 'EC' && crv === 'P-256'
      ? { alg, x, y, at }
      : alg === 'RS256' && kty === 'RSA'
        ? { alg, n, e, at }
        : null
  if (key === null || !isDeviceKey(key)) return null
  try {
    // This refuses points that are not on the curve.
    const { modulusLength } = publicKeyOf(key).asymmetricKeyDetails ?? {}
    return key.alg === 'ES256' || (modulusLength !== undefined && modulusLength >= 2048 && modulusLength <= 4096)
      ? key
      : null
  } catch {
    return null
  }
}

export function isDeviceKey(value: unknown): value is DeviceKey {
  if (typeof value !== 'object' || value === null) return false
  const { alg, x, y, n, e, at } = value as Record<string, unknown>
  if (!Number.isFinite(at)) return false
  if (alg === 'ES256') return matches(coordinate, x) && matches(coordinate, y)
  return alg === 'RS256' && matches(modulus, n) && e === 'AQAB'
}

/** Throws for a key that OpenSSL refuses. */
export function publicKeyOf(key: DeviceKey): KeyObject {
  const jwk = key.alg === 'ES256' ? { kty: 'EC', crv: 'P-256', x: key.x, y: key.y } : { kty: 'RSA', n: key.n, e: key.e }
  return createPublicKey({ key: jwk, format: 'jwk' })
}

const thumbprints = new WeakMap<DeviceKey, string>()

/** RFC 7638, SHA-256, in base64url. */
export function thumbprintOf(key: DeviceKey): string {
  let thumbprint = thumbprints.get(key)
  if (thumbprint === undefined) {
    const members =
      key.alg === 'ES256'
        ? `{"crv":"P-256","kty":"EC","x":"${key.x}","y":"${key.y}"}`
        : `{"e":"${key.e}","kty":"RSA","n":"${key.n}"}`
    thumbprint = createHash('sha256').update(members).digest('base64url')
    thumbprints.set(key, thumbprint)
  }
  return thumbprint
}

function matches(shape: RegExp, value: unknown): boolean {
  return typeof value === 'string' && shape.test(value)
}
