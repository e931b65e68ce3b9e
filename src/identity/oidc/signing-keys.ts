/**
 * The keys that a provider signs with (RFC 7517), and the check of its signatures. Keys may change at any moment: a token that no known key has signed makes
 * the gate fetch them anew once, so that no sign-in fails for it.
 */
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { type ProviderFetch, ProviderUnreachable } from './provider-fetch.ts'
import { InvalidAnswer, problemOf } from './provider-problem.ts'

export type TokenChecks = Pick<JWTVerifyOptions, 'issuer' | 'audience' | 'requiredClaims'>

/** Signatures of a key pair. `none` and those with the client secret (`HS256`) are never taken. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
]
/** Seconds by which a provider's clock may differ. */
export const clockToleranceSeconds = 60
/** After this, keys are fetched anew, since a key that was withdrawn must not count for ever. */
const freshMs = 10 * 60_000
/** As long do known keys count where the provider does not give them out. */
const staleMs = 60 * 60_000
/** Anybody can send a token that no key has signed: such a token makes the gate ask this often at most. */
const strangersPauseMs = 10_000

interface Known {
  readonly keyFor: JWTVerifyGetKey
  readonly at: number
}

export class SigningKeys {
  readonly #address: string
  readonly #fetch: ProviderFetch['fetch']
  #known: Known | null = null
  #fetching: Promise<Known> | null = null
  /** When such a token made the gate ask. */
  #strangersAt = Number.NEGATIVE_INFINITY

  constructor(address: string, fetch: ProviderFetch['fetch']) {
    this.#address = address
    this.#fetch = fetch
  }

  /**
   * The claims of a token that the provider has signed. `from`: a token from the provider's own connection may make the gate fetch the keys at once. Rejects with
   * InvalidAnswer, and with ProviderUnreachable where the keys cannot be had. `now` in milliseconds.
   */
  async verify(token: string, checks: TokenChecks, from: 'provider' | 'anybody', now: number) {
    const before = await this.#current(now)
    try {
      return await verifyWith(before.keyFor, token, checks, now)
    } catch (error) {
      if (!isAboutKeys(error) || !this.#mayFetch(from, now)) throw new InvalidAnswer(problemOf(error), { cause: error })
    }
    // A request that is under way already may have been answered before the provider had the key.
    let isNewer = this.#fetching === null
    for (;;) {
      const after = await this.#fetchOnce(now)
      try {
        return await verifyWith(after.keyFor, token, checks, now)
      } catch (error) {
        if (isNewer || !isAboutKeys(error)) throw new InvalidAnswer(problemOf(error), { cause: error })
        isNewer = true
      }
    }
  }

  #mayFetch(from: 'provider' | 'anybody', now: number): boolean {
    if (from === 'provider') return true
    if (Math.abs(now - this.#strangersAt) < strangersPauseMs) return false
    this.#strangersAt = now
    return true
  }

  async #current(now: number): Promise<Known> {
    const known = this.#known
    if (known !== null && now - known.at < freshMs) return known
    try {
      return await this.#fetchOnce(now)
    } catch (error) {
      if (known !== null && now - known.at < staleMs) return known
      throw error
    }
  }

  #fetchOnce(now: number): Promise<Known> {
    this.#fetching ??= this.#load(now).finally(() => {
      this.#fetching = null
    })
    return this.#fetching
  }

  async #load(now: number): Promise<Known> {
    const answer = await this.#fetch(this.#address, { method: 'GET', headers: { accept: 'application/json' } })
    const problem = `${this.#address} answered ${answer.status}`
    if (answer.status >= 500) throw new ProviderUnreachable(problem)
    if (answer.status !== 200) throw new InvalidAnswer(problem)
    const { createLocalJWKSet } = await import('jose')
    try {
      const keyFor = createLocalJWKSet((await answer.json()) as JSONWebKeySet)
      this.#known = { keyFor, at: now }
      return this.#known
    } catch (cause) {
      throw new InvalidAnswer(`${this.#address} is no set of keys`, { cause })
    }
  }
}

interface Verified {
  readonly claims: JWTPayload
  readonly typ: string | null
}

async function verifyWith(keyFor: JWTVerifyGetKey, token: string, checks: TokenChecks, now: number): Promise<Verified> {
  const { jwtVerify, errors } = await import('jose')
  const options: JWTVerifyOptions = {
    ...checks,
    algorithms,
    clockTolerance: clockToleranceSeconds,
    currentDate: new Date(now)
  }
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keyFor, options)
    return { claims: payload, typ: protectedHeader.typ ?? null }
  } catch (error) {
    // Several keys without an id: any of them may be the one.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        const { payload, protectedHeader } = await jwtVerify(token, key, options)
        return { claims: payload, typ: protectedHeader.typ ?? null }
      } catch (each) {
        if (!isAboutKeys(each)) throw each
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

/** True where another key may verify the token. */
function isAboutKeys(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'ERR_JWKS_NO_MATCHING_KEY' || code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
}
