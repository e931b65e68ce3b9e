/**
 * The sign-in with an invitation. The link sets a password and gives a session that may only enrol a second factor. Later, link and
 * password together resume; either alone opens nothing (THREATS M5). For another directory, the link sets no password and counts together
 * with a sign-in there.
 */
import { invitationOf } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Directories } from '../identity/directories.ts'
import type { Invitations } from '../identity/invitations.ts'
import type { LocalDirectory } from '../identity/local.ts'
import { type PasswordProblem, passwordProblem } from '../identity/password/password.ts'
import type { PasswordLogin } from '../identity/password/password-login.ts'
import { tokenDigest } from '../ids.ts'
import type { Principal, Sessions } from '../session/sessions.ts'
import { StoreUnconfirmed } from '../store/store.ts'
import type { Caller, SignedCaller } from './caller.ts'
import type { NotAccepted } from './first-factor.ts'
import type { SignInJournal } from './journal.ts'
import type { NextStep } from './next-step.ts'
import { type Denied, denied, following, type SignedIn } from './outcome.ts'
import type { UsableFactors } from './usable-factors.ts'

export interface Invited {
  readonly account: Account
  /** The password is set and the second factor is missing. */
  readonly isBegun: boolean
  /** Who checks the first factor: the gate, another directory with name and password, or an institution's pages. */
  readonly via: 'ours' | 'directory' | 'institution'
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
  readonly directories: Pick<Directories, 'passwords' | 'institution'>
  readonly sessions: Pick<Sessions, 'start' | 'prove'>
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
   * Null for an invalid link, for a suspended account, and after a second factor for a begun link or another directory. Spends nothing,
   * since mail scanners open links too.
   */
  async look(token: string): Promise<Invited | null> {
    const { invitations, accounts, factors } = this.#options
    const fresh = await invitations.peek(token)
    const id = fresh ?? (await invitations.begun(token))
    const account = id === null ? null : await accounts.byId(id)
    const via = account === null ? null : this.#via(account)
    if (account === null || account.suspended !== null || via === null) return null
    if ((fresh === null || via !== 'ours') && (await factors.kinds(account.id)).length > 0) return null
    return { account, isBegun: fresh === null, via }
  }

