/**
 * Which buckets a guess counts against. Owns the line between people and strangers: a browser or an address from which an account finished
 * a sign-in lately has a bucket of its own, and every strange network one of its own as well, so that nobody far away locks anybody out
 * (ASVS 6.1.1, THREATS M17).
 */
import { createHash } from 'node:crypto'
import { isToken, tokenDigest } from '../session/token.ts'
import type { Store } from '../store/store.ts'
import { type Bucket, network, site, unknownNetwork } from './attempt-limiter.ts'

const knownSeconds = 30 * 24 * 3600

/** What is guessed at. */
export type GuessedAt = 'password' | 'totp' | 'webauthn' | 'recovery'

/** Where a guess comes from. `browser` is the mark of a known one, as its cookie holds it; null or absent for a browser without. */
export interface Origin {
  readonly address: string
  readonly browser?: string | null
}

export class Guesses {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * The buckets of one guess. From a known browser only the pair of account and browser counts; from a known network the pair, and what the
   * network has guessed at all the accounts it is known for; from elsewhere the account with this network, the account over all strangers, and
   * the address. `accountId` is null for a name that nobody has: `name` then stands in.
   */
  async buckets(
    guess: Origin & { what: GuessedAt; accountId: string | null; name?: string }
  ): Promise<readonly Bucket[]> {
    const { what, accountId, address } = guess
    const who =
      accountId ??
      createHash('sha256')
        .update(guess.name ?? '')
        .digest('base64url')
    // Asked of nobody's name all the same, so that it takes as long as a known one.
    const place = await this.#knownPlace(who, guess)
    if (accountId !== null && place !== null) {
      const pair = { kind: what === 'password' ? 'account' : 'factor', key: `${what}:${accountId}@${place}` } as const
      // A browser has no neighbours: whoever comes with their own gets in while somebody at the same address sprays.
      return place === network(address) ? [{ kind: 'neighbours', key: address }, pair] : [pair]
    }
    return [
      { kind: 'stranger', key: `${what}:${who}@${site(address)}` },
      { kind: 'strangers', key: `${what}:${who}` },
      { kind: 'address', key: address }
    ]
  }

  /** Whether the account finished a sign-in from that browser or address within the last 30 days. */
  async isKnown(accountId: string, origin: Origin): Promise<boolean> {
    return (await this.#knownPlace(accountId, origin)) !== null
  }

  /** The account finished a sign-in from there. */
  async remember(accountId: string, origin: Origin): Promise<void> {
    await Promise.all(
      placesOf(origin).flatMap(place => [
        this.#store.link(indexOf(accountId), place, knownSeconds),
        this.#store.put(keyOf(accountId, place), '1', knownSeconds)
      ])
    )
  }

  /** Forgets every browser and address of the account. */
  async removeAll(accountId: string): Promise<void> {
    for (const place of await this.#store.members(indexOf(accountId))) {
      await this.#store.delete(keyOf(accountId, place))
      await this.#store.unlink(indexOf(accountId), place)
    }
  }

  async #knownPlace(accountId: string, origin: Origin): Promise<string | null> {
    const places = placesOf(origin)
    const known = await Promise.all(places.map(place => this.#store.get(keyOf(accountId, place))))
    return places.find((_, i) => known[i] !== null) ?? null
  }
}

/** The browser first: at an address that many share, a neighbour's guesses must not hold up who comes with their own browser. */
function placesOf({ address, browser }: Origin): string[] {
  const places: string[] = []
  // Its hash: no store holds the value of a cookie.
  if (typeof browser === 'string' && isToken(browser)) places.push(`browser-${tokenDigest(browser)}`)
  // Whoever comes from nowhere is a stranger, otherwise all of them would be one acquaintance.
  if (network(address) !== unknownNetwork) places.push(network(address))
  return places
}

const keyOf = (accountId: string, place: string) => `known:${accountId}:${place}`
const indexOf = (accountId: string) => `known-of:${accountId}`
