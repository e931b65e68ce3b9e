/**
 * Which buckets a guess counts against. Owns the line between people and strangers: a browser or an address from which an account finished
 * a sign-in lately has a bucket of its own, and every strange network one of its own as well, so that nobody far away locks anybody out
 * (ASVS 6.1.1, THREATS M17).
 */
import { createHash } from 'node:crypto'
import { isToken, tokenDigest } from '../ids.ts'
import { networkLevels, unknownNetwork } from '../request/network-levels.ts'
import type { Store } from '../store/store.ts'
import { type Bucket, network, site } from './attempt-limiter.ts'
import { ConsecutiveFailures } from './consecutive-failures.ts'

const knownSeconds = 30 * 24 * 3600

/** What is guessed at. */
export type GuessedAt = 'password' | 'totp' | 'webauthn' | 'recovery'

/** Where a guess comes from. `browser` is the mark of a known one, as its cookie holds it; null or absent for a browser without. */
export interface Origin {
  readonly address: string
  readonly browser?: string | null
}

export type Guess = Origin & { readonly what: GuessedAt; readonly accountId: string | null; readonly name?: string }

export interface Standing {
  /** A browser or a network from which the account finished a sign-in lately, or neither. */
  readonly from: 'browser' | 'network' | 'elsewhere'
  /** That browser or network; null from elsewhere. */
  readonly place: string | null
  readonly buckets: readonly Bucket[]
}

export class AttemptBuckets {
  readonly #store: Store
  /** Wrong passwords in a row, from one place that an account is known from. */
  readonly #inRow: ConsecutiveFailures

  constructor(store: Store) {
    this.#store = store
    this.#inRow = new ConsecutiveFailures(store, knownSeconds)
  }

  /**
   * Where a guess comes from, and its buckets. From a known browser only the pair of account and browser counts; from a known network the pair,
   * and what the network has guessed at all the accounts it is known for; from elsewhere the account with this network, the account over all
   * strangers, and every network the address lies in. `accountId` is null for a name that nobody has: `name` then stands in.
   */
  async standing(guess: Guess): Promise<Standing> {
    const { what, accountId, address } = guess
    const who = accountId ?? digest(guess.name ?? '').toString('base64url')
    // Asked of nobody's name all the same, so that it takes as long as a known one.
    const place = await this.#knownPlace(who, guess)
    if (accountId === null || place === null)
      return { from: 'elsewhere', place: null, buckets: [...strangerBuckets(what, who, address), ...levels(address)] }
    const pair = { kind: what === 'password' ? 'account' : 'factor', key: `${what}:${accountId}@${place}` } as const
    // A browser has no neighbours: whoever comes with their own gets in while somebody at the same address sprays.
    return place === network(address)
      ? { from: 'network', place, buckets: [{ kind: 'neighbours', key: address }, pair] }
      : { from: 'browser', place, buckets: [pair] }
  }

  /** The buckets of one guess. */
  async buckets(guess: Guess): Promise<readonly Bucket[]> {
    return (await this.standing(guess)).buckets
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
        this.#store.put(keyOf(accountId, place), '1', knownSeconds),
        this.#inRow.clear(rowOf(accountId, place))
      ])
    )
  }

  /**
   * A password is tried from a known place. Answers what to do with its result: after the hundredth wrong one in a row the place is forgotten, and
   * whoever guesses there is a stranger (NIST SP 800-63B-4 §3.2.2).
   */
  async trying(accountId: string, place: string): Promise<{ wrong(): Promise<void>; unchecked(): Promise<void> }> {
    const row = rowOf(accountId, place)
    const count = await this.#inRow.count(row)
    return {
      wrong: async () => {
        if (count === null || count.isLast) await this.#forget(accountId, place)
      },
      unchecked: () => this.#inRow.giveBack(row)
    }
  }

  async #forget(accountId: string, place: string): Promise<void> {
    await this.#store.delete(keyOf(accountId, place))
    await this.#inRow.clear(rowOf(accountId, place))
    await this.#store.unlink(indexOf(accountId), place)
  }

  /** Forgets every browser and address of the account. */
  async removeAll(accountId: string): Promise<void> {
    for (const place of await this.#store.members(indexOf(accountId))) await this.#forget(accountId, place)
  }

  async #knownPlace(accountId: string, origin: Origin): Promise<string | null> {
    const places = placesOf(origin)
    const known = await Promise.all(places.map(place => this.#store.get(keyOf(accountId, place))))
    return places.find((_, i) => known[i] !== null) ?? null
  }
}

/**
 * Names share buckets by their hash, those of people and those that are made up alike: what strangers make up has a bound, and nobody learns by
 * it who exists. Two names at one network share one in 256 times, two names over all networks one in 65,536.
 */
function strangerBuckets(what: GuessedAt, who: string, address: string): Bucket[] {
  if (what !== 'password')
    return [
      { kind: 'stranger', key: `${what}:${who}@${site(address)}` },
      { kind: 'strangers', key: `${what}:${who}` }
    ]
  const [slot = 0, high = 0, low = 0] = digest(who)
  return [
    { kind: 'newcomer', key: `${slot}@${site(address)}` },
    { kind: 'newcomers', key: String(high * 256 + low) }
  ]
}

/** Every network the address lies in, each once. */
function levels(address: string): Bucket[] {
  const { network, customer, site, provider } = networkLevels(address)
  const buckets: Bucket[] = [{ kind: 'address', key: address }]
  if (customer !== network) buckets.push({ kind: 'customer', key: customer }, { kind: 'site', key: site })
  if (provider !== network) buckets.push({ kind: 'provider', key: provider })
  return buckets
}

const digest = (text: string) => createHash('sha256').update(text).digest()

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
const rowOf = (accountId: string, place: string) => `password-${accountId}@${place}`
const indexOf = (accountId: string) => `known-of:${accountId}`
