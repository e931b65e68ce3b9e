/** The key with which the client signs who it is (RFC 7523). */
import { type ClientKey, signingAlgorithms } from './client-key.ts'

/** The key for openid-client, for an algorithm that the provider takes. */
export async function signingKey(
  { key, kid }: ClientKey,
  metadata: { readonly token_endpoint_auth_signing_alg_values_supported?: unknown }
) {
  const { token_endpoint_auth_signing_alg_values_supported: taken } = metadata
  const possible = signingAlgorithms(key)
  const alg = possible.find(each => !Array.isArray(taken) || taken.includes(each)) ?? possible[0]!
  const { importPKCS8 } = await import('jose')
  const imported = await importPKCS8(key.export({ type: 'pkcs8', format: 'pem' }) as string, alg)
  return { key: imported, ...(kid === null ? {} : { kid }) }
}
