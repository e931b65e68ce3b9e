/** Links for a new password, sent by mail. Each works once, for half an hour, in the browser that asked. */
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
const listOf = (accountId: string) => `password-links-of:${accountId}`

export class PasswordLinks {
  readonly #store: Store
  readonly #clock: Clock

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store
    this.#clock = clock
  }

  /** The token. Older links of this browser end. Those of others stay, otherwise anybody could end the person's link. */
  async issue(accountId: string, browser: string): Promise<string> {
    const token = newToken()
    const digest = tokenDigest(token)
    const older = await this.#store.members(listOf(accountId))
    const link = { accountId, browser: digestOf(browser), expiresAt: this.#clock() + lifeSeconds * 1000 }
    // Listed first, so that `removeAll` finds every link.
    await this.#store.link(listOf(accountId), digest, lifeSeconds)
    await passwordLinkRecord.put(this.#store, digest, link, lifeSeconds)
    for (const one of older)
      if ((await passwordLinkRecord.get(this.#store, one))?.browser === link.browser) await this.#end(accountId, one)
    return token
  }

  /** Spends nothing, since mail scanners open links too. */
  async look(token: string, browser: string | null): Promise<'good' | 'other_browser' | 'gone'> {
    if (!isToken(token)) return 'gone'
    const link = await passwordLinkRecord.get(this.#store, tokenDigest(token))
    if (link === null || !this.#isCurrent(link)) return 'gone'
    return browser !== null && link.browser === digestOf(browser) ? 'good' : 'other_browser'
  }

  /** The account's id for one caller alone; null if the link is not good in this browser. */
  async spend(token: string, browser: string | null): Promise<string | null> {
    if ((await this.look(token, browser)) !== 'good') return null
    const digest = tokenDigest(token)
    const link = await passwordLinkRecord.take(this.#store, digest)
    if (link === null || !this.#isCurrent(link)) return null
    await this.#store.unlink(listOf(link.accountId), digest)
    return link.accountId
  }

  async removeAll(accountId: string): Promise<void> {
    for (const digest of await this.#store.members(listOf(accountId))) await this.#end(accountId, digest)
  }

  async #end(accountId: string, digest: string): Promise<void> {
    await this.#store.delete(passwordLinkRecord.key(digest))
    await this.#store.unlink(listOf(accountId), digest)
  }

  #isCurrent({ expiresAt }: PasswordLink): boolean {
    return isCurrent(expiresAt, lifeSeconds * 1000, this.#clock())
  }
}
