/**
 * A sign-in that an institution has checked: its person becomes an account, and a session or, for a person who is signed in, a fresh proof.
 * Its sign-out ends ours.
 */
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Admissions } from '../identity/admission.ts'
import type { Source } from '../identity/arrival.ts'
import type { Arrived, InstitutionRefusal, InstitutionSession } from '../identity/institution.ts'
import { wordsOf } from '../identity/suspension.ts'
import type { InstitutionSessions } from '../session/institution-sessions.ts'
import type { Sessions } from '../session/sessions.ts'
import type { SpentLogoutTokens } from '../session/spent-logout-tokens.ts'
import { StoreUnreachable } from '../store/store.ts'
import { answerBuckets, pushBuckets } from '../throttle/attempt-buckets.ts'
import type { AttemptLimiter, Reservation } from '../throttle/attempt-limiter.ts'
import type { Caller, SignedCaller } from './caller.ts'
import type { FirstFactor } from './first-factor.ts'
import type { SignInJournal } from './journal.ts'
import type { NextStep } from './next-step.ts'
import { type Denied, denied, following, type SignedIn } from './outcome.ts'

export interface InstitutionLoginOptions {
  readonly admissions: Pick<Admissions, 'admit'>
  readonly institutionSessions: InstitutionSessions
  readonly logoutTokens: SpentLogoutTokens
  readonly accounts: Pick<Accounts, 'ofExternal'>
  readonly sessions: Pick<Sessions, 'prove' | 'list' | 'end' | 'endAccount'>
  readonly limiter: Pick<AttemptLimiter, 'reserve'>
  readonly firstFactor: FirstFactor
  readonly nextStep: NextStep
  readonly journal: SignInJournal
}

/** One session there, or all of a person by id or by the institution's name for them. */
interface SignedOut {
  readonly sid: string | null
  readonly externalId: string | null
  readonly nameThere?: string | null
}

export class InstitutionLogin {
  readonly #options: InstitutionLoginOptions

  constructor(options: InstitutionLoginOptions) {
    this.#options = options
  }

  /** Counts an answer before it is read, since anybody may send one and reading takes time. `released` gives the count back. */
  async attempt(by: Caller, source: Source): Promise<Reservation> {
    const reservation = await this.#options.limiter.reserve(answerBuckets(source.id, by.address))
    if (reservation.kind === 'throttled') this.#options.journal.institutionThrottled(by, source.id)
    return reservation
  }

