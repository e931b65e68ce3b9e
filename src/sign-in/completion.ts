/**
 * What follows a complete sign-in: the counts of wrong guesses are cleared, the browser becomes known, and after an invitation other
 * sign-ins end.
 */
import type { Account } from '../identity/account.ts'
import type { PasswordLogin } from '../identity/password/password-login.ts'
import { newToken } from '../ids.ts'
import type { Principal } from '../session/principal.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Caller } from './caller.ts'
import type { SignOut } from './sign-out.ts'

export class Completion {
  readonly #passwordLogin: Pick<PasswordLogin, 'completed'>
  readonly #signOut: SignOut

  constructor(input: { passwordLogin: Pick<PasswordLogin, 'completed'>; signOut: SignOut }) {
    this.#passwordLogin = input.passwordLogin
    this.#signOut = input.signOut
  }

  /** Answers the device cookie. `counted`: the password of this sign-in was counted at this address, which gets the attempt back. */
  async know({ address, browser }: Caller, account: Account, counted: boolean): Promise<string> {
    // The people who share a browser share its cookie: the store knows for which accounts it counts.
    const deviceCookie = browser ?? newToken()
    await this.#passwordLogin.completed(account, { address, browser: deviceCookie }, counted)
    return deviceCookie
  }

  /**
   * Ends the other sign-ins when a second factor completes an invitation, since holders of the old password must not stay signed in (ASVS
   * 7.4.3). An invitation alone ends nothing.
   */
  async endOthersIfInvited(by: Caller, before: Principal, now: Principal): Promise<void> {
    const isInvited = now.session.proofs.some(proof => proof.kind === 'invitation')
    const hasPassword = now.session.proofs.some(proof => proof.kind === 'password')
    // The person did not ask for this, so a missing confirmation does not stop them.
    if (isInvited && now.isFullySignedIn && !before.isFullySignedIn)
      await evenUnconfirmed(() => this.#signOut.others(by, now, hasPassword ? 'password_changed' : 'factors_changed'))
  }
}
