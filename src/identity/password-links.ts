/** The links for a new password, which go out by mail. Each works once, for half an hour, in the browser that asked. */
import { type Clock, isCurrent } from '../clock.ts'
import { digestOf, isToken, newToken, tokenDigest } from '../ids.ts'
import { RecordKind } from '../store/records.ts'
import type { Store } from '../store/store.ts'

const lifeSeconds = 30 * 60

interface PasswordLink {
  readonly accountId: string
  /** The digest of a value that only the asking browser has. */
  readonly browser: string
  readonly expiresAt: number
}

/** The record's id is the digest of the token. */
export const passwordLinkRecord = new RecordKind<PasswordLink>({
  prefix: 'password-link:',
  version: 1,
  read: ({ accountId, browser, expiresAt }) =>
    typeof accountId === 'string' && typeof browser === 'string' && typeof expiresAt === 'number'
      ? { accountId, browser, expiresAt }
      : null
})
const latestOf = (accountId: string) => `password-link-of:${accountId}`

export class PasswordLinks {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** Its token. Older links of the account end. */
  async issue(accountId: string, browser: string): Promise<string> {
    const token = newToken()
    const digest = tokenDigest(token)
    const link = { accountId, browser: digestOf(browser), expiresAt: this.#clock() + lifeSeconds * 1000 }
    await passwordLinkRecord.put(this.#store, digest, link, lifeSeconds)
    await this.#store.put(latestOf(accountId), digest, lifeSeconds)
    return token
  }

  /** Spends nothing, since mail scanners open links too. */
  async look(token: string, browser: string | null): Promise<'good' | 'other_browser' | 'gone'> {
    if (!isToken(token)) return 'gone'
    const digest = tokenDigest(token)
    const link = await passwordLinkRecord.get(this.#store, digest)
    if (!(await this.#stands(digest, link))) return 'gone'
    return browser !== null && link?.browser === digestOf(browser) ? 'good' : 'other_browser'
  }

  /** The account's id, to one caller alone; null if the link is not good in this browser. */
  async spend(token: string, browser: string | null): Promise<string | null> {
    if ((await this.look(token, browser)) !== 'good') return null
    const digest = tokenDigest(token)
    const link = await passwordLinkRecord.take(this.#store, digest)
    return (await this.#stands(digest, link)) ? (link?.accountId ?? null) : null
  }

  async removeAll(accountId: string): Promise<void> {
    const digest = await this.#store.take(latestOf(accountId))
    if (digest !== null) await this.#store.delete(passwordLinkRecord.key(digest))
  }

  /** True while its time lasts and no newer one exists. */
  async #stands(digest: string, link: PasswordLink | null): Promise<boolean> {
    if (link === null || !isCurrent(link.expiresAt, lifeSeconds * 1000, this.#clock())) return false
    return (await this.#store.get(latestOf(link.accountId))) === digest
  }
}
