/** The ends of sessions. A second call asks again for a missing confirmation (FIELD A7). */
import type { Clock } from '../clock.ts'
import { isToken, tokenDigest } from '../ids.ts'
import { type Words, wordsFor } from '../reasons/reason.ts'
import { inBatches } from '../store/batches.ts'
import { RecordTooNew, type Store, type StoreEntry, StoreUnconfirmed, StoreUnreachable } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import {
  type Ended,
  type EndReason,
  endedKey,
  endedReasonsRecord,
  endedText,
  parseEnded,
  seenKey,
  sessionKey,
  sessionRecord,
  sessionsOf,
  tokenRecord
} from './records.ts'
import type { SessionCache } from './session-cache.ts'

export const rememberedSeconds = 60 * 60
/** These need no confirmation: in an older state of the store they have expired too. */
const overAnyway: ReadonlySet<EndReason> = new Set(['idle', 'expired'])

interface EndingsOptions {
  readonly store: Store
  readonly cache: SessionCache
  readonly clock: Clock
  readonly dropToken: (digest: string) => Promise<void>
  readonly forget: (id: string) => unknown
}

export class Endings {
  readonly #options: EndingsOptions
  readonly #store: Store

  constructor(options: EndingsOptions) {
    this.#options = options
    this.#store = options.store
  }

