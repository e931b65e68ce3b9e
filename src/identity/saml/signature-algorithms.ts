/** The accepted signature algorithms (RFC 9231 §2.3): RSA and ECDSA with SHA-2. */
import { type KeyObject, verify } from 'node:crypto'
import { dsMore, rsaSha256 } from './algorithms.ts'

/** By identifier: the type of key and the hash. */
export const signatureAlgorithms: Readonly<Record<string, { readonly key: 'rsa' | 'ec'; readonly hash: string }>> = {
  [rsaSha256]: { key: 'rsa', hash: 'sha256' },
  [`${dsMore}rsa-sha384`]: { key: 'rsa', hash: 'sha384' },
  [`${dsMore}rsa-sha512`]: { key: 'rsa', hash: 'sha512' },
  [`${dsMore}ecdsa-sha256`]: { key: 'ec', hash: 'sha256' },
  [`${dsMore}ecdsa-sha384`]: { key: 'ec', hash: 'sha384' },
  [`${dsMore}ecdsa-sha512`]: { key: 'ec', hash: 'sha512' }
}

const curves = ['prime256v1', 'secp384r1', 'secp521r1']

/** RSA of 2048 bits or more, or a NIST curve. */
export function isStrongKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'ec') return curves.includes(asymmetricKeyDetails?.namedCurve ?? '')
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
}

/** An ECDSA value is the two numbers side by side (XML Signature 1.1 §6.4.3). */
export function isSignature(algorithm: string, data: Buffer, key: KeyObject, value: Buffer): boolean {
  const known = Object.hasOwn(signatureAlgorithms, algorithm) ? signatureAlgorithms[algorithm]! : null
  if (known === null || key.asymmetricKeyType !== known.key) return false
  return verify(known.hash, data, { key, dsaEncoding: 'ieee-p1363' }, value)
}
