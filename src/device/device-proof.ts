/** The proof of a device key: a `dbsc+jwt` in `Secure-Session-Response`. */
import { verify } from 'node:crypto'
import { type DeviceAlgorithm, type DeviceKey, deviceAlgorithms, publicKeyOf } from './device-key.ts'

interface DeviceProof {
  readonly alg: DeviceAlgorithm
  /** Null except at a registration. */
  readonly jwk: Readonly<Record<string, unknown>> | null
  /** The challenge that it answers. */
  readonly jti: string
  readonly signed: string
  readonly signature: Buffer
}

/** Room for an RSA key of 4096 bits. */
const maxLength = 6 * 1024
const compact = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/** Chromium sends it bare, the draft in quotes. Browsers send no `aud`, `iat` or `sub`. */
export function readProof(header: string): DeviceProof | null {
  if (header.length > maxLength) return null
  const bare = header.trim().replace(/^"(.*)"$/, '$1')
  const [, head = '', body = '', signature = ''] = compact.exec(bare) ?? []
  const protectedHeader = objectIn(head)
  const payload = objectIn(body)
  if (protectedHeader === null || payload === null) return null
  const { alg, typ, jwk, crit } = protectedHeader
  const algorithm = deviceAlgorithms.find(one => one === alg)
  if (algorithm === undefined || typ !== 'dbsc+jwt' || crit !== undefined) return null
  if (typeof payload.jti !== 'string') return null
  return {
    alg: algorithm,
    jwk: isObject(jwk) ? jwk : null,
    jti: payload.jti,
    signed: `${head}.${body}`,
    signature: Buffer.from(signature, 'base64url')
  }
}

/** A proof cannot choose another algorithm than the key's. */
export function isSignedBy({ alg, signed, signature }: DeviceProof, key: DeviceKey): boolean {
  if (alg !== key.alg) return false
  const publicKey = publicKeyOf(key)
  const data = Buffer.from(signed)
  // RFC 7518 §3.4: 64 bytes, not DER.
  if (alg === 'ES256')
    return signature.length === 64 && verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
  return verify('sha256', data, publicKey, signature)
}

function objectIn(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
