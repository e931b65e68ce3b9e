/**
 * The first factor of a sign-in, a password or a passkey, becomes a session. Logins that are checked elsewhere call `enter`. All refusals
 * look the same (THREATS M15).
 */
import type { Verification } from '../factor/factor.ts'
import type { ProofKind } from '../factor/proof.ts'
import type { Webauthn } from '../factor/webauthn.ts'
import type { Account } from '../identity/account.ts'
import type { Accounts } from '../identity/accounts.ts'
import type { Directories } from '../identity/directories.ts'
import type { LocalDirectory } from '../identity/local.ts'
import type { LoginAttempt, PasswordLogin } from '../identity/password/password-login.ts'
import { wordsOf } from '../identity/suspension.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Caller } from './caller.ts'
import type { Completion } from './completion.ts'
import type { SignInJournal } from './journal.ts'
import type { NextStep } from './next-step.ts'
import {
  type Denied,
  denied,
  type FindAnswer,
  following,
  neverRepeated,
  type Repeated,
  type SignedIn
} from './outcome.ts'

export type NotAccepted = Exclude<LoginAttempt, { kind: 'accepted' | 'suspended' }>

type NotTaken = Extract<Verification, { kind: 'unfit' }>

interface Shown {
  readonly kind: Extract<ProofKind, 'password' | 'directory' | 'webauthn'>
  readonly userVerified?: boolean
  readonly credentialId?: string | null
  readonly mfa?: { readonly at: number } | null
  /** The end of the institution's assurance, in milliseconds since the epoch. */
  readonly endsAt?: number | null
}

export interface FirstFactorOptions {
  readonly passwordLogin: Pick<PasswordLogin, 'attempt' | 'nameIn'>
  readonly localDirectory: Pick<LocalDirectory, 'id'>
  readonly accounts: Pick<Accounts, 'byId' | 'bySignIn'>
  readonly webauthn: Pick<Webauthn, 'authenticate'>
  readonly sessions: Pick<Sessions, 'start'>
  readonly completion: Completion
  readonly directories: Pick<Directories, 'standingOf'>
  readonly nextStep: NextStep
  readonly journal: SignInJournal
}

export class FirstFactor {
  readonly #options: FirstFactorOptions

  constructor(options: FirstFactorOptions) {
    this.#options = options
  }

  async withPassword(by: Caller, name: string, password: string): Promise<SignedIn | Denied | NotAccepted> {
    const { passwordLogin, localDirectory, accounts, journal } = this.#options
    const { address, browser } = by
    const answer = await passwordLogin.attempt({ name, password, address, browser })
    if (answer.kind === 'accepted') {
      const { account } = answer
      return this.enter(by, account, { kind: account.directory === localDirectory.id ? 'password' : 'directory' })
    }
    journal.passwordFailed(by, await accounts.bySignIn(passwordLogin.nameIn(name)), answer.kind)
    return answer.kind === 'suspended' ? denied('account_suspended', { words: answer.words }) : answer
  }

  /** A passkey with user verification is a complete sign-in (NIST SP 800-63B-4 §3.1.7.1). `binding` is the ceremony's. */
  async withPasskey<Answer = never>(
    by: Caller,
    binding: string,
    ceremony: string,
    response: object,
    elsewhere: FindAnswer<Answer> = neverRepeated
  ): Promise<SignedIn | Denied | Exclude<NotAccepted, { kind: 'busy' | 'unreachable' }> | NotTaken | Repeated<Answer>> {
    const { webauthn, accounts, directories, journal } = this.#options
    const { address, browser } = by
    const answer = await webauthn.authenticate({ accountId: null, binding, ceremony, response, address, browser })
    const given = answer.kind === 'verified' ? null : await elsewhere()
    if (given !== null) return { kind: 'repeated', answer: given }
    if (answer.kind === 'throttled') {
      journal.passkeyFailed(by, null, 'throttled')
      return answer
    }
    const account = answer.kind === 'refused' ? null : await accounts.byId(answer.accountId)
    if (answer.kind === 'unfit' && account !== null && account.suspended === null) {
      journal.passkeyFailed(by, account, 'unfit', answer.why)
      return answer
    }
    if (answer.kind === 'verified' && answer.userVerified && account?.suspended) {
      journal.passkeyFailed(by, account, 'suspended')
      return denied('account_suspended', { words: wordsOf(account.suspended) })
    }
    if (answer.kind !== 'verified' || account === null || account.suspended !== null || !answer.userVerified) {
      journal.passkeyFailed(by, account, 'refused')
      const { waitSeconds } = answer.kind === 'refused' ? answer : {}
      return { kind: 'refused', ...(waitSeconds === undefined ? {} : { waitSeconds }) }
    }
    // Only the institution knows whether the person still belongs to it.
    const standing = await directories.standingOf(account)
    if (standing !== 'stands') {
      journal.passkeyFailed(by, account, 'refused')
      return denied(standing === 'gone' ? 'institution_gone' : 'institution_first')
    }
    const { userVerified, credentialId } = answer
    return this.enter(by, account, { kind: 'webauthn', userVerified, credentialId })
  }

  /** First the journal's line, then the session, then the next step. */
  async enter(
    by: Caller,
    account: Account,
    { kind, userVerified = false, credentialId = null, mfa = null, endsAt = null }: Shown
  ): Promise<SignedIn> {
    const { journal, sessions, completion, nextStep } = this.#options
    await journal.firstFactor(by, account, kind, mfa !== null)
    const entered = await sessions.start({
      accountId: account.id,
      proof: { kind, at: by.now, userVerified, ...(credentialId === null ? {} : { credentialId }) },
      ...(mfa === null ? {} : { more: [{ kind: 'institution', at: mfa.at, userVerified: false }] }),
      endsAt,
      device: by.device,
      host: by.host,
      replaces: by.principal ?? (by.stale?.account.id === account.id ? by.stale : null)
    })
    let browser: string | null = null
    const next = await following(async () => {
      if (entered.principal.isFullySignedIn) browser = await completion.know(by, account, false)
      return nextStep.of(by, entered.principal)
    })
    return { kind: 'entered', ...entered, browser, next }
  }
}
