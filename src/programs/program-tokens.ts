/** The use-cases of programs' tokens: issue, find, list, revoke. */
import { timingSafeEqual } from 'node:crypto'
import { type Clock, isCurrent } from '../clock.ts'
import { type Account, accountPrefix, subjectOf } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
import { growingLru } from '../session/growing-lru.ts'
import type { SessionCache } from '../session/session-cache.ts'
import { inBatches } from '../store/batches.ts'
import type { Store } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Program, TokenFailure } from './program.ts'
import { digestOfToken, idOfDigest, isTokenId, type ProgramToken, programTokenRecord } from './program-token.ts'
import { isTokenText, newTokenText } from './token-text.ts'
import { type TokenUse, TokenUses } from './token-uses.ts'
import { WrongTokens } from './wrong-tokens.ts'

export interface NewToken
  extends Pick<ProgramToken, 'accountId' | 'name' | 'app' | 'paths' | 'methods' | 'networks' | 'bytes' | 'by'> {
  readonly validSeconds: number
}

export interface ListedToken {
  readonly token: ProgramToken
  readonly lastUse: TokenUse | null
}

export class TooManyTokens extends Error {
  override readonly name = 'TooManyTokens'

  constructor() {
    super(`nobody may have more than ${maxTokens} tokens; revoke one first`)
  }
}

const maxTokens = 100
/** An ended token stays listed, so its owner sees why a program has stopped. */
const keptSeconds = 30 * 86_400
/** Tokens that a process remembers by their text. */
const known = 10_000

const tokensOf = (accountId: string) => `program-tokens-of:${accountId}`

interface ProgramTokensOptions {
  readonly store: Store
  readonly cache: SessionCache
  readonly clock: Clock
  /** Null if its directory admits nobody any more. */
  readonly accountNow: (account: Account) => Account | null
}

interface Known {
  readonly key: string
  program: Program | null
}

export class ProgramTokens {
  readonly #options: ProgramTokensOptions
  readonly #known = growingLru<Known>(known)
  readonly #wrong = new WrongTokens()
  readonly #uses: TokenUses

  constructor(options: ProgramTokensOptions) {
    this.#options = options
    this.#uses = new TokenUses(options)
    options.cache.onNotice(notice => {
      if (notice.kind === 'changed' && notice.key.startsWith(programTokenRecord.prefix))
        this.#wrong.forget(notice.key.slice(programTokenRecord.prefix.length))
    })
  }

  /** The text is shown once, and kept nowhere. Throws TooManyTokens. */
  async issue({ validSeconds, ...given }: NewToken): Promise<{ readonly token: ProgramToken; readonly text: string }> {
    const { store, clock } = this.#options
    const index = tokensOf(given.accountId)
    const createdAt = clock()
    const life = validSeconds + keptSeconds
    for (;;) {
      const text = newTokenText()
      const digest = digestOfToken(text)
      const token: ProgramToken = {
        id: idOfDigest(digest),
        digest,
        ...given,
        createdAt,
        expiresAt: createdAt + validSeconds * 1000
      }
      // The index comes first: a token outside every list could not be revoked with its owner.
      await store.link(index, token.id, life)
      // Otherwise many at once could all take the last place.
      if ((await store.members(index)).length > maxTokens) {
        await store.unlink(index, token.id)
        throw new TooManyTokens()
      }
      if (await store.add(programTokenRecord.key(token.id), programTokenRecord.text(token), life))
        return { token, text }
    }
  }

