/**
 * How sessions end: one, all of a person, all of them. Owns that every token is dead then, that the store is asked once whether that stays so, and
 * that whoever tries again asks it again (FIELD A7).
 */

import { isToken, tokenDigest } from '../ids.ts'
import { inBatches } from '../store/batches.ts'
import { type Store, type StoreEntry, StoreUnconfirmed, StoreUnreachable } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import { type EndReason, endedKey, endReasons, seenKey, sessionKey, sessionRecord, sessionsOf } from './records.ts'
import type { SessionCache } from './session-cache.ts'

const rememberedSeconds = 60 * 60
/** Nobody waits for these to be confirmed: such a session is over by its own stamps as well, also in an older state of the store. */
const overAnyway: ReadonlySet<EndReason> = new Set(['idle', 'expired'])

export interface EndingsOptions {
  readonly store: Store
  readonly cache: SessionCache
  readonly dropToken: (digest: string) => Promise<void>
  /** What this process remembers of a session. */
  readonly forget: (id: string) => unknown
}

export class Endings {
  readonly #options: EndingsOptions
  readonly #store: Store

  constructor(options: EndingsOptions) {
    this.#options = options
    this.#store = options.store
  }

  /**
   * Ends a session everywhere: every token of it is dead once this resolves. False where there was none. Rejects with StoreUnconfirmed where it is
   * ended and nothing confirms that it stays so; `confirmEnd` asks again.
   */
  async end(id: string, why: EndReason): Promise<boolean> {
    const session = await this.finish(id, why)
    if (session === null) return false
    if (overAnyway.has(why)) return true
    const unconfirmed = await evenUnconfirmed(() => this.#store.settle?.())
    if (unconfirmed === null) return true
    await this.rememberUnconfirmed(id, session.accountId)
    throw unconfirmed
  }

  /**
   * Ends all sessions of an account but `except`; answers how many. The confirmation is asked for once, at the end, and also where none was left:
   * who tries again asks for it again. Rejects with StoreUnconfirmed, which counts them.
   */
  async endAccount(accountId: string, why: EndReason, except?: string): Promise<number> {
    const ids = await this.#store.members(sessionsOf(accountId))
    const finish = async (id: string) => id !== except && (await this.finish(id, why)) !== null
    return this.#confirmed(await inBatches(ids, finish, undefined, { goesOn: true }))
  }

  /** Ends everybody's session, as `endAccount`. Costs what the store holds: for the terminal. `onDone` hears how many have been looked at. */
  async endAll(why: EndReason, onDone?: (done: number) => void): Promise<number> {
    const finish = async ({ key }: StoreEntry) =>
      (await this.finish(key.slice(sessionRecord.prefix.length), why)) !== null
    return this.#confirmed(await inBatches(this.#store.scan(sessionRecord.prefix), finish, onDone, { goesOn: true }))
  }

  /** Why the session behind a dead token ended, while that is remembered (one hour). */
  async whyEnded(token: string): Promise<EndReason | null> {
    if (!isToken(token)) return null
    const why = await this.#store.get(endedKey(tokenDigest(token)))
    return endReasons.find(reason => reason === why) ?? null
  }

  /**
   * Whether a session was ended without a confirmation lately (with `accountId`: one of this account). If so, asks for the confirmation again, and
   * rejects with StoreUnconfirmed as `end` does.
   */
  async confirmEnd(id: string, accountId?: string): Promise<boolean> {
    const whose = await this.#store.get(endedKey(id))
    if (whose === null || (accountId !== undefined && whose !== accountId)) return false
    await this.#store.settle?.()
    return true
  }

  /** The same by a token of it. */
  async confirmEndOf(token: string): Promise<boolean> {
    if ((await this.whyEnded(token)) === null) return false
    await this.#store.settle?.()
    return true
  }

  /** So that who tries again is not told that there is no such session. */
  rememberUnconfirmed(id: string, accountId = ''): Promise<void> {
    return this.#remember(id, accountId)
  }

  /**
   * Ends it; whether that is confirmed is the caller's question. Null where there was none. A session that this release cannot read ends as well, since
   * every release looks for the record that is taken out here; whose it was is not known then ('').
   */
  async finish(id: string, why: EndReason): Promise<{ readonly accountId: string } | null> {
    const text = await this.#store.take(sessionKey(id))
    this.#options.cache.forget(sessionKey(id))
    this.#options.forget(id)
    if (text === null) return null
    const session = sessionRecord.parseIfKnown(text)
    if (session === null) {
      await this.#store.delete(seenKey(id))
      return { accountId: '' }
    }
    await Promise.all([
      ...Object.values(session.tokens).flatMap(digest => [
        this.#remember(digest, why),
        this.#options.dropToken(digest)
      ]),
      this.#store.delete(seenKey(id)),
      this.#store.unlink(sessionsOf(session.accountId), id)
    ])
    return session
  }

  /** For a sign-in, which promises nobody that an older session stays ended: a store that goes back is noticed, and that is enough. */
  settleQuietly(): Promise<unknown> {
    return evenUnconfirmed(() => this.#store.settle?.())
  }

  async #confirmed(areEnded: readonly boolean[]): Promise<number> {
    const ended = areEnded.filter(Boolean).length
    const unconfirmed = await evenUnconfirmed(() => this.#store.settle?.())
    if (unconfirmed === null) return ended
    throw new StoreUnconfirmed(unconfirmed.message, { cause: unconfirmed.cause, ended })
  }

  /** For a page that explains. A full disk has no room for it, and the session ends all the same. */
  async #remember(digestOrId: string, what: string): Promise<void> {
    await this.#store.put(endedKey(digestOrId), what, rememberedSeconds).catch(error => {
      if (!(error instanceof StoreUnreachable)) throw error
    })
  }
}