  /** Ends a session on every host; false if there is none. `words` are for the person. Rejects with StoreUnconfirmed; `confirmEnd` asks again. */
  async end(id: string, why: EndReason, words?: string | Words): Promise<boolean> {
    const session = await this.finish(id, why, words)
    if (session === null) return false
    if (overAnyway.has(why)) return true
    const unconfirmed = await evenUnconfirmed(() => this.#store.settle?.())
    if (unconfirmed === null) return true
    await this.rememberUnconfirmed(id, session.accountId)
    throw unconfirmed
  }

  /** Returns the number of ended sessions. Asks for one confirmation, even without a session. Rejects with StoreUnconfirmed, which has the number. */
  async endAccount(accountId: string, why: EndReason, except?: string, words?: string): Promise<number> {
    return this.#endEach(accountId, async id => id !== except && (await this.finish(id, why, words)) !== null)
  }

  /** The account is removed, so the kept reasons do not name it. */
  async endRemoved(accountId: string): Promise<number> {
    return this.#endEach(accountId, async id => (await this.finish(id, 'revoked', undefined, null)) !== null)
  }

  /** The session in `acting` only loses the proofs of this authenticator, if it has others. Rejects as `endAccount` does. */
  async endProvedBy(accountId: string, credentialId: string, acting?: string): Promise<number> {
    return this.#endEach(accountId, async id => {
      const text = await this.#store.get(sessionKey(id))
      const session = text === null ? null : sessionRecord.parseIfKnown(text)
      if (session === null || !session.proofs.some(proof => proof.credentialId === credentialId)) return false
      if (id === acting && (await this.#withoutProofs(id, credentialId))) return false
      return (await this.finish(id, 'factors_changed')) !== null
    })
  }

  /** It reads the whole store, so only commands call it. */
  async endAll(why: EndReason, onDone?: (done: number) => void): Promise<number> {
    const finish = async ({ key }: StoreEntry) =>
      (await this.finish(key.slice(sessionRecord.prefix.length), why)) !== null
    return this.#confirmed(await inBatches(this.#store.scan(sessionRecord.prefix), finish, onDone, { goesOn: true }))
  }

  /** Null if unknown. The reason is kept for an hour; for a suspended person, as long as the session could have lasted. */
  async whyEnded(token: string): Promise<Ended | null> {
    if (!isToken(token)) return null
    const digest = tokenDigest(token)
    const text = await this.#store.get(endedKey(digest))
    const ended = text === null ? null : parseEnded(text)
    if (ended === null || ended.words === null) return ended
    const said = await endedReasonsRecord.get(this.#store, digest).catch(ifTooNew)
    return said === null ? ended : { ...ended, ...said }
  }

  /** Null if unknown. */
  async ownerOf(token: string): Promise<string | null> {
    const ended = await this.whyEnded(token)
    if (ended !== null || !isToken(token)) return ended?.accountId ?? null
    return (await tokenRecord.get(this.#store, tokenDigest(token)))?.account ?? null
  }

  /** True if this session (or, with `accountId`, one of this account) ended unconfirmed within the last hour. Asks again, and rejects as `end` does. */
  async confirmEnd(id: string, accountId?: string): Promise<boolean> {
    const whose = await this.#store.get(endedKey(id))
    if (whose === null || (accountId !== undefined && whose !== accountId)) return false
    await this.#store.settle?.()
    return true
  }

  async confirmEndOf(token: string): Promise<boolean> {
    if ((await this.whyEnded(token)) === null) return false
    await this.#store.settle?.()
    return true
  }

  /** A person who tries again must not hear that there is no such session. */
  rememberUnconfirmed(id: string, accountId = ''): Promise<void> {
    return this.#remember(endedKey(id), accountId)
  }

  /**
   * Needs no confirmation; null if there is no session. An unreadable one ends too, with '' as its account. With `owner: null` nobody can tell later whose it
   * was.
   */
  async finish(
    id: string,
    why: EndReason,
    words?: string | Words,
    owner?: null
  ): Promise<{ readonly accountId: string } | null> {
    const text = await this.#store.take(sessionKey(id))
    this.#options.cache.forget(sessionKey(id))
    this.#options.forget(id)
    if (text === null) return null
    const session = sessionRecord.parseIfKnown(text)
    if (session === null) {
      await this.#store.delete(seenKey(id))
      return { accountId: '' }
    }
    const said = words === undefined ? null : typeof words === 'string' ? { why: words } : wordsFor(words)
    const accountId = owner === null ? null : session.accountId
    const seconds = why === 'suspended' ? this.#secondsLeft(session) : rememberedSeconds
    await Promise.all([
      ...Object.values(session.tokens).flatMap(digest => [
        this.#remember(endedKey(digest), endedText({ why, accountId, words: said?.why ?? null }), seconds),
        this.#rememberReasons(digest, said?.reasons),
        this.#options.dropToken(digest)
      ]),
      this.#store.delete(seenKey(id)),
      this.#store.unlink(sessionsOf(session.accountId), id)
    ])
    return session
  }

  /** A sign-in makes no promise about an older session. */
  settleQuietly(): Promise<unknown> {
    return evenUnconfirmed(() => this.#store.settle?.())
  }

  async #endEach(accountId: string, end: (id: string) => Promise<boolean>): Promise<number> {
    const ids = await this.#store.members(sessionsOf(accountId))
    return this.#confirmed(await inBatches(ids, end, undefined, { goesOn: true }))
  }

  async #confirmed(areEnded: readonly boolean[]): Promise<number> {
    const ended = areEnded.filter(Boolean).length
    const unconfirmed = await evenUnconfirmed(() => this.#store.settle?.())
    if (unconfirmed === null) return ended
    throw new StoreUnconfirmed(unconfirmed.message, { cause: unconfirmed.cause, ended })
  }

  /** False if no proof would be left. */
  async #withoutProofs(id: string, credentialId: string): Promise<boolean> {
    const isLeft = await sessionRecord.change<boolean>(this.#store, id, session => {
      const proofs = session?.proofs.filter(proof => proof.credentialId !== credentialId) ?? []
      if (session === null || proofs.length === 0) return { result: false }
      return { next: { ...session, proofs }, result: true, purpose: 'ends access' }
    })
    this.#options.cache.forget(sessionKey(id))
    return isLeft
  }

  async #rememberReasons(digest: string, reasons: Words['reasons']): Promise<void> {
    if (reasons === undefined) return
    await this.#remember(endedReasonsRecord.key(digest), endedReasonsRecord.text({ reasons }))
  }

  #secondsLeft({ expiresAt }: { readonly expiresAt: number }): number {
    return Math.max(rememberedSeconds, Math.ceil((expiresAt - this.#options.clock()) / 1000))
  }

  /** A full disk has no room for an explanation. */
  async #remember(key: string, what: string, seconds = rememberedSeconds): Promise<void> {
    await this.#store.put(key, what, seconds).catch(error => {
      if (!(error instanceof StoreUnreachable)) throw error
    })
  }
}

function ifTooNew(error: unknown): null {
  if (error instanceof RecordTooNew) return null
  throw error
}
