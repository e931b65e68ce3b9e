/** Signatures of revocation lists and OCSP answers (RFC 5280 §4.1.1.2), without SHA-1 and MD5. */
import { constants, type KeyObject, verify } from 'node:crypto'
import { childrenOf, type Der, expectTag, oidOf, tags } from './der.ts'

/** The hash by algorithm; null for keys with their own. */
const algorithms: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
  '1.3.101.113': null
}
const hashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512'
}
const pss = '1.2.840.113549.1.1.10'

/** False for other algorithms too. Throws DerError for anything but an algorithm. */
export function isSignedBy(key: KeyObject, algorithm: Der, data: Buffer, signature: Buffer): boolean {
  const how = howToVerify(algorithm)
  if (how === null) return false
  try {
    return verify(how.hash, data, { key, ...how.padding }, signature)
  } catch {
    // The key has another type than the algorithm.
    return false
  }
}

/** Checks in a thread of libuv, for many megabytes. Rejects with DerError. */
export async function isSignedByInThread(
  key: KeyObject,
  algorithm: Der,
  data: Buffer,
  signature: Buffer
): Promise<boolean> {
  const how = howToVerify(algorithm)
  if (how === null) return false
  return new Promise(resolve => {
    try {
      verify(how.hash, data, { key, ...how.padding }, signature, (error, isSigned) =>
        resolve(error === null && isSigned)
      )
    } catch {
      resolve(false)
    }
  })
}

/** Null for an algorithm that is not accepted. */
function howToVerify(algorithm: Der) {
  const [id, parameters] = childrenOf(expectTag(algorithm, tags.sequence))
  const oid = oidOf(id)
  const isPss = oid === pss
  const hash = isPss ? pssHash(parameters) : Object.hasOwn(algorithms, oid) ? algorithms[oid] : undefined
  if (hash === undefined) return null
  const padding = isPss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : {}
  return { hash, padding }
}

/** RFC 4055 §3.1: `[0]` holds the hash; without it, it is SHA-1. */
function pssHash(parameters: Der | undefined): string | undefined {
  const hash = childrenOf(expectTag(parameters, tags.sequence)).find(({ tag }) => tag === 0xa0)
  if (hash === undefined) return undefined
  return hashes[oidOf(childrenOf(expectTag(childrenOf(hash)[0], tags.sequence))[0])]
}
