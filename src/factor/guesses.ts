/**
 * Which buckets a guess counts against. Owns the line between people and strangers: an address from which an account finished a
 * sign-in lately has a bucket of its own, so that nobody far away locks anybody out (ASVS 6.1.1, THREATS M17).
 */
import { createHash } from 'node:crypto'
import type { Store } from '../store/store.ts'
import { type Bucket, network, unknownNetwork } from './attempt-limiter.ts'

const knownSeconds = 30 * 24 * 3600

/** What is guessed at. */
export type GuessedAt = 'password' | 'totp' | 'webauthn' | 'recovery'

export class Guesses {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * The buckets of one guess. From a known address only the pair of account and address counts; from elsewhere the account, counted
   * over all strangers, and the address. `accountId` is null for a name that nobody has: `name` then stands in.
   */
  async buckets(guess: {
    what: GuessedAt
    accountId: string | null
    name?: string
    address: string
  }): Promise<readonly Bucket[]> {
    const { what, accountId, address } = guess
    const kind = what === 'password' ? 'account' : 'factor'
    if (accountId === null) {
      const who = createHash('sha256')
        .update(guess.name ?? '')
        .digest('base64url')
      // Asked all the same, so that an unknown name takes as long as a known one.
      await this.isKnown(who, address)
      return [
        { kind, key: `${what}:${who}` },
        { kind: 'address', key: address }
      ]
    }
    if (await this.isKnown(accountId, address)) return [{ kind, key: `${what}:${accountId}@${network(address)}` }]
    return [
      { kind, key: `${what}:${accountId}` },
      { kind: 'address', key: address }
    ]
  }

  /** Whether the account finished a sign-in from there within the last 30 days. */
  async isKnown(accountId: string, address: string): Promise<boolean> {
    // Whoever comes from nowhere is a stranger, otherwise all of them would be one acquaintance.
    return network(address) !== unknownNetwork && (await this.#store.get(keyOf(accountId, address))) !== null
  }

  /** The account finished a sign-in from there. */
  async remember(accountId: string, address: string): Promise<void> {
    if (network(address) === unknownNetwork) return
    await this.#store.put(keyOf(accountId, address), '1', knownSeconds)
    await this.#store.link(indexOf(accountId), network(address), knownSeconds)
  }

  /** Forgets every address of the account. */
  async removeAll(accountId: string): Promise<void> {
    for (const member of await this.#store.members(indexOf(accountId))) {
      await this.#store.delete(`known:${accountId}:${member}`)
      await this.#store.unlink(indexOf(accountId), member)
    }
  }
}

function keyOf(accountId: string, address: string): string {
  return `known:${accountId}:${network(address)}`
}

function indexOf(accountId: string): string {
  return `known-of:${accountId}`
}
