/**
 * Where a token that is in use leads: its digest, and the keys of its record, its session and their account. Owns a bounded memory of them,
 * since hashing a token and spelling its keys anew is a tenth of what a request costs; says nothing about whether a token is good.
 */
import { accountPrefix } from '../identity/account.ts'
import { sessionKey, tokenKey } from './records.ts'
import type { SessionCache } from './session-cache.ts'
import { isToken, tokenDigest } from './token.ts'

export class TokenKeys {
  readonly digest: string
  /** Of its record. */
  readonly token: string
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

/** The key of an id, spelled anew only when it is another one than last time. */
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

const kept = 20_000

export class TokensInUse {
  readonly #cache: SessionCache
  readonly #keys = new Map<string, TokenKeys>()

  constructor(cache: SessionCache) {
    this.#cache = cache
  }

  /** Null for what could be no token. */
  keysOf(token: string): TokenKeys | null {
    const known = this.#keys.get(token)
    if (known !== undefined) return known
    if (!isToken(token)) return null
    const keys = new TokenKeys(tokenDigest(token))
    // Only of tokens that open something: what strangers send must not fill memory.
    if (this.#cache.peek(keys.token) === undefined) return keys
    if (this.#keys.size >= kept) this.#keys.clear()
    this.#keys.set(token, keys)
    return keys
  }
}
