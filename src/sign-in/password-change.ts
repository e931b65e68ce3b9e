/** The change of a person's own password. The old one counts like any guess; afterwards the other sign-ins end. */
import type { Invitations } from '../identity/invitations.ts'
import type { LocalDirectory } from '../identity/local.ts'
import { passwordProblem } from '../identity/password/password.ts'
import type { PasswordLogin } from '../identity/password/password-login.ts'
import { everyStep } from '../store/unconfirmed.ts'
import type { SignedCaller } from './caller.ts'
import type { Completion } from './completion.ts'
import type { NotAccepted } from './first-factor.ts'
import type { WeakPassword } from './invitation.ts'
import type { SignInJournal } from './journal.ts'
import type { Next } from './next-step.ts'
import { following } from './outcome.ts'
import type { SignOut } from './sign-out.ts'

interface PasswordChanged {
  readonly kind: 'changed'
  readonly browser: string | null
  readonly next: Next
}

export interface PasswordChangeOptions {
  readonly invitations: Pick<Invitations, 'removeAll'>
  readonly localDirectory: Pick<LocalDirectory, 'preparePassword'>
  readonly passwordLogin: Pick<PasswordLogin, 'attempt'>
  readonly completion: Completion
  readonly signOut: SignOut
  readonly journal: SignInJournal
}

export class PasswordChange {
  readonly #options: PasswordChangeOptions

  constructor(options: PasswordChangeOptions) {
    this.#options = options
  }

  /** `avoid`: names that the new one may not be made of. */
  async change(
    by: SignedCaller,
    old: string,
    password: string,
    avoid: readonly string[]
  ): Promise<PasswordChanged | WeakPassword | NotAccepted> {
    const { invitations, localDirectory, passwordLogin, completion, signOut, journal } = this.#options
    const { principal, address, browser } = by
    const { account } = principal
    const problem = passwordProblem(password, avoid)
    if (problem !== null) return { kind: 'weak', problem }
    // Otherwise the finder of a signed-in browser could try passwords here.
    const answer = await passwordLogin.attempt({ name: account.name, password: old, address, browser, isKnown: true })
    if (answer.kind !== 'accepted') {
      const refused: NotAccepted = answer.kind === 'suspended' ? { kind: 'refused' } : answer
      journal.passwordChangeFailed(by, refused.kind)
      return refused
    }
    const keepPassword = await localDirectory.preparePassword(password)
    await journal.passwordChange(by)
    let deviceCookie: string | null = null
    const next = await following(async () => {
      await everyStep(
        () => keepPassword(account.id),
        // A waiting invitation could set the password again (FIELD G2).
        () => invitations.removeAll(account.id),
        async () => {
          deviceCookie = await completion.know(by, account, true)
        },
        () => signOut.others(by, principal, 'password_changed')
      )
      return { kind: 'account' }
    })
    return { kind: 'changed', browser: deviceCookie, next }
  }
}
