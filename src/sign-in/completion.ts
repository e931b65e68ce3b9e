/** What follows a complete sign-in: counts of wrong guesses are cleared, the browser becomes known, and after an invitation other sign-ins end. */
import type { Proof } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Directories } from '../identity/directories.ts'
import type { PasswordLogin } from '../identity/password/password-login.ts'
import { newToken } from '../ids.ts'
import type { Principal } from '../session/principal.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Caller, SignedCaller } from './caller.ts'
import type { SignInJournal } from './journal.ts'
import type { SignOut } from './sign-out.ts'

export class Completion {
  readonly #passwordLogin: Pick<PasswordLogin, 'completed' | 'isNewBrowser'>
  readonly #directories: Pick<Directories, 'passwords'>
  readonly #signOut: SignOut
  readonly #journal: SignInJournal

  constructor(input: {
    passwordLogin: Pick<PasswordLogin, 'completed' | 'isNewBrowser'>
    directories: Pick<Directories, 'passwords'>
    signOut: SignOut
    journal: SignInJournal
  }) {
    this.#passwordLogin = input.passwordLogin
    this.#directories = input.directories
    this.#signOut = input.signOut
    this.#journal = input.journal
  }

  /**
   * True if this step completes a sign-in whose password was tried here, from this address. An institution's sign-in must not count,
   * otherwise it would buy guesses at others (THREATS M11). An invitation sets a password untried.
   */
  isCounted({ principal, address }: SignedCaller): boolean {
    const { account, proofs, session, isFullySignedIn } = principal
    if (isFullySignedIn || session.device.address !== address) return false
    const has = (wanted: Proof['kind']) => proofs.some(({ kind }) => kind === wanted)
    if (has('directory')) return this.#directories.passwords.some(({ id }) => id === account.directory)
    return has('password') && !has('invitation')
  }

  /** Returns the device cookie. `counted`: this address gets the attempt of the password back. */
  async know(by: Caller, account: Account, counted: boolean): Promise<string> {
    const { address, browser } = by
    // People who share a browser share its cookie.
    const deviceCookie = browser ?? newToken()
    const isNew = await this.#passwordLogin.isNewBrowser(account, browser)
    await this.#passwordLogin.completed(account, { address, browser: deviceCookie }, counted)
    if (isNew) this.#journal.newBrowser(by, account)
    return deviceCookie
  }

  /** Holders of the old password must not stay signed in (ASVS 7.4.3). An invitation alone ends nothing. */
  async endOthersIfInvited(by: Caller, before: Principal, now: Principal): Promise<void> {
    const isInvited = now.session.proofs.some(proof => proof.kind === 'invitation')
    const hasPassword = now.session.proofs.some(proof => proof.kind === 'password')
    // A missing confirmation does not stop people who did not ask for this.
    if (isInvited && now.isFullySignedIn && !before.isFullySignedIn)
      await evenUnconfirmed(() => this.#signOut.others(by, now, hasPassword ? 'password_changed' : 'factors_changed'))
  }
}
