/** The use-cases of a session: start, prove, hand over, find, end. */
import type { Clock } from '../clock.ts'
import { isFullySignedIn, type Proof } from '../factor/proof.ts'
import { type Account, accountPrefix, subjectOf } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
import { newId, newToken, tokenDigest } from '../ids.ts'
import { inBatches } from '../store/batches.ts'
import type { Store } from '../store/store.ts'
import { ClockCorrection } from './clock-correction.ts'
import { Endings, rememberedSeconds } from './endings.ts'
import { HandOvers } from './hand-overs.ts'
import { prolong } from './institution-sessions.ts'
import { LastUses } from './last-uses.ts'
import { type Entered, generationOf, type Principal } from './principal.ts'
import { seenKey, sessionKey, sessionRecord, sessionsOf, type TokenRecord, tokenKey, tokenRecord } from './records.ts'
import { type Device, maxUserAgentLength, proofsOf, type Session, withoutDevice, withProof } from './session.ts'
import type { SessionCache } from './session-cache.ts'
import { invitedSeconds, lifeSeconds } from './session-life.ts'
import { sessionsToEvict } from './session-limit.ts'
import { noTerms, proofsUnder, type SessionTerms } from './terms.ts'
import { type TokenKeys, TokensInUse } from './token-key-cache.ts'

export type { Entered, Principal } from './principal.ts'

export interface SessionLimits {
  readonly idleSeconds: number
  readonly absoluteSeconds: number
  readonly maxPerUser: number
}

type NewProof = Omit<Proof, 'generation'>

export class Sessions {
  readonly #store: Store
  readonly #cache: SessionCache
  readonly #clock: Clock
  #limits: SessionLimits
  #terms: SessionTerms = noTerms
  readonly #lastUses: LastUses
  readonly #tokens: TokensInUse
  readonly #clockCorrection: ClockCorrection
  readonly #handOvers: HandOvers
  readonly #endings: Endings

