/**
 * Where a token that is in use leads: its digest, and the keys of its record, its session and their account. Owns a bounded memory of them,
 * since hashing a token and spelling its keys anew is a tenth of what a request costs; says nothing about whether a token is good.
 */
import { tokenKey } from './records.ts'
import type { SessionCache } from './session-cache.ts'
import { isToken, tokenDigest } from './token.ts'

/** A token never leads to another session, nor a session to another account, so what was found once stays true. */
export interface TokenKeys {
  readonly digest: string
  readonly token: string
  session: string | null
  account: string | null
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
    const digest = tokenDigest(token)
    const keys = { digest, token: tokenKey(digest), session: null, account: null }
    // Only of tokens that open something: what strangers send must not fill memory.
    if (this.#cache.peek(keys.token) === undefined) return keys
    if (this.#keys.size >= kept) this.#keys.clear()
    this.#keys.set(token, keys)
    return keys
  }
}
