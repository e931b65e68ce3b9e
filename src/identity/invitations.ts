/** Invitations: links to set a password and enrol a first factor. An invitation opens no app (THREATS M5, M7). */
import { type Clock, isCurrent } from '../clock.ts'
import { isToken, newToken, tokenDigest } from '../ids.ts'
import { RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'

/** ASVS 6.4.1; NIST SP 800-63B-4 §4.2 for codes sent by e-mail. */
export const invitationSeconds = { usual: 24 * 3600, least: 600, most: 14 * 24 * 3600 } as const
/** The record outlives the link by one hour, so that people can finish. */
const laterSeconds = 3600

interface Invitation {
  readonly accountId: string
  readonly expiresAt: number
  /** The time from issue to end. Absent for the usual time. */
  readonly validSeconds?: number
  /** Who made it. Absent in records of older releases. */
  readonly by?: string
  readonly acceptedAt?: number
}

/** The record's id is the digest of the token. */
export const invitationRecord = new RecordKind<Invitation>({
  prefix: 'invitation:',
  version: 1,
  read: record =>
    typeof record.accountId === 'string' &&
    typeof record.expiresAt === 'number' &&
    (record.validSeconds === undefined || typeof record.validSeconds === 'number') &&
    (record.by === undefined || typeof record.by === 'string')
      ? (record as unknown as Invitation)
      : null
})
/** An invitation that can still be used, as operators see it. Times in milliseconds since the epoch. */
export interface WaitingInvitation {
  readonly madeAt: number
  readonly until: number
  /** The name of the operator or sponsor; null if an older release has made it. */
  readonly by: string | null
  /** True once its link was used; a second factor has not followed yet. */
  readonly isAccepted: boolean
}

interface IssueOptions {
  readonly validSeconds?: number | undefined
  /** The name of the operator or sponsor. */
  readonly by?: string | undefined
}

const latestOf = (accountId: string) => `invitation-of:${accountId}`

export class Invitations {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** Ends older invitations of the account. Throws RangeError outside the bounds. */
  async issue(accountId: string, { validSeconds = invitationSeconds.usual, by }: IssueOptions = {}): Promise<string> {
    const { usual, least, most } = invitationSeconds
    if (!(validSeconds >= least && validSeconds <= most)) throw new RangeError(`an invitation of ${validSeconds} s`)
    const token = newToken()
    const digest = tokenDigest(token)
    const invitation: Invitation = {
      accountId,
      expiresAt: this.#clock() + validSeconds * 1000,
      ...(validSeconds === usual ? {} : { validSeconds }),
      ...(by === undefined ? {} : { by })
    }
    const keptSeconds = validSeconds + laterSeconds
    const before = await this.#store.get(latestOf(accountId))
    await invitationRecord.put(this.#store, digest, invitation, keptSeconds)
    await this.#store.put(latestOf(accountId), digest, keptSeconds)
    // A failover must not revive the older one.
    if (before !== null) await this.#store.settle?.()
    return token
  }

  /** The account; null unless the invitation is good and not accepted. */
  async peek(token: string): Promise<string | null> {
    const found = await this.#look(token)
    return found === null || found.acceptedAt !== undefined ? null : found.accountId
  }

  /** The account; null unless it is accepted and no second factor has followed. */
  async begun(token: string): Promise<string | null> {
    const found = await this.#look(token)
    return found?.acceptedAt === undefined ? null : found.accountId
  }

  /** The account's id for one of all parallel callers; null for the others. */
  accept(token: string): Promise<string | null> {
    return this.#mark(token, true)
  }

  /** Makes the link good again after a failure. */
  async release(token: string): Promise<void> {
    await this.#mark(token, false)
  }

  /** The one that can still be used, even if it is accepted. */
  async waiting(accountId: string): Promise<WaitingInvitation | null> {
    const digest = await this.#store.get(latestOf(accountId))
    if (digest === null) return null
    const good = await this.#good(digest, await invitationRecord.get(this.#store, digest))
    if (good === null) return null
    const { expiresAt: until, validSeconds = invitationSeconds.usual, by = null, acceptedAt } = good
    return { madeAt: until - validSeconds * 1000, until, by, isAccepted: acceptedAt !== undefined }
  }

  /** True while it is the newest, not withdrawn and not spent, even after the link has expired. */
  async stands(accountId: string, digest: string): Promise<boolean> {
    const [newest, invitation] = await Promise.all([
      this.#store.get(latestOf(accountId)),
      invitationRecord.get(this.#store, digest)
    ])
    return newest === digest && invitation?.accountId === accountId
  }

  /** True for one caller, while it `stands`. */
  async spend(accountId: string, digest: string): Promise<boolean> {
    if (!(await this.stands(accountId, digest))) return false
    if ((await invitationRecord.take(this.#store, digest)) === null) return false
    // A newer invitation of the same moment stays.
    return (await this.#store.get(latestOf(accountId))) === digest
  }

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

  /** Null if it has expired, or a newer one exists. */
  async #good(digest: string, invitation: Invitation | null): Promise<Invitation | null> {
    if (invitation === null) return null
    const { expiresAt, validSeconds = invitationSeconds.usual } = invitation
    if (!isCurrent(expiresAt, validSeconds * 1000, this.#clock())) return null
    return (await this.#store.get(latestOf(invitation.accountId))) === digest ? invitation : null
  }
}