  constructor(input: {
    store: Store
    cache: SessionCache
    clock: Clock
    limits: SessionLimits
    onAhead?: (seconds: number) => void
  }) {
    this.#store = input.store
    this.#cache = input.cache
    this.#tokens = new TokensInUse(input.cache)
    this.#clock = input.clock
    this.#lastUses = new LastUses({ ...input, idleSeconds: () => this.#limits.idleSeconds })
    this.#handOvers = new HandOvers(input)
    this.#endings = new Endings({
      ...input,
      dropToken: digest => this.#dropToken(digest),
      forget: id => this.#lastUses.forget(id)
    })
    this.#clockCorrection = new ClockCorrection({
      ...input,
      lifeMs: proofs => lifeSeconds(proofs, this.#limits.absoluteSeconds) * 1000,
      idleSeconds: () => this.#limits.idleSeconds,
      end: id => this.end(id, 'expired'),
      forget: () => this.#lastUses.forgetAll()
    })
    this.#limits = input.limits
  }

  begin(): Promise<void> {
    return this.#clockCorrection.begin()
  }

  /** New limits apply to running sessions too. */
  setLimits(limits: SessionLimits): void {
    this.#limits = limits
  }

  setTerms(terms: SessionTerms): void {
    this.#terms = terms
  }

  accountNow(account: Account): Account | null {
    return this.#terms.accountNow(account)
  }

  /** The browser's earlier session ends. */
  async start(input: {
    accountId: string
    proof: NewProof
    more?: readonly NewProof[]
    /** Before the absolute limit, in milliseconds since the epoch. */
    endsAt?: number | null
    device: Device
    host: string
    replaces?: Principal | null
  }): Promise<Entered> {
    const now = await this.#clockCorrection.present()
    const isReplaced = input.replaces
      ? (await this.#endings.finish(input.replaces.session.id, 'replaced')) !== null
      : false
    const token = newToken()
    const digest = tokenDigest(token)
    const blank: Session = {
      id: newId(),
      accountId: input.accountId,
      createdAt: now,
      expiresAt: 0,
      proofs: [],
      generation: 0,
      device: { userAgent: input.device.userAgent.slice(0, maxUserAgentLength), address: input.device.address },
      tokens: { [input.host]: digest }
    }
    const proven = [input.proof, ...(input.more ?? [])].reduce(withProof, blank)
    const ends = now + lifeSeconds(proven.proofs, this.#limits.absoluteSeconds) * 1000
    const session = {
      ...proven,
      expiresAt: Math.min(ends, input.endsAt ?? ends),
      ...(input.endsAt == null ? {} : { endsAt: input.endsAt })
    }
    const seconds = (session.expiresAt - now) / 1000
    const madeRoom = await this.#makeRoom(session.accountId, { isWhole: isFullySignedIn(session.proofs) })
    const record: TokenRecord = {
      session: session.id,
      host: input.host,
      generation: session.generation,
      at: now,
      account: session.accountId
    }
    // The index is first, because a session outside every list could not be ended.
    await this.#store.link(sessionsOf(session.accountId), session.id, this.#limits.absoluteSeconds + invitedSeconds)
    await Promise.all([
      this.#store.put(seenKey(session.id), String(now), this.#limits.idleSeconds),
      tokenRecord.put(this.#store, digest, record, seconds + rememberedSeconds),
      sessionRecord.put(this.#store, session.id, session, seconds),
      isReplaced || madeRoom ? this.#endings.settleQuietly() : null
    ])
    const principal = await this.find(input.host, token)
    if (principal === null)
      throw new Error('a session that was just started is not there: the account is gone or suspended')
    return { principal, token }
  }

  /** The host gets a new token, and the old one is dead. Null if the session has ended. */
  async prove(principal: Principal, proof: NewProof): Promise<Entered | null> {
    const { id, accountId, proofs } = principal.session
    const isWholeNow = !isFullySignedIn(proofs) && isFullySignedIn(withProof(principal.session, proof).proofs)
    if (isWholeNow && (await this.#makeRoom(accountId, { isWhole: true, except: id })))
      await this.#endings.settleQuietly()
    // The institution's record is prolonged first, because it must outlive the session.
    if (isWholeNow && principal.account.externalId !== undefined)
      await prolong(this.#store, id, this.#wholeUntil(principal.session), this.#clock())
    return this.#reissue(principal.session.id, principal.host, session => {
      const proven = withProof(session, proof)
      if (isFullySignedIn(session.proofs) || !isFullySignedIn(proven.proofs)) return proven
      return { ...proven, expiresAt: this.#wholeUntil(session) }
    })
  }

  #wholeUntil({ endsAt }: Session): number {
    return Math.min(this.#clock() + this.#limits.absoluteSeconds * 1000, endsAt ?? Number.POSITIVE_INFINITY)
  }

  /** Valid once within 30 s, in the browser whose nonce hashes to `state`. */
  handOver(principal: Principal, toHost: string, state: string, returnTo: string): Promise<string> {
    const generation = generationOf(principal)
    return this.#handOvers.make({ session: principal.session.id, host: toHost, generation, state, returnTo })
  }

  lookAtHandOver = (code: string, host: string) => this.#handOvers.look(code, host)

  /**
   * Null for a wrong, spent, late or misplaced code. If `current` shows as much, its token stays and the new one is '', otherwise tabs that arrive together
   * would end each other's. Without it the new token has no device key.
   */
  async redeem(
    code: string,
    host: string,
    state: string,
    current: Principal | null = null
  ): Promise<(Entered & { returnTo: string }) | null> {
    const record = await this.#handOvers.spend(code, host, state)
    if (record === null) return null
    const { session, generation, returnTo } = record
    const isSame = current?.host === host && current.session.id === session
    if (isSame && generationOf(current) >= generation) return { principal: current, token: '', returnTo }
    const entered = await this.#reissue(session, host, one => (isSame ? one : withoutDevice(one, host)), generation)
    return entered === null ? null : { ...entered, returnTo }
  }

  /** From memory; undefined if the store must be asked. It does not prolong the session. */
  peek(host: string, token: string): Principal | undefined {
    if (!this.#cache.isTold) return undefined
    const keys = this.#tokens.keysOf(token)
    if (keys === null) return undefined
    const record = this.#cache.peek(keys.token) as TokenRecord | undefined
    if (record === undefined) return undefined
    const session = this.#cache.peek(keys.session(record.session)) as Session | undefined
    if (session === undefined) return undefined
    const account = this.#cache.peek(keys.account(session.accountId)) as Account | undefined
    const now = this.#clock()
    if (account === undefined || !this.#clockCorrection.isSteady(now) || !this.#lastUses.isFresh(session.id, now))
      return undefined
    return this.#assemble(host, keys, record, session, account, now) ?? undefined
  }

  /** Prolongs the session. */
  async find(host: string, token: string): Promise<Principal | null> {
    const principal = await this.look(host, token)
    if (principal !== null) this.noteActivity(principal.session.id)
    return principal
  }

  /** Does not prolong the session. Rejects with StoreUnreachable. */
  async look(host: string, token: string): Promise<Principal | null> {
    const keys = this.#tokens.keysOf(token)
    if (keys === null) return null
    const now = await this.#clockCorrection.present()
    const record = await this.#cache.read(keys.token, tokenRecord.parse)
    if (record === null || record.host !== host) return null
    let session = await this.#cache.read(sessionKey(record.session), sessionRecord.parse)
    if (session !== null && session.generation < record.generation) {
      // Another gate has just made the token, and its notice came before the session's.
      this.#cache.forget(sessionKey(record.session))
      session = await this.#cache.read(sessionKey(record.session), sessionRecord.parse)
    }
    if (session !== null) session = await this.#clockCorrection.correctIfAhead(session, now)
    if (session === null) return null
    const account = await this.#cache.read(accountPrefix + session.accountId, accountRecord.parse)
    if (account === null || (await this.#hasIdled(session, now))) return null
    return this.#assemble(host, keys, record, session, account, now)
  }

  readonly end: Endings['end'] = (id, why, words) => this.#endings.end(id, why, words)
  readonly endRemoved: Endings['endRemoved'] = id => this.#endings.endRemoved(id)
  readonly endAccount: Endings['endAccount'] = (id, why, except, words) =>
    this.#endings.endAccount(id, why, except, words)
  readonly endProvedBy: Endings['endProvedBy'] = (accountId, credentialId, acting) =>
    this.#endings.endProvedBy(accountId, credentialId, acting)
  readonly endAll: Endings['endAll'] = (why, onDone) => this.#endings.endAll(why, onDone)
  readonly whyEnded: Endings['whyEnded'] = token => this.#endings.whyEnded(token)
  readonly ownerOf: Endings['ownerOf'] = token => this.#endings.ownerOf(token)
  readonly confirmEnd: Endings['confirmEnd'] = (id, accountId) => this.#endings.confirmEnd(id, accountId)
  readonly confirmEndOf: Endings['confirmEndOf'] = token => this.#endings.confirmEndOf(token)
  readonly rememberUnconfirmed: Endings['rememberUnconfirmed'] = id => this.#endings.rememberUnconfirmed(id)

  /** Last seen first. */
  async list(accountId: string): Promise<{ session: Session; lastSeenAt: number }[]> {
    const found = await inBatches(await this.#store.members(sessionsOf(accountId)), async id => {
      const session = await sessionRecord.get(this.#store, id)
      if (session === null || session.expiresAt <= this.#clock()) return null
      const lastSeenAt = await this.#lastUses.latest(id)
      return lastSeenAt > 0 ? { session, lastSeenAt } : null
    })
    return found.filter(each => each !== null).sort((a, b) => b.lastSeenAt - a.lastSeenAt)
  }

  /** A session that loses its last second factor goes on half-way. */
  async standing(id: string): Promise<'ended' | 'half-way' | 'complete'> {
    const now = await this.#clockCorrection.present()
    let session = await this.#cache.read(sessionKey(id), sessionRecord.parse)
    if (session !== null) session = await this.#clockCorrection.correctIfAhead(session, now)
    if (session === null || session.expiresAt <= now || (await this.#hasIdled(session, now))) return 'ended'
    const account = await this.#cache.read(accountPrefix + session.accountId, accountRecord.parse)
    if (account !== null && this.#terms.accountNow(account) === null) return 'ended'
    return isFullySignedIn(session.proofs) ? 'complete' : 'half-way'
  }

  async stands(id: string): Promise<boolean> {
    return (await this.standing(id)) !== 'ended'
  }

  /** Prolongs the session. Traffic on an open socket or in a download counts too. */
  noteActivity(id: string): void {
    this.#lastUses.touch(id)
  }

  activeWithin(seconds: number): number {
    return this.#lastUses.activeWithin(seconds)
  }

  /** Call it every few seconds, and before the end. */
  async flush(): Promise<void> {
    await this.#clockCorrection.save()
    await this.#lastUses.flush()
  }

  /** Writes the last use now, so that every process counts it. */
  writeUse(id: string): Promise<void> {
    return this.#lastUses.write(id)
  }

  async #reissue(
    id: string,
    host: string,
    change: (session: Session) => Session,
    asOf?: number
  ): Promise<Entered | null> {
    const token = newToken()
    const digest = tokenDigest(token)
    const replaced = await sessionRecord.change<{ old: string | undefined } | null>(this.#store, id, async session => {
      const now = this.#clock()
      if (session === null || session.expiresAt <= now) return { result: null }
      const changed = change(session)
      const next = { ...changed, tokens: { ...changed.tokens, [host]: digest } }
      const seconds = (next.expiresAt - now) / 1000
      const generation = Math.min(asOf ?? next.generation, next.generation)
      const record: TokenRecord = { session: id, host, generation, at: now, account: session.accountId }
      // The token's record is first, because a session must not name a token without one.
      await tokenRecord.put(this.#store, digest, record, seconds + rememberedSeconds)
      return { next, ttlSeconds: seconds, result: { old: session.tokens[host] } }
    })
    this.#cache.forget(sessionKey(id))
    if (replaced === null) {
      // The session has ended meanwhile: no token of it may stay.
      await this.#dropToken(digest)
      return null
    }
    if (replaced.old !== undefined) await this.#dropToken(replaced.old)
    const principal = await this.find(host, token)
    return principal === null ? null : { principal, token }
  }

  async #dropToken(digest: string): Promise<void> {
    await this.#store.delete(tokenKey(digest))
    this.#cache.forget(tokenKey(digest))
  }

  async #makeRoom(accountId: string, next: { isWhole: boolean; except?: string }): Promise<boolean> {
    const tooMany = sessionsToEvict(await this.list(accountId), next, this.#limits.maxPerUser)
    for (const { id } of tooMany) await this.#endings.finish(id, 'too_many')
    return tooMany.length > 0
  }

  #assemble(
    host: string,
    keys: TokenKeys,
    record: TokenRecord,
    session: Session,
    stored: Account,
    now: number
  ): Principal | null {
    // Only the token that the session names is valid. An older one may still have a record.
    if (
      record.host !== host ||
      session.tokens[host] !== keys.digest ||
      session.expiresAt <= now ||
      stored.suspended !== null
    )
      return null
    const terms = this.#terms
    const account = terms.accountNow(stored)
    if (account === null) return null
    const known = keys.principal
    if (known !== null && known.session === session && known.account === account && keys.terms === terms) return known
    const proofs = proofsUnder(terms, proofsOf(session, record.generation))
    if (proofs === null) return null
    const principal = {
      session,
      account,
      subject: subjectOf(account),
      proofs,
      host,
      csrfKey: keys.digest,
      tokenAt: record.at ?? null,
      isFullySignedIn: isFullySignedIn(proofs)
    }
    keys.principal = principal
    keys.terms = terms
    return principal
  }

  async #hasIdled(session: Session, now: number): Promise<boolean> {
    if (!(await this.#lastUses.hasIdled(session.id, now))) return false
    await this.end(session.id, 'idle')
    return true
  }
}