  /** Undefined if the store must be asked. */
  peek(text: string, address: string): Program | undefined {
    const { cache, clock } = this.#options
    if (!cache.isTold) return undefined
    const found = this.#known.get(text)
    if (found === undefined) return undefined
    const token = cache.peek(found.key) as ProgramToken | undefined
    if (token === undefined) return undefined
    const account = cache.peek(accountPrefix + token.accountId) as Account | undefined
    if (account === undefined) return undefined
    const now = clock()
    const program = assemble(found, token, account, now, this.#options)
    if (program !== null) this.#uses.note(token, address, now)
    return program ?? undefined
  }

  /** `address`: it is limited. Rejects with StoreUnreachable. */
  async find(text: string, address: string): Promise<Program | TokenFailure> {
    if (!isTokenText(text)) return 'token_invalid'
    const { cache, clock } = this.#options
    const digest = digestOfToken(text)
    const id = idOfDigest(digest)
    const now = clock()
    if (this.#wrong.isAbsent(id, now)) return 'token_invalid'
    const key = programTokenRecord.key(id)
    const isCached = cache.peek(key) !== undefined
    if (!isCached && !this.#wrong.take(address, now)) return 'too_many_attempts'
    const token = await cache.read(key, programTokenRecord.parse)
    if (token === null || !isSame(token.digest, digest)) {
      this.#wrong.noteAbsent(id, now)
      return 'token_invalid'
    }
    if (!isCached) this.#wrong.giveBack(address)
    const account = await cache.read(accountPrefix + token.accountId, accountRecord.parse)
    const found: Known = this.#known.get(text) ?? { key, program: null }
    const program = account === null ? null : assemble(found, token, account, now, this.#options)
    if (program === null) return 'token_invalid'
    this.#known.set(text, found)
    this.#uses.note(token, address, now)
    return program
  }

  /** For a text that was found in a public place. */
  async identify(text: string): Promise<ProgramToken | null> {
    if (!isTokenText(text)) return null
    const digest = digestOfToken(text)
    const token = await this.byId(idOfDigest(digest))
    return token !== null && isSame(token.digest, digest) ? token : null
  }

  async byId(id: string): Promise<ProgramToken | null> {
    return isTokenId(id) ? programTokenRecord.get(this.#options.store, id) : null
  }

  /** The newest first, also those that have ended lately. */
  async list(accountId: string): Promise<ListedToken[]> {
    const { store } = this.#options
    const found = await inBatches(await store.members(tokensOf(accountId)), async id => {
      const token = await programTokenRecord.get(store, id)
      return token === null ? null : this.#listed(token)
    })
    return found.filter(each => each !== null).sort((a, b) => b.token.createdAt - a.token.createdAt)
  }

  /** It reads the whole store, so only commands call it. */
  async all(): Promise<ListedToken[]> {
    const found: ListedToken[] = []
    for await (const { value } of this.#options.store.scan(programTokenRecord.prefix)) {
      const token = programTokenRecord.parseIfKnown(value)
      if (token !== null) found.push(await this.#listed(token))
    }
    return found.sort((a, b) => b.token.createdAt - a.token.createdAt)
  }

  async hasAny(accountId: string): Promise<boolean> {
    const now = this.#options.clock()
    return (await this.list(accountId)).some(({ token }) => isValid(token, now))
  }

  /** Also ends running requests on every gate. Rejects with StoreUnconfirmed; a second call asks again. */
  async revoke(id: string): Promise<boolean> {
    const isGone = await this.#drop(id)
    await this.#options.store.settle?.()
    return isGone
  }

  /** Returns how many. Rejects as `revoke` does. */
  async revokeAll(accountId: string): Promise<number> {
    const ids = await this.#options.store.members(tokensOf(accountId))
    const gone = await inBatches(ids, id => this.#drop(id), undefined, { goesOn: true })
    await this.#options.store.settle?.()
    return gone.filter(Boolean).length
  }

  removeAll(accountId: string): Promise<number> {
    return this.revokeAll(accountId)
  }

  /** Resolves even if no replica has confirmed it. */
  async dropAll(accountId: string): Promise<number> {
    let gone = 0
    await evenUnconfirmed(async () => {
      gone = await this.revokeAll(accountId)
    })
    return gone
  }

  /** True while running requests with this token may go on. */
  async stands(id: string): Promise<boolean> {
    const token = await this.#options.cache.read(programTokenRecord.key(id), programTokenRecord.parse)
    return token !== null && isValid(token, this.#options.clock())
  }

  /** Call it every few seconds, and before the end. */
  flush(): Promise<void> {
    return this.#uses.flush()
  }

  async #listed(token: ProgramToken): Promise<ListedToken> {
    return { token, lastUse: await this.#uses.last(token.id) }
  }

  /** A damaged or a newer release's record goes too. */
  async #drop(id: string): Promise<boolean> {
    const { store, cache } = this.#options
    if (!isTokenId(id)) return false
    const key = programTokenRecord.key(id)
    const text = await store.take(key)
    cache.forget(key)
    if (text === null) return false
    const token = programTokenRecord.parseIfKnown(text)
    if (token !== null) await store.unlink(tokensOf(token.accountId), id)
    await this.#uses.forget(id)
    return true
  }
}

/** Otherwise a clock that was ahead could make tokens that live longer (THREATS D17). */
function isValid({ createdAt, expiresAt }: ProgramToken, now: number): boolean {
  return isCurrent(expiresAt, expiresAt - createdAt, now)
}

function assemble(
  found: Known,
  token: ProgramToken,
  stored: Account,
  now: number,
  { accountNow }: Pick<ProgramTokensOptions, 'accountNow'>
): Program | null {
  if (!isValid(token, now) || stored.suspended !== null) return null
  const account = accountNow(stored)
  if (account === null) return null
  const { program } = found
  if (program !== null && program.token === token && program.account === account) return program
  const proofs = [{ kind: 'token', at: token.createdAt, userVerified: false, generation: 0 }] as const
  found.program = { token, account, subject: subjectOf(account), proofs }
  return found.program
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}
