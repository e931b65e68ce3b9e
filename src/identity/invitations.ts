/**
 * Invitations: what an operator hands to a person so that they can set a password and enrol a first factor. Owns that each sets one password, and
 * that it then waits, beside that password, until the first factor stands; it proves possession of itself and opens no app (THREATS M5, M7). A sign-in
 * that began with an invitation names it by its digest, and may enrol while that very invitation `stands`.
 */
import { type Clock, isCurrent } from '../clock.ts'
import { isToken, newToken, tokenDigest } from '../ids.ts'
import { RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'

/** ASVS 6.4.1; NIST SP 800-63B-4 §4.2 for codes that travel by e-mail. */
const lifeSeconds = 24 * 3600
/** The link is good for `lifeSeconds`. Its record stays for the hour that a sign-in begun in its last second lasts: who is inside may finish. */
const keptSeconds = lifeSeconds + 3600

interface Invitation {
  readonly accountId: string
  readonly expiresAt: number
  /** When its password was set; absent before. */
  readonly acceptedAt?: number
}

/** By the digest of its token. */
export const invitationRecord = new RecordKind<Invitation>({
  prefix: 'invitation:',
  version: 1,
  read: record =>
    typeof record.accountId === 'string' && typeof record.expiresAt === 'number'
      ? (record as unknown as Invitation)
      : null
})
/** The digest of the one invitation of an account that counts. */
const latestOf = (accountId: string) => `invitation-of:${accountId}`

export class Invitations {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** A token for the link. It sets one password, within 24 hours; the account's older ones are dead from now on. */
  async issue(accountId: string): Promise<string> {
    const token = newToken()
    const digest = tokenDigest(token)
    const invitation: Invitation = { accountId, expiresAt: this.#clock() + lifeSeconds * 1000 }
    const before = await this.#store.get(latestOf(accountId))
    await invitationRecord.put(this.#store, digest, invitation, keptSeconds)
    await this.#store.put(latestOf(accountId), digest, keptSeconds)
    // A failover must not make the older one good again.
    if (before !== null) await this.#store.settle?.()
    return token
  }

  /** The account it is for, or null, also once it was accepted. Nothing is spent. */
  async peek(token: string): Promise<string | null> {
    const found = await this.#look(token)
    return found === null || found.acceptedAt !== undefined ? null : found.accountId
  }

  /** The account of one that was accepted and has not led to a second factor yet; null for any other. It opens nothing by itself. */
  async begun(token: string): Promise<string | null> {
    const found = await this.#look(token)
    return found?.acceptedAt === undefined ? null : found.accountId
  }

  /** Accepts it: of any number of callers, one hears the account's id. From then on it is `begun`, until `removeAll` or its time is up. */
  accept(token: string): Promise<string | null> {
    return this.#mark(token, true)
  }

  /** Takes an acceptance back of which nothing came: the link is good again for as long as it was. */
  async release(token: string): Promise<void> {
    await this.#mark(token, false)
  }

  /** True while the account has an invitation, accepted or not. */
  async isWaiting(accountId: string): Promise<boolean> {
    const digest = await this.#store.get(latestOf(accountId))
    return digest !== null && (await this.#good(digest, await invitationRecord.get(this.#store, digest))) !== null
  }

  /**
   * True while the invitation of this digest is the account's newest and is not withdrawn or spent. A sign-in that it began may enrol as long, also
   * when the link itself has run out meanwhile.
   */
  async stands(accountId: string, digest: string): Promise<boolean> {
    const [newest, invitation] = await Promise.all([
      this.#store.get(latestOf(accountId)),
      invitationRecord.get(this.#store, digest)
    ])
    return newest === digest && invitation?.accountId === accountId
  }

  /** Spends the invitation of this digest. True for the one caller whose doing it is, and only while it `stands`. */
  async spend(accountId: string, digest: string): Promise<boolean> {
    if (!(await this.stands(accountId, digest))) return false
    if ((await invitationRecord.take(this.#store, digest)) === null) return false
    // A newer one that was issued in this moment stays.
    return (await this.#store.get(latestOf(accountId))) === digest
  }

  /** Ends whatever invitation the account has. */
  async removeAll(accountId: string): Promise<void> {
    const digest = await this.#store.take(latestOf(accountId))
    if (digest === null) return
    await this.#store.delete(invitationRecord.key(digest))
    await this.#store.settle?.()
  }

  async #look(token: string): Promise<Invitation | null> {
    if (!isToken(token)) return null
    const digest = tokenDigest(token)
    return this.#good(digest, await invitationRecord.get(this.#store, digest))
  }

  /** The account, for the one caller whose change it is. */
  #mark(token: string, to: boolean): Promise<string | null> {
    if (!isToken(token)) return Promise.resolve(null)
    const digest = tokenDigest(token)
    return invitationRecord.change<string | null>(this.#store, digest, async found => {
      const invitation = await this.#good(digest, found)
      if (invitation === null || (invitation.acceptedAt !== undefined) === to) return { result: null }
      const { acceptedAt: _, ...open } = invitation
      const next: Invitation = to ? { ...open, acceptedAt: this.#clock() } : open
      return { next, result: invitation.accountId }
    })
  }

  /** The invitation, if its time is not up and it is its account's newest. */
  async #good(digest: string, invitation: Invitation | null): Promise<Invitation | null> {
    if (invitation === null || !isCurrent(invitation.expiresAt, lifeSeconds * 1000, this.#clock())) return null
    return (await this.#store.get(latestOf(invitation.accountId))) === digest ? invitation : null
  }
}
