/** Keeps a token's digest, store keys and last principal, which saves a tenth of a request. It does not tell whether the token is valid. */
import { accountPrefix } from '../identity/account.ts'
import { isToken, tokenDigest } from '../ids.ts'
import { growingLru } from './growing-lru.ts'
import type { Principal } from './principal.ts'
import { sessionKey, tokenKey } from './records.ts'
import type { SessionCache } from './session-cache.ts'
import type { SessionTerms } from './terms.ts'

export class TokenKeys {
  readonly digest: string
  readonly token: string
  /** Outdated once the cache holds another session or account. */
  principal: Principal | null = null
  terms: SessionTerms | null = null
  readonly #session = new CachedKey(sessionKey)
  readonly #account = new CachedKey(id => accountPrefix + id)

  constructor(digest: string) {
    this.digest = digest
    this.token = tokenKey(digest)
  }

  session(id: string): string {
    return this.#session.of(id)
  }

  account(id: string): string {
    return this.#account.of(id)
  }
}

class CachedKey {
  readonly #build: (id: string) => string
  #id: string | null = null
  #key = ''

  constructor(build: (id: string) => string) {
    this.#build = build
  }

  of(id: string): string {
    if (id !== this.#id) {
      this.#id = id
      this.#key = this.#build(id)
    }
    return this.#key
  }
}

/** 50,000 people on two hosts, each with its own token. */
const capacity = 100_000

export class TokensInUse {
  readonly #cache: SessionCache
  readonly #keys = growingLru<TokenKeys>(capacity)

  constructor(cache: SessionCache) {
    this.#cache = cache
  }

  keysOf(token: string): TokenKeys | null {
    const known = this.#keys.get(token)
    if (known !== undefined) return known
    if (!isToken(token)) return null
    const keys = new TokenKeys(tokenDigest(token))
    // Only valid tokens are kept, otherwise strangers' tokens would displace them.
    if (this.#cache.peek(keys.token) === undefined) return keys
    this.#keys.set(token, keys)
    return keys
  }
}
