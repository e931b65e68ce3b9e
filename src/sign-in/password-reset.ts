/**
 * A new password for a lost one: a link by mail, then a second factor, then the password. The mail alone opens nothing (NIST SP 800-63B-4
 * §4.2), and nobody learns who has an account (THREATS M15).
 */
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Invitations } from '../identity/invitations.ts'
import type { LocalDirectory } from '../identity/local.ts'
import { passwordProblem } from '../identity/password/password.ts'
import type { PasswordLogin } from '../identity/password/password-login.ts'
import type { PasswordLinks } from '../identity/password-links.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Store } from '../store/store.ts'
import { everyStep } from '../store/unconfirmed.ts'
import { site } from '../throttle/attempt-limiter.ts'
import type { Caller, SignedCaller } from './caller.ts'
import type { Completion } from './completion.ts'
import type { WeakPassword } from './invitation.ts'
import type { SignInJournal } from './journal.ts'
import type { NextStep } from './next-step.ts'
import { type Denied, denied, following, type SignedIn } from './outcome.ts'
import { isPasswordDue } from './password-due.ts'
import type { SignOut } from './sign-out.ts'
import type { UsableFactors } from './usable-factors.ts'

/** Resolves once the link waits to be sent. */
export interface PasswordMail {
  send(account: Account, token: string, by: { readonly address: string; readonly request: string }): Promise<void>
}

export interface PasswordResetOptions {
  /** Null where the gate sends no mail, or has no local passwords. */
  readonly passwordMail?: PasswordMail | null
  readonly passwordLinks: PasswordLinks
  readonly passwordLogin: Pick<PasswordLogin, 'knownPlace'>
  readonly store: Pick<Store, 'increment'>
  readonly accounts: Pick<Accounts, 'byId' | 'bySignIn'>
  readonly invitations: Pick<Invitations, 'removeAll'>
  readonly localDirectory: Pick<LocalDirectory, 'id' | 'preparePassword'>
  readonly sessions: Pick<Sessions, 'start' | 'prove'>
  readonly factors: UsableFactors
  readonly completion: Completion
  readonly signOut: SignOut
  readonly nextStep: NextStep
  readonly journal: SignInJournal
}

/**
 * Links for one account: to each of its known browsers and networks, and to all others together, so that strangers do not use up the
 * person's share (THREATS M17). More are silently not sent.
 */
const linksAnHour = 3
/** Requests of one network within an hour. */
const asksAnHour = 20
const hourSeconds = 3600
export class PasswordReset {
  readonly #options: PasswordResetOptions

  constructor(options: PasswordResetOptions) {
    this.#options = options
  }

  get isOffered(): boolean {
    return this.#options.passwordMail != null
  }

  /** True after the link and a second factor, until the new password is set. */
  isDue({ principal, now }: SignedCaller): boolean {
    return isPasswordDue(principal.proofs, now)
  }

  /** Callers must not wait for `done`, otherwise the time of the answer would show whether the account exists. */
  async ask(
    by: Caller,
    name: string,
    browser: string
  ): Promise<Denied | { readonly kind: 'asked'; done: Promise<void> }> {
    const { store, journal } = this.#options
    if (!journal.isWritable) return denied('journal_unwritable', { retryAfterSeconds: 2 })
    const asks = await store.increment(`password-asks:${site(by.address)}`, hourSeconds)
    if (asks > asksAnHour) return denied('too_many_attempts', { retryAfterSeconds: hourSeconds })
    return { kind: 'asked', done: this.#send(by, name, browser) }
  }

  async #send(by: Caller, name: string, browser: string): Promise<void> {
    const { accounts, localDirectory, factors, passwordLinks, passwordMail, journal } = this.#options
    const account = await accounts.bySignIn(name)
    const isFit =
      account !== null &&
      account.directory === localDirectory.id &&
      account.suspended === null &&
      account.email !== null &&
      (await factors.kinds(account.id)).length > 0 &&
      (await this.#isInShare(by, account))
    if (!isFit) return journal.passwordLinkFailed(by, account)
    await journal.passwordLink(by, account)
    await passwordMail?.send(account, await passwordLinks.issue(account.id, browser), by)
  }

  async #isInShare({ address, browser }: Caller, account: Account): Promise<boolean> {
    const { store, passwordLogin } = this.#options
    const place = await passwordLogin.knownPlace(account, { address, browser })
    const key = `password-links:${account.id}${place === null ? '' : `@${place}`}`
    return (await store.increment(key, hourSeconds)) <= linksAnHour
  }

  look(token: string, browser: string | null): Promise<'good' | 'other_browser' | 'gone'> {
    return this.#options.passwordLinks.look(token, browser)
  }

  /** The sign-in opens nothing before the second factor. */
  async begin(by: Caller, token: string, browser: string | null): Promise<SignedIn | Denied> {
    const { passwordLinks, accounts, localDirectory, sessions, nextStep, journal } = this.#options
    if (!journal.isWritable) return denied('journal_unwritable', { retryAfterSeconds: 2 })
    const id = await passwordLinks.spend(token, browser)
    const account = id === null ? null : await accounts.byId(id)
    if (account === null || account.suspended !== null || account.directory !== localDirectory.id)
      return denied('invitation_invalid')
    await journal.passwordLinkUsed(by, account)
    const entered = await sessions.start({
      accountId: account.id,
      proof: { kind: 'mail', at: by.now, userVerified: false },
      device: by.device,
      host: by.host,
      replaces: by.principal
    })
    const next = await following(() => nextStep.of(by, entered.principal))
    return { kind: 'entered', ...entered, browser: null, next }
  }

  /** `avoid`: names that the password may not be made of. */
  async finish(
    by: SignedCaller,
    password: string,
    avoid: readonly string[]
  ): Promise<SignedIn | WeakPassword | Denied> {
    const { localDirectory, invitations, passwordLinks, sessions, completion, signOut, nextStep, journal } =
      this.#options
    const { account, proofs } = by.principal
    if (!isPasswordDue(proofs, by.now)) return denied('sign_in_required')
    const problem = passwordProblem(password, avoid)
    if (problem !== null) return { kind: 'weak', problem }
    const keepPassword = await localDirectory.preparePassword(password)
    await journal.passwordReset(by)
    await keepPassword(account.id)
    const entered = await sessions.prove(by.principal, { kind: 'password', at: by.now, userVerified: false })
    if (entered === null) return denied('sign_in_required')
    let browser: string | null = null
    const next = await following(async () => {
      await everyStep(
        // A waiting link or invitation could set the password again (FIELD G2).
        () => invitations.removeAll(account.id),
        () => passwordLinks.removeAll(account.id),
        async () => {
          browser = await completion.know(by, account, false)
        },
        () => signOut.others(by, entered.principal, 'password_changed')
      )
      return nextStep.of(by, entered.principal)
    })
    return { kind: 'entered', ...entered, browser, next }
  }
}
