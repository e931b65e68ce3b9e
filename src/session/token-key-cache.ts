/**
 * A cache from a token to its digest, to the store keys of its record, session and account, and to the principal they last made. Hashing a token and
 * building the keys anew would be a tenth of what a request costs. An entry says nothing about whether the token is good.
 */
import { accountPrefix } from '../identity/account.ts'
import { isToken, tokenDigest } from '../ids.ts'
import { growingLru } from './growing-lru.ts'
import type { Principal } from './principal.ts'
import { sessionKey, tokenKey } from './records.ts'
import type { SessionCache } from './session-cache.ts'

export class TokenKeys {
  readonly digest: string
  /** The key of its record. */
  readonly token: string
  /** Made of the session and the account that it holds, and outdated as soon as the cache has others. */
  principal: Principal | null = null
  readonly #session = new Spelling(sessionKey)
  readonly #account = new Spelling(id => accountPrefix + id)

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

/** The key of an id, built anew only when it is another id than last time. */
class Spelling {
  readonly #spell: (id: string) => string
  #id: string | null = null
  #key = ''

  constructor(spell: (id: string) => string) {
    this.#spell = spell
  }

  of(id: string): string {
    if (id !== this.#id) {
      this.#id = id
      this.#key = this.#spell(id)
    }
    return this.#key
  }
}

/** Enough for 50,000 people on two hosts: each host has a token of its own. */
const capacity = 100_000

export class TokensInUse {
  readonly #cache: SessionCache
  readonly #keys = growingLru<TokenKeys>(capacity)

  constructor(cache: SessionCache) {
    this.#cache = cache
  }

  /** Null for a text that cannot be a token. */
  keysOf(token: string): TokenKeys | null {
    const known = this.#keys.get(token)
    if (known !== undefined) return known
    if (!isToken(token)) return null
    const keys = new TokenKeys(tokenDigest(token))
    // Only of tokens that open something: what strangers send must not push out the tokens of others.
    if (this.#cache.peek(keys.token) === undefined) return keys
    this.#keys.set(token, keys)
    return keys
  }
}
