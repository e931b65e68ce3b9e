/** The client's private key: it proves who the client is (RFC 7523, `private_key_jwt`) and decrypts (RFC 7516). */
import { createPrivateKey, type KeyObject } from 'node:crypto'

export interface ClientKey {
  readonly key: KeyObject
  /** The `kid` of a JWK; null for PEM. */
  readonly kid: string | null
}

/** ECDSA's curves by OpenSSL's name (RFC 7518 §3.4). */
const curves: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }

/** PEM, or a JWK as JSON. Throws an Error whose message completes "the key …", without the key. */
export function readClientKey(text: string): ClientKey {
  const key = /^\s*\{/.test(text) ? fromJwk(text) : { key: fromPem(text), kid: null }
  if (signingAlgorithms(key.key).length === 0)
    throw new Error('must be RSA of at least 2048 bits, EC with P-256, P-384 or P-521, or Ed25519')
  return key
}

function fromPem(text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    throw new Error('must be a private key without a passphrase, as PEM or as a JWK')
  }
}

function fromJwk(text: string): ClientKey {
  try {
    const jwk = JSON.parse(text)
    const kid = typeof jwk.kid === 'string' && jwk.kid !== '' ? jwk.kid : null
    return { key: createPrivateKey({ key: jwk, format: 'jwk' }), kid }
  } catch {
    throw new Error('must be a private JWK: one key as JSON, with its private part')
  }
}

/** The most common first. */
export function signingAlgorithms({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string[] {
  if (type === 'rsa') return (details?.modulusLength ?? 0) < 2048 ? [] : ['RS256', 'PS256']
  if (type === 'ed25519') return ['EdDSA']
  const curve = type === 'ec' ? curves[details?.namedCurve ?? ''] : undefined
  return curve === undefined ? [] : [curve]
}
