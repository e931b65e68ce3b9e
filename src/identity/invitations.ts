/**
 * Invitations: what an operator hands to a person so that they can set a password and enrol a first factor. Owns their single use;
 * an invitation proves possession of itself and nothing more, and opens no app (THREATS M5, M7).
 */
import type { Clock } from '../clock.ts'
import { isToken, newToken, tokenDigest } from '../session/token.ts'
import type { Store } from '../store/store.ts'

/** ASVS 6.4.1; NIST SP 800-63B-4 §4.2 for codes that travel by e-mail. */
const lifeSeconds = 24 * 3600

interface Invitation {
  readonly accountId: string
  readonly expiresAt: number
}

const keyOf = (digest: string) => `invitation:${digest}`
/** The digest of the one invitation of an account that counts. */
const latestOf = (accountId: string) => `invitation-of:${accountId}`

export class Invitations {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** A token for the link. It works once, for 24 hours; the account's older ones are dead from now on. */
  async issue(accountId: string): Promise<string> {
    const token = newToken()
    const digest = tokenDigest(token)
    const invitation: Invitation = { accountId, expiresAt: this.#clock() + lifeSeconds * 1000 }
    await this.#store.put(keyOf(digest), JSON.stringify(invitation), lifeSeconds)
    await this.#store.put(latestOf(accountId), digest, lifeSeconds)
    return token
  }

  /** The account it is for, or null. Nothing is spent. */
  async peek(token: string): Promise<string | null> {
    if (!isToken(token)) return null
    const digest = tokenDigest(token)
    return this.#accountOf(digest, await this.#store.get(keyOf(digest)))
  }

  /** Spends it: of any number of callers, one hears the account's id. */
  async accept(token: string): Promise<string | null> {
    if (!isToken(token)) return null
    const digest = tokenDigest(token)
    const accountId = await this.#accountOf(digest, await this.#store.take(keyOf(digest)))
    if (accountId !== null) await this.#store.delete(latestOf(accountId))
    return accountId
  }

  /** Ends whatever invitation the account has. */
  async removeAll(accountId: string): Promise<void> {
    const digest = await this.#store.take(latestOf(accountId))
    if (digest !== null) await this.#store.delete(keyOf(digest))
  }

  async #accountOf(digest: string, text: string | null): Promise<string | null> {
    const invitation = text === null ? null : parse(text)
    if (invitation === null || invitation.expiresAt <= this.#clock()) return null
    return (await this.#store.get(latestOf(invitation.accountId))) === digest ? invitation.accountId : null
  }
}

function parse(text: string): Invitation | null {
  try {
    const value = JSON.parse(text) as Partial<Invitation> | null
    return typeof value?.accountId === 'string' && typeof value.expiresAt === 'number' ? (value as Invitation) : null
  } catch {
    return null
  }
}
