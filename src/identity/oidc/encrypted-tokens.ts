/** Opens what a provider has encrypted for this client (RFC 7516). */
import type { ClientKey } from './client-key.ts'
import type { ProviderFetch } from './provider-fetch.ts'
import { InvalidAnswer, problemOf } from './provider-problem.ts'
import { withoutUnused } from './unused-members.ts'

/** Public keys only, since a shared secret identifies nobody; without RSA1_5 (RFC 8725 §3.2). */
const keyManagementAlgorithms = [
  ...['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'],
  ...['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW']
]

/** Other tokens are returned as they are. Rejects with InvalidAnswer. */
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

/** Decrypts answers, so that the library sees only signed tokens, without members that it refuses needlessly. */
export function openingFetch(fetch: ProviderFetch['fetch'], key: ClientKey | null): ProviderFetch['fetch'] {
  return async (url, request) => {
    const answer = await fetch(url, request)
    const type = answer.headers.get('content-type') ?? ''
    if (answer.status !== 200 || !/^application\/(?:json|jwt)\b/i.test(type)) return answer
    const text = await answer.text()
    const opened = /jwt/i.test(type)
      ? await openToken(text.trim(), key)
      : await withOpenIdToken(withoutUnused(text), key)
    return new Response(opened, { status: answer.status, headers: answer.headers })
  }
}

async function withOpenIdToken(text: string, key: ClientKey | null): Promise<string> {
  const isEncrypted = /"id_token"\s*:\s*"(?:[\w-]*\.){4}[\w-]*"/.test(text)
  if (!isEncrypted) return text
  const body = JSON.parse(text)
  return JSON.stringify({ ...body, id_token: await openToken(body.id_token, key) })
}
