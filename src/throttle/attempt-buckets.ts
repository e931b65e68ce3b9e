/** The buckets of an attempt. Known browsers and networks have their own, so others cannot lock the owner out (ASVS 6.1.1, THREATS M17). */
import { createHash } from 'node:crypto'
import { isToken, tokenDigest } from '../ids.ts'
import { networkLevels, unknownNetwork } from '../request/network-levels.ts'
import type { Store } from '../store/store.ts'
import { type Bucket, network, site } from './attempt-limiter.ts'
import { ConsecutiveFailures } from './consecutive-failures.ts'
import type { Limit } from './limits.ts'

const knownSeconds = 30 * 24 * 3600

export interface Origin {
  readonly address: string
  readonly browser?: string | null
}

type Guess = Origin & {
  /** A factor's kind, or `password`. */
  readonly what: string
  readonly accountId: string | null
  readonly name?: string
}

interface Standing {
  /** Where a sign-in was finished in the last 30 days. */
  readonly from: 'browser' | 'network' | 'elsewhere'
  readonly place: string | null
  readonly buckets: readonly Bucket[]
}

export class AttemptBuckets {
  readonly #store: Store
  readonly #failures: ConsecutiveFailures
  readonly #passwordTotal: Limit | null

  /** `passwordTotal`: where a directory limits unknown networks. */
  constructor(store: Store, passwordTotal: Limit | null = null) {
    this.#store = store
    this.#passwordTotal = passwordTotal
    this.#failures = new ConsecutiveFailures(store, knownSeconds)
  }

  /** A known browser counts alone, a known network also over its accounts; elsewhere the account and the networks count. `name`: of an unknown account. */
  async standing(guess: Guess): Promise<Standing> {
    const { what, accountId, address } = guess
    const who = accountId ?? digest(guess.name ?? '').toString('base64url')
    // Unknown names are looked up too, otherwise the time would tell which exist.
    const place = await this.#knownPlace(who, guess)
    if (accountId === null || place === null)
      return {
        from: 'elsewhere',
        place: null,
        buckets: [...unknownNetworkBuckets(what, who, address, this.#passwordTotal), ...levels(address)]
      }
    const pair = { kind: what === 'password' ? 'account' : 'factor', key: `${what}:${accountId}@${place}` } as const
    return place === network(address)
      ? { from: 'network', place, buckets: [{ kind: 'known_network', key: address }, pair] }
      : { from: 'browser', place, buckets: [pair] }
  }

  async buckets(guess: Guess): Promise<readonly Bucket[]> {
    return (await this.standing(guess)).buckets
  }

  async isKnown(accountId: string, origin: Origin): Promise<boolean> {
    return (await this.#knownPlace(accountId, origin)) !== null
  }

  /** The account has signed in within 30 days, but not here. */
  async isNewBrowser(accountId: string, browser: string | null): Promise<boolean> {
    const isKnown =
      browser !== null &&
      isToken(browser) &&
      (await this.#store.get(keyOf(accountId, `browser-${tokenDigest(browser)}`))) !== null
    return !isKnown && (await this.#store.members(indexOf(accountId))).length > 0
  }

  async remember(accountId: string, origin: Origin): Promise<void> {
    await Promise.all(
      placesOf(origin).flatMap(place => [
        this.#store.link(indexOf(accountId), place, knownSeconds),
        this.#store.put(keyOf(accountId, place), '1', knownSeconds),
        this.#failures.clear(failuresOf(accountId, place))
      ])
    )
  }

  /** After a hundred consecutive failures the place is no longer known (NIST SP 800-63B-4 §3.2.2). */
  async trying(accountId: string, place: string): Promise<{ wrong(): Promise<void>; unchecked(): Promise<void> }> {
    const id = failuresOf(accountId, place)
    const count = await this.#failures.count(id)
    return {
      wrong: async () => {
        if (count === null || count.isLast) await this.#forget(accountId, place)
      },
      unchecked: () => this.#failures.giveBack(id)
    }
  }

  async #forget(accountId: string, place: string): Promise<void> {
    await this.#store.delete(keyOf(accountId, place))
    await this.#failures.clear(failuresOf(accountId, place))
    await this.#store.unlink(indexOf(accountId), place)
  }

  async removeAll(accountId: string): Promise<void> {
    for (const place of await this.#store.members(indexOf(accountId))) await this.#forget(accountId, place)
  }

  async #knownPlace(accountId: string, origin: Origin): Promise<string | null> {
    const places = placesOf(origin)
    const known = await Promise.all(places.map(place => this.#store.get(keyOf(accountId, place))))
    return places.find((_, i) => known[i] !== null) ?? null
  }
}

/** The buckets of an institution's unchecked answer. */
export function answerBuckets(institution: string, address: string): Bucket[] {
  const { site, provider } = networkLevels(address)
  return [
    { kind: 'answer_network', key: `${institution}@${site}` },
    { kind: 'answer_provider', key: `${institution}@${provider}` }
  ]
}

/** The buckets of requests that a stranger makes the gate send. */
export function pushBuckets(institution: string, address: string): Bucket[] {
  return answerBuckets(`push:${institution}`, address)
}

/** Otherwise made-up names would fill the store. */
function unknownNetworkBuckets(what: string, who: string, address: string, total: Limit | null): Bucket[] {
  if (what !== 'password')
    return [
      { kind: 'factor_unknown_network', key: `${what}:${who}@${site(address)}` },
      { kind: 'factor_unknown_total', key: `${what}:${who}` }
    ]
  const [slot = 0, high = 0, low = 0] = digest(who)
  return [
    { kind: 'password_unknown_network', key: `${slot}@${site(address)}` },
    { kind: 'password_unknown_total', key: String(high * 256 + low), ...(total === null ? {} : { limit: total }) }
  ]
}

function levels(address: string): Bucket[] {
  const { network, customer, site, provider } = networkLevels(address)
  const buckets: Bucket[] = [{ kind: 'address', key: address }]
  if (customer !== network) buckets.push({ kind: 'customer', key: customer }, { kind: 'site', key: site })
  if (provider !== network) buckets.push({ kind: 'provider', key: provider })
  return buckets
}

const digest = (text: string) => createHash('sha256').update(text).digest()

/** The browser first: others at its address do not delay it. */
function placesOf({ address, browser }: Origin): string[] {
  const places: string[] = []
  if (typeof browser === 'string' && isToken(browser)) places.push(`browser-${tokenDigest(browser)}`)
  // Otherwise all clients of the unknown network would share a place.
  if (network(address) !== unknownNetwork) places.push(network(address))
  return places
}

const keyOf = (accountId: string, place: string) => `known:${accountId}:${place}`
const failuresOf = (accountId: string, place: string) => `password-${accountId}@${place}`
const indexOf = (accountId: string) => `known-of:${accountId}`

export function networkOf(key: string): string | null {
  const text = key.slice(key.indexOf('@') + 1)
  return /[.:]/.test(text) ? text : null
}
