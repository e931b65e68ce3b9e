/** What follows a complete sign-in: wrong guesses are forgotten, the browser is known, and after an invitation the other sign-ins end. */
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

  /**
   * Forgets the wrong guesses at `account` and knows this browser from now on. Answers the browser's mark. `counted`: the password of this
   * sign-in was counted as a guess at the address it comes from, which is given back.
   */
  async know({ address, browser }: Caller, account: Account, counted: boolean): Promise<string> {
    // One mark serves all who share the browser: the store knows for whom it counts.
    const mark = browser ?? newToken()
    await this.#passwordLogin.completed(account, { address, browser: mark }, counted)
    return mark
  }

  /**
   * Ends the other sign-ins once a second factor completes one that began with an invitation: its holder has set a new password, and whoever
   * had the old one must not stay in with it (ASVS 7.4.3). Not before: an invitation alone must not end anything.
   */
  async endOthersIfInvited(by: Caller, before: Principal, now: Principal): Promise<void> {
    const isInvited = now.session.proofs.some(proof => proof.kind === 'invitation')
    // The person did not ask for it here, so it does not stop them: a store that goes back is noticed.
    if (isInvited && now.isFullySignedIn && !before.isFullySignedIn)
      await evenUnconfirmed(() => this.#signOut.others(by, now, 'password_changed'))
  }
}
