/**
 * The sign-in with an invitation. The link sets a password and gives a session that may enrol a second factor, and nothing else. Later,
 * link and password together resume; either alone opens nothing (THREATS M5).
 */
import { invitationOf } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Invitations } from '../identity/invitations.ts'
import type { LocalDirectory } from '../identity/local.ts'
import { type PasswordProblem, passwordProblem } from '../identity/password/password.ts'
import type { PasswordLogin } from '../identity/password/password-login.ts'
import { tokenDigest } from '../ids.ts'
import type { Principal, Sessions } from '../session/sessions.ts'
import { StoreUnconfirmed } from '../store/store.ts'
import type { Caller } from './caller.ts'
import type { NotAccepted } from './first-factor.ts'
import type { SignInJournal } from './journal.ts'
import type { NextStep } from './next-step.ts'
import { type Denied, denied, following, type SignedIn } from './outcome.ts'
import type { UsableFactors } from './usable-factors.ts'

export interface Invited {
  readonly account: Account
  /** True where the password is set and the second factor is missing. */
  readonly isBegun: boolean
}

export interface WeakPassword {
  readonly kind: 'weak'
  readonly problem: PasswordProblem
}

export interface InvitationOptions {
  readonly invitations: Pick<Invitations, 'peek' | 'begun' | 'accept' | 'release' | 'removeAll'>
  readonly accounts: Pick<Accounts, 'byId'>
  readonly localDirectory: Pick<LocalDirectory, 'id' | 'preparePassword'>
  readonly passwordLogin: Pick<PasswordLogin, 'attempt'>
  readonly sessions: Pick<Sessions, 'start'>
  readonly factors: UsableFactors
  readonly nextStep: NextStep
  readonly journal: SignInJournal
}

export class Invitation {
  readonly #options: InvitationOptions

  constructor(options: InvitationOptions) {
    this.#options = options
  }

  /**
   * The account that the link is for, or null, also for a suspended account, one of another directory, and a begun link after a second
   * factor. This spends nothing, since mail scanners open links too.
   */
  async look(token: string): Promise<Invited | null> {
    const { invitations, accounts, localDirectory, factors } = this.#options
    const fresh = await invitations.peek(token)
    const id = fresh ?? (await invitations.begun(token))
    const account = id === null ? null : await accounts.byId(id)
    if (account === null || account.suspended !== null || account.directory !== localDirectory.id) return null
    if (fresh === null && (await factors.kinds(account.id)).length > 0) return null
    return { account, isBegun: fresh === null }
  }

  isHalfWay({ proofs, isFullySignedIn }: Principal, token: string): boolean {
    return !isFullySignedIn && invitationOf(proofs) === tokenDigest(token)
  }

  /** True where another tab of this browser has accepted it, and the person goes on there. */
  async isAcceptedBy(principal: Principal, token: string): Promise<boolean> {
    return (
      invitationOf(principal.proofs) === tokenDigest(token) && (await this.#options.invitations.peek(token)) === null
    )
  }

  /** Sets the password of `account`, for which `look` said the token is. `avoid`: names that it may not be made of. */
  async accept(
    by: Caller,
    token: string,
    account: Account,
    password: string,
    avoid: readonly string[]
  ): Promise<SignedIn | Denied | WeakPassword> {
    const { invitations, localDirectory, factors, journal } = this.#options
    const problem = passwordProblem(password, avoid)
    if (problem !== null) return { kind: 'weak', problem }
    // The hash comes first: it may be refused for load, and the link must then still be good.
    const keepPassword = await localDirectory.preparePassword(password)
    if (!journal.isWritable) return denied('journal_unwritable', { retryAfterSeconds: 2 })
    // The link is accepted before anything is done, so that of two holders one sets a password.
    if ((await invitations.accept(token)) !== account.id) return denied('invitation_invalid')
    try {
      await journal.invitation(by, account)
      await keepPassword(account.id)
    } catch (error) {
      // The password is set: the person opens the link again and goes on with both.
      if (error instanceof StoreUnconfirmed) throw error
      // No password was set, so nobody could go on with one.
      await invitations.release(token)
      throw error
    }
    // A person with a second factor needs nothing but the password now.
    if ((await factors.kinds(account.id)).length > 0) await invitations.removeAll(account.id)
    return this.#enter(by, token, account)
  }

  /** The password counts like any other guess. */
  async resume(
    by: Caller,
    token: string,
    account: Account,
    password: string
  ): Promise<SignedIn | Denied | NotAccepted> {
    const { passwordLogin, journal } = this.#options
    const { address, browser } = by
    const answer = await passwordLogin.attempt({ name: account.name, password, address, browser })
    if (answer.kind === 'busy') return answer
    if (answer.kind !== 'accepted' || answer.account.id !== account.id) {
      const refused: NotAccepted = answer.kind === 'accepted' ? { kind: 'refused' } : answer
      journal.noPassword(by, account, refused.kind)
      return refused
    }
    // The link may have been replaced, or used in another browser meanwhile.
    if ((await this.look(token))?.isBegun !== true) return denied('invitation_invalid')
    await journal.invitation(by, account, 'resumed')
    return this.#enter(by, token, account)
  }

  /** Makes a session that may enrol while this invitation stands. */
  async #enter(by: Caller, token: string, account: Account): Promise<SignedIn> {
    const { sessions, nextStep } = this.#options
    const entered = await sessions.start({
      accountId: account.id,
      proof: { kind: 'invitation', at: by.now, userVerified: false, invitation: tokenDigest(token) },
      more: [{ kind: 'password', at: by.now, userVerified: false }],
      device: by.device,
      host: by.host,
      replaces: by.principal
    })
    const next = await following(() => nextStep.of(by, entered.principal))
    return { kind: 'entered', ...entered, browser: null, next }
  }
}