  /** Null if the directory is not configured any more. */
  #via({ directory }: Account): Invited['via'] | null {
    const { localDirectory, directories } = this.#options
    if (directory === localDirectory.id) return 'ours'
    if (directories.passwords.some(({ id }) => id === directory)) return 'directory'
    return directories.institution(directory) === undefined ? null : 'institution'
  }

  /** True for a sign-in at the account's institution, which the link may complete. */
  isAt({ account, proofs }: Principal, invited: Invited): boolean {
    return (
      invited.via !== 'ours' && account.id === invited.account.id && proofs.some(({ kind }) => kind === 'directory')
    )
  }

  /** Adds the invitation to a sign-in of its account, which may then enrol. */
  async join(by: SignedCaller, token: string, invited: Invited): Promise<SignedIn | Denied> {
    const { sessions, nextStep } = this.#options
    if (!this.isAt(by.principal, invited)) return denied('invitation_invalid')
    const refusal = await this.#use(by, token, invited)
    if (refusal !== null) return refusal
    const entered = await sessions.prove(by.principal, proofOf(token, by.now))
    if (entered === null) return denied('sign_in_required')
    const next = await following(async () => {
      // Even after a second factor at the institution: the person came to add one here.
      if ((await nextStep.grantFor(by, entered.principal)) !== null) return { kind: 'enrol' }
      return nextStep.of(by, entered.principal)
    })
    return { kind: 'entered', ...entered, browser: null, next }
  }

  /** Signs in with the password of another directory, which counts like any guess. */
  async enterElsewhere(
    by: Caller,
    token: string,
    invited: Invited,
    password: string
  ): Promise<SignedIn | Denied | NotAccepted> {
    const refused = await this.#checkPassword(by, invited.account, password)
    if (refused !== null) return refused
    return (await this.#use(by, token, invited)) ?? this.#enter(by, token, invited.account, 'directory')
  }

  async #use(by: Caller, token: string, { account, isBegun }: Invited): Promise<Denied | null> {
    const { invitations, journal } = this.#options
    if (!journal.isWritable) return denied('journal_unwritable', { retryAfterSeconds: 2 })
    if (isBegun) {
      if ((await this.look(token))?.isBegun !== true) return denied('invitation_invalid')
      await journal.invitation(by, account, 'resumed')
      return null
    }
    if ((await invitations.accept(token)) !== account.id) return denied('invitation_invalid')
    try {
      await journal.invitation(by, account)
    } catch (error) {
      await invitations.release(token)
      throw error
    }
    return null
  }

  async #checkPassword(by: Caller, account: Account, password: string): Promise<NotAccepted | null> {
    const { passwordLogin, journal } = this.#options
    const { address, browser } = by
    const answer = await passwordLogin.attempt({ name: account.name, password, address, browser, isKnown: true })
    if (answer.kind === 'busy') return answer
    if (answer.kind === 'accepted' && answer.account.id === account.id) return null
    const refused: NotAccepted =
      answer.kind === 'accepted' || answer.kind === 'suspended' ? { kind: 'refused' } : answer
    journal.passwordFailed(by, account, refused.kind)
    return refused
  }

  isHalfWay({ proofs, isFullySignedIn }: Principal, token: string): boolean {
    return !isFullySignedIn && invitationOf(proofs) === tokenDigest(token)
  }

  /** True after another tab of this browser has accepted it. */
  async isAcceptedBy(principal: Principal, token: string): Promise<boolean> {
    return (
      invitationOf(principal.proofs) === tokenDigest(token) && (await this.#options.invitations.peek(token)) === null
    )
  }

  /** `account`: from `look`. `avoid`: names that the password may not be made of. */
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
    // The hash comes first: if overload refuses it, the link must stay valid.
    const keepPassword = await localDirectory.preparePassword(password)
    if (!journal.isWritable) return denied('journal_unwritable', { retryAfterSeconds: 2 })
    // The link comes first, so that only one of two holders sets a password.
    if ((await invitations.accept(token)) !== account.id) return denied('invitation_invalid')
    try {
      await journal.invitation(by, account)
      await keepPassword(account.id)
    } catch (error) {
      // The password is set: the person goes on with link and password.
      if (error instanceof StoreUnconfirmed) throw error
      // No password is set, so the link must work again.
      await invitations.release(token)
      throw error
    }
    // A person with a second factor now needs only the password.
    if ((await factors.kinds(account.id)).length > 0) await invitations.removeAll(account.id)
    return this.#enter(by, token, account)
  }

  /** The password counts like any guess. */
  async resume(
    by: Caller,
    token: string,
    account: Account,
    password: string
  ): Promise<SignedIn | Denied | NotAccepted> {
    const { journal } = this.#options
    const refused = await this.#checkPassword(by, account, password)
    if (refused !== null) return refused
    // It may have been replaced, or used in another browser.
    if ((await this.look(token))?.isBegun !== true) return denied('invitation_invalid')
    await journal.invitation(by, account, 'resumed')
    return this.#enter(by, token, account)
  }

  async #enter(
    by: Caller,
    token: string,
    account: Account,
    kind: 'password' | 'directory' = 'password'
  ): Promise<SignedIn> {
    const { sessions, nextStep } = this.#options
    const entered = await sessions.start({
      accountId: account.id,
      proof: proofOf(token, by.now),
      more: [{ kind, at: by.now, userVerified: false }],
      device: by.device,
      host: by.host,
      replaces: by.principal
    })
    const next = await following(() => nextStep.of(by, entered.principal))
    return { kind: 'entered', ...entered, browser: null, next }
  }
}

function proofOf(token: string, at: number) {
  return { kind: 'invitation', at, userVerified: false, invitation: tokenDigest(token) } as const
}