  /** Counts a request that the gate sends when a sign-in begins. False while the store is down. */
  async mayPush(by: Caller, source: Source): Promise<boolean> {
    try {
      return (await this.#options.limiter.reserve(pushBuckets(source.id, by.address))).kind === 'allowed'
    } catch (error) {
      if (error instanceof StoreUnreachable) return false
      throw error
    }
  }

  /** `by.principal` stays signed in if the account is the same and the answer adds a proof. */
  async arrive(by: Caller, source: Source, { arrival, session }: Arrived): Promise<SignedIn | Denied> {
    const { admissions, firstFactor, institutionSessions, journal } = this.#options
    const admission = await admissions.admit(source, arrival)
    if (admission.kind === 'refused') {
      journal.institutionFailed(by, source.id, `${admission.why}: ${JSON.stringify(arrival.name.slice(0, 128))}`)
      return denied(`institution_${admission.why}`)
    }
    const { account } = admission
    if (account.suspended !== null) {
      journal.institutionFailed(by, source.id, 'suspended', account)
      return denied('account_suspended', { words: wordsOf(account.suspended) })
    }
    if (session.endsAt !== null && session.endsAt <= by.now) {
      journal.institutionFailed(by, source.id, 'expired', account)
      return denied('institution_answer_invalid')
    }
    const entered =
      (await this.#prove(by, account, arrival.mfa)) ??
      (await firstFactor.enter(by, account, { kind: 'directory', mfa: arrival.mfa, endsAt: session.endsAt }))
    // Also after a step-up, since the institution may have begun another session.
    const own = entered.principal.session
    await institutionSessions.remember(
      own.id,
      { ...session, directory: source.id, externalId: arrival.externalId },
      own.expiresAt
    )
    return entered
  }

  /** The answer to a step-up. Another person's, or one without a second factor, changes nothing: `by.principal` stays signed in. */
  async confirm(
    by: SignedCaller,
    source: Source,
    arrived: Arrived
  ): Promise<SignedIn | Denied | { readonly kind: 'unchanged'; readonly why: 'somebody_else' | 'no_factor' }> {
    const { journal } = this.#options
    const { account } = by.principal
    if (account.directory !== source.id || account.externalId !== arrived.arrival.externalId) {
      journal.institutionFailed(by, source.id, 'somebody else signed in there')
      return { kind: 'unchanged', why: 'somebody_else' }
    }
    if (arrived.arrival.mfa === null) {
      journal.institutionFailed(by, source.id, 'the answer says nothing of a second factor', account)
      return { kind: 'unchanged', why: 'no_factor' }
    }
    return this.arrive(by, source, arrived)
  }

  refuse(by: Caller, source: Source, { code, detail }: InstitutionRefusal): Denied {
    this.#options.journal.institutionFailed(by, source.id, detail)
    return denied(code)
  }

  /** Ends the sessions of one session there, or of all of a person's (`sid` null). Returns their number. */
  async signedOutThere(by: Caller, directory: string, who: SignedOut): Promise<number> {
    const ended = await this.#end(directory, who)
    if (ended > 0) this.#options.journal.institutionSignOut(by, directory, ended)
    return ended
  }

  async #end(directory: string, { sid, externalId, nameThere }: SignedOut): Promise<number> {
    const { institutionSessions, sessions, accounts } = this.#options
    if (sid === null && nameThere != null) {
      const called = await institutionSessions.peopleCalled(directory, nameThere)
      const people = new Set(externalId === null ? called : [externalId, ...called])
      let ended = 0
      for (const id of people) ended += await this.#end(directory, { sid: null, externalId: id })
      return ended
    }
    const account = externalId === null ? null : await accounts.ofExternal(directory, externalId)
    if (sid !== null) {
      const ids = [
        ...(await institutionSessions.withSid(directory, sid, externalId)),
        ...(account === null ? [] : await this.#withoutSid(directory, account))
      ]
      let ended = 0
      for (const id of ids) if (await sessions.end(id, 'institution_sign_out')) ended++
      return ended
    }
    return account === null ? 0 : sessions.endAccount(account.id, 'institution_sign_out')
  }

  /** A provider may send a `sid` only in logout tokens, so it may mean any of the person's sessions without one. */
  async #withoutSid(directory: string, account: Account): Promise<string[]> {
    const { institutionSessions, sessions } = this.#options
    const ids = (await sessions.list(account.id)).map(({ session }) => session.id)
    const records = await Promise.all(ids.map(id => institutionSessions.of(id)))
    return ids.filter((_, i) => records[i]?.directory === directory && records[i]?.sid === null)
  }

  /** As `signedOutThere`; the signed token with this id counts once. Null if it was used before. */
  async signedOutByToken(
    by: Caller,
    directory: string,
    token: SignedOut & { readonly jti: string },
    seconds: number
  ): Promise<number | null> {
    const { logoutTokens } = this.#options
    if (!(await logoutTokens.spend(directory, token.jti, seconds))) return null
    try {
      return await this.signedOutThere(by, directory, token)
    } catch (error) {
      // After a failure the institution may send it again.
      await logoutTokens.giveBack(directory, token.jti)
      throw error
    }
  }

  /** What its sign-out needs; null for a session without an institution. */
  sessionOf(
    id: string
  ): Promise<(InstitutionSession & { readonly directory: string; readonly externalId: string }) | null> {
    return this.#options.institutionSessions.of(id)
  }

  /** Null if a new session is due. */
  async #prove(by: Caller, account: Account, mfa: { readonly at: number } | null): Promise<SignedIn | null> {
    const { principal } = by
    if (principal === null || principal.account.id !== account.id || mfa === null) return null
    if (!principal.proofs.some(({ kind }) => kind === 'directory')) return null
    const { sessions, journal, nextStep } = this.#options
    await journal.institutionProof(by, account)
    const entered = await sessions.prove(principal, { kind: 'institution', at: mfa.at, userVerified: false })
    if (entered === null) return null
    const next = await following(() => nextStep.of(by, entered.principal))
    return { kind: 'entered', ...entered, browser: null, next }
  }
}
