/**
 * Requests for approval: a person of an institution asks a colleague or the operators to confirm who they are. An approval is an invitation
 * without a link, for one first second factor and a limited time (THREATS M5).
 */
import { type Clock, isCurrent } from '../clock.ts'
import { digestOf, newId, tokenDigest } from '../ids.ts'
import { RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'

const day = 24 * 3600
const openSeconds = 3 * day
/** The life of an approval, and of a shown decision. */
const decidedSeconds = day
/** Per person: seconds between two requests, and requests in a day. */
const pauseSeconds = 60
const maxAsks = 5

export interface Sponsorship {
  /** New with each request, so that a decision is about the request that was read. */
  readonly id: string
  readonly accountId: string
  /** The named account; null for the operators, and for a name that nobody has. */
  readonly sponsorId: string | null
  /** The index that lists the request for its sponsor. */
  readonly listedFor: string
  readonly askedAt: number
  readonly address: string
  /** The digest of the secret of the browser that asked. Without it, as in older records, an approval holds nowhere. */
  readonly browser?: string
  readonly asks: number
  readonly firstAskedAt: number
  readonly state: 'open' | 'approved' | 'declined'
  readonly expiresAt: number
  readonly decidedBy?: { readonly id: string; readonly name: string; readonly displayName: string }
  /** The digest of the approval's invitation. */
  readonly invitation?: string
}

/** Its id is the account's. */
export const sponsorshipRecord = new RecordKind<Sponsorship>({
  prefix: 'sponsorship:',
  version: 1,
  read: record => {
    const { id, accountId, sponsorId, listedFor, askedAt, address, browser, asks, firstAskedAt, state, expiresAt } =
      record as Partial<Sponsorship>
    const isValid =
      [id, accountId, listedFor, address].every(field => typeof field === 'string') &&
      (browser === undefined || typeof browser === 'string') &&
      (sponsorId === null || typeof sponsorId === 'string') &&
      [askedAt, asks, firstAskedAt, expiresAt].every(field => typeof field === 'number') &&
      (state === 'open' || state === 'approved' || state === 'declined')
    return isValid ? (record as unknown as Sponsorship) : null
  }
})

/** All open and lately decided requests, for operators. */
const everybody = 'operators'
const listOf = (whom: string) => `sponsorships-for:${whom}`

export class Sponsorships {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** Null if it is neither open nor lately decided. */
  async of(accountId: string): Promise<Sponsorship | null> {
    return this.#good(await sponsorshipRecord.get(this.#store, accountId))
  }

  /**
   * Replaces an open request. Null if this person has asked a moment ago, or too often. `typed`: an unknown name takes as many writes as
   * any other (ASVS 6.3.8).
   */
  async ask(input: {
    accountId: string
    sponsorId: string | null
    typed: string | null
    address: string
    asker: string
  }): Promise<Sponsorship | null> {
    const { accountId, sponsorId, typed, address, asker } = input
    const now = this.#clock()
    const listedFor = typed === null ? everybody : (sponsorId ?? nobodyCalled(typed))
    const request = await sponsorshipRecord.change<Sponsorship | null>(this.#store, accountId, before => {
      const isNewDay = before === null || Math.abs(now - before.firstAskedAt) >= day * 1000
      const asks = isNewDay ? 1 : before.asks + 1
      if (before !== null && Math.abs(now - before.askedAt) < pauseSeconds * 1000) return { result: null }
      if (asks > maxAsks) return { result: null }
      const next: Sponsorship = {
        id: newId(),
        accountId,
        sponsorId,
        listedFor,
        askedAt: now,
        address,
        browser: tokenDigest(asker),
        asks,
        firstAskedAt: isNewDay ? now : before.firstAskedAt,
        state: 'open',
        expiresAt: now + openSeconds * 1000
      }
      return { next, result: next, ttlSeconds: openSeconds }
    })
    if (request === null) return null
    await this.#store.link(listOf(listedFor), accountId, openSeconds)
    await this.#store.link(listOf(everybody), accountId, openSeconds)
    return request
  }

  /** Newest first. Operators get all. */
  async listFor(sponsorId: string, isOperator: boolean): Promise<Sponsorship[]> {
    const ids = await this.#store.members(listOf(isOperator ? everybody : sponsorId))
    const found = await Promise.all(ids.map(id => this.of(id)))
    return found
      .filter(request => request !== null)
      .filter(request => isOperator || request.sponsorId === sponsorId)
      .sort((a, b) => b.askedAt - a.askedAt)
  }

  /** One of all parallel callers gets the open request; the others get null. */
  decide(
    { accountId, id }: Pick<Sponsorship, 'accountId' | 'id'>,
    state: 'approved' | 'declined',
    decidedBy: NonNullable<Sponsorship['decidedBy']>
  ): Promise<Sponsorship | null> {
    const now = this.#clock()
    return sponsorshipRecord.change<Sponsorship | null>(this.#store, accountId, found => {
      const request = this.#good(found)
      if (request?.state !== 'open' || request.id !== id) return { result: null }
      const next: Sponsorship = { ...request, state, decidedBy, expiresAt: now + decidedSeconds * 1000 }
      return { next, result: next, ttlSeconds: decidedSeconds }
    })
  }

  /** Reopens a request after a failure. */
  async reopen({ accountId, id }: Sponsorship): Promise<void> {
    const now = this.#clock()
    await sponsorshipRecord.change<void>(this.#store, accountId, request => {
      if (request?.id !== id) return { result: undefined }
      const { decidedBy: _, invitation: __, ...open } = request
      const next: Sponsorship = { ...open, state: 'open', expiresAt: now + openSeconds * 1000 }
      return { next, result: undefined, ttlSeconds: openSeconds }
    })
  }

  async bind({ accountId, id }: Sponsorship, invitation: string): Promise<void> {
    await sponsorshipRecord.change<void>(this.#store, accountId, request =>
      request?.id === id && request.state === 'approved'
        ? { next: { ...request, invitation }, result: undefined }
        : { result: undefined }
    )
  }

  async removeAll(accountId: string): Promise<void> {
    const request = await sponsorshipRecord.take(this.#store, accountId)
    if (request !== null) await this.#store.unlink(listOf(request.listedFor), accountId)
    await this.#store.unlink(listOf(everybody), accountId)
  }

  #good(request: Sponsorship | null): Sponsorship | null {
    if (request === null) return null
    const seconds = request.state === 'open' ? openSeconds : decidedSeconds
    return isCurrent(request.expiresAt, seconds * 1000, this.#clock()) ? request : null
  }
}

export function isAskedIn({ browser }: Pick<Sponsorship, 'browser'>, asker: string | null): boolean {
  return asker !== null && browser === tokenDigest(asker)
}

/** Four digits that the person reads to the sponsor. Somebody else with the person's password gets other digits. */
export function numberOf({ id }: Pick<Sponsorship, 'id'>): string {
  const number = Buffer.from(digestOf(`sponsorship ${id}`), 'base64url').readUInt32BE() % 10_000
  return String(number).padStart(4, '0')
}

/** An index that is never read. */
function nobodyCalled(typed: string): string {
  return digestOf(typed).slice(0, 22)
}
