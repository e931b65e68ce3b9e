/**
 * A provider's signing keys (RFC 7517), and the check of its signatures. A token of an unknown key makes the gate fetch the keys once,
 * since they may change at any moment.
 */
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { hourMs } from '../../clock.ts'
import { isTrouble, type ProviderFetch, ProviderUnreachable, retryAfterOf } from './provider-fetch.ts'
import { InvalidAnswer, problemOf } from './provider-problem.ts'

type TokenChecks = Pick<JWTVerifyOptions, 'issuer' | 'audience' | 'requiredClaims'>

/** Key pairs only: `none` and the client secret (`HS256`) are never accepted. */
const algorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']
]
/** The tolerated difference of a provider's clock, in seconds. */
export const clockToleranceSeconds = 60
/** Keys are fetched again after this, since a key may be withdrawn. */
const freshMs = 10 * 60_000
/** Known keys count this long while the provider is silent. */
const staleMs = hourMs
/** Anybody can send a token of an unknown key: the gate fetches keys for such tokens once in this time. */
const strangersPauseMs = 10_000

/** The most keys tried for one token, since anybody can send one. */
const keysTried = 20

interface Known {
  readonly keyFor: JWTVerifyGetKey
  readonly at: number
}

export class SigningKeys {
  readonly #address: string
  readonly #fetch: ProviderFetch['fetch']
  #known: Known | null = null
  #fetching: Promise<Known> | null = null
  #strangersAt = Number.NEGATIVE_INFINITY

  constructor(address: string, fetch: ProviderFetch['fetch']) {
    this.#address = address
    this.#fetch = fetch
  }

  /**
   * The claims of a signed token. A token `from` the provider's own connection may make the gate fetch keys at once. Rejects with
   * InvalidAnswer, and with ProviderUnreachable if the keys are unavailable. `now` in milliseconds.
   */
  async verify(token: string, checks: TokenChecks, from: 'provider' | 'anybody', now: number) {
    const before = await this.#current(now)
    try {
      return await verifyWith(before.keyFor, token, checks, now)
    } catch (error) {
      if (!isAboutKeys(error) || !this.#mayFetch(from, now)) throw new InvalidAnswer(problemOf(error), { cause: error })
    }
    // A pending request may predate the key.
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

  /** Rejects with ProviderUnreachable or InvalidAnswer. `now` in milliseconds. */
  async load(now: number): Promise<void> {
    await this.#fetchOnce(now)
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
    if (isTrouble(answer.status)) throw new ProviderUnreachable(problem, { retryAfterSeconds: retryAfterOf(answer) })
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
    // Several keys without an id: any may match.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    let tried = 0
    for await (const key of error) {
      if (++tried > keysTried) break
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

function isAboutKeys(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === 'ERR_JWKS_NO_MATCHING_KEY' || code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'
}
