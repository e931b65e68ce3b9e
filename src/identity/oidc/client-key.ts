/** The private key of this client: it signs who the client is (RFC 7523, `private_key_jwt`) and opens what the provider has encrypted for it (RFC 7516). */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { ServerMetadata } from 'openid-client'
import type { ProviderFetch } from './provider-fetch.ts'
import { InvalidAnswer, problemOf } from './provider-problem.ts'

export interface ClientKey {
  readonly key: KeyObject
  /** Of a JWK; null for PEM. */
  readonly kid: string | null
}

/** The curves of ECDSA by the name that OpenSSL gives them (RFC 7518 §3.4). */
const curves: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }
/** Public keys alone: a shared secret is nobody's in particular. RSA1_5 is not among them (RFC 8725 §3.2). */
const keyManagementAlgorithms = [
  ...['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'],
  ...['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']
]

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

/** What this key can sign with, the most common first. */
function signingAlgorithms({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string[] {
  if (type === 'rsa') return (details?.modulusLength ?? 0) < 2048 ? [] : ['RS256', 'PS256']
  if (type === 'ed25519') return ['EdDSA']
  const curve = type === 'ec' ? curves[details?.namedCurve ?? ''] : undefined
  return curve === undefined ? [] : [curve]
}

/** The key for openid-client, for an algorithm that the provider takes. */
export async function signingKey({ key, kid }: ClientKey, metadata: ServerMetadata) {
  const { token_endpoint_auth_signing_alg_values_supported: taken } = metadata
  const possible = signingAlgorithms(key)
  const alg = possible.find(each => !Array.isArray(taken) || taken.includes(each)) ?? possible[0]!
  const { importPKCS8 } = await import('jose')
  const imported = await importPKCS8(key.export({ type: 'pkcs8', format: 'pem' }) as string, alg)
  return { key: imported, ...(kid === null ? {} : { kid }) }
}

/** The signed token inside of an encrypted one; any other token as it is. Rejects with InvalidAnswer. */
export async function openToken(token: string, key: ClientKey | null): Promise<string> {
  if (token.split('.').length !== 5) return token
  if (key === null)
    throw new InvalidAnswer("the provider encrypts its tokens: set 'clientKeyFile' to the key that it encrypts for")
  const { compactDecrypt } = await import('jose')
  try {
    const { plaintext } = await compactDecrypt(token, key.key, { keyManagementAlgorithms })
    return new TextDecoder().decode(plaintext)
  } catch (error) {
    throw new InvalidAnswer(`a token cannot be decrypted with clientKey: ${problemOf(error)}`, { cause: error })
  }
}

/** Opens what is encrypted in answers, so that the library sees signed tokens alone. */
export function openingFetch(fetch: ProviderFetch['fetch'], key: ClientKey | null): ProviderFetch['fetch'] {
  return async (url, request) => {
    const answer = await fetch(url, request)
    const type = answer.headers.get('content-type') ?? ''
    if (answer.status !== 200 || !/^application\/(?:json|jwt)\b/i.test(type)) return answer
    const text = await answer.text()
    const opened = /jwt/i.test(type) ? await openToken(text.trim(), key) : await withOpenIdToken(text, key)
    return new Response(opened, { status: answer.status, headers: answer.headers })
  }
}

async function withOpenIdToken(text: string, key: ClientKey | null): Promise<string> {
  const isEncrypted = /"id_token"\s*:\s*"(?:[\w-]*\.){4}[\w-]*"/.test(text)
  if (!isEncrypted) return text
  const body = JSON.parse(text)
  return JSON.stringify({ ...body, id_token: await openToken(body.id_token, key) })
}
