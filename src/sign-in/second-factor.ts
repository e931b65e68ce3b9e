/**
 * The second factor of a sign-in or a step-up. A verified factor becomes a proof: first the journal's line, then the proof, then the
 * cookie. A factor of another account is refused (THREATS W7).
 */
import type { Verification } from '../factor/factor.ts'
import type { CodeKind, FactorKind } from '../factor/kinds.ts'
import type { RecoveryCodes } from '../factor/recovery-code.ts'
import type { Totp } from '../factor/totp.ts'
import type { Webauthn } from '../factor/webauthn.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Origin } from '../throttle/attempt-buckets.ts'
import type { SignedCaller } from './caller.ts'
import type { Challenge } from './challenge.ts'
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

type Verified = Extract<Verification, { kind: 'verified' }>
export type NotVerified = Exclude<Verification, Verified>

type TypedCode = Origin & { readonly accountId: string; readonly code: string }

export interface SecondFactorOptions {
  readonly totp: Pick<Totp, 'verify'>
  readonly recoveryCodes: Pick<RecoveryCodes, 'spend'>
  readonly webauthn: Pick<Webauthn, 'authenticate'>
  readonly sessions: Pick<Sessions, 'prove'>
  readonly challenge: Challenge
  readonly completion: Completion
  readonly nextStep: NextStep
  readonly journal: SignInJournal
}

export class SecondFactor {
  readonly #options: SecondFactorOptions
  readonly #codes: Readonly<Record<CodeKind, (guess: TypedCode) => Promise<Verification>>>

  constructor(options: SecondFactorOptions) {
    this.#options = options
    this.#codes = {
      totp: guess => options.totp.verify(guess),
      recovery: guess => options.recoveryCodes.spend(guess)
    }
  }

  async withCode<Answer = never>(
    by: SignedCaller,
    factor: CodeKind,
    code: string,
    elsewhere: FindAnswer<Answer> = neverRepeated
  ): Promise<SignedIn | Denied | NotVerified | Repeated<Answer>> {
    const { challenge } = this.#options
    if (!(await challenge.takes(by, factor))) return denied('other_factor_required')
    const { address, browser, principal } = by
    const guess = { accountId: principal.account.id, code, address, browser }
    const answer = await this.#codes[factor](guess)
    return this.#settle(by, factor, answer, elsewhere)
  }

  async withPasskey<Answer = never>(
    by: SignedCaller,
    ceremony: string,
    response: object,
    elsewhere: FindAnswer<Answer> = neverRepeated
  ): Promise<SignedIn | Denied | NotVerified | Repeated<Answer>> {
    const { challenge, webauthn } = this.#options
    if (!(await challenge.takes(by, 'webauthn'))) return denied('other_factor_required')
    const { address, browser, principal } = by
    const accountId = principal.account.id
    const binding = principal.session.id
    const answer = await webauthn.authenticate({ accountId, binding, ceremony, response, address, browser })
    return this.#settle(by, 'webauthn', answer, elsewhere)
  }

  async #settle<Answer>(
    by: SignedCaller,
    factor: FactorKind,
    answer: Verification,
    elsewhere: FindAnswer<Answer>
  ): Promise<SignedIn | Denied | NotVerified | Repeated<Answer>> {
    if (answer.kind === 'verified') return this.accept(by, answer)
    const given = await elsewhere()
    if (given !== null) return { kind: 'repeated', answer: given }
    this.#options.journal.secondFactorFailed(by, factor, answer.kind, answer.kind === 'unfit' ? answer.why : undefined)
    return answer
  }

  async accept(by: SignedCaller, verified: Verified): Promise<SignedIn | Denied> {
    const { journal, sessions, completion, nextStep } = this.#options
    const { factor, credentialId, userVerified } = verified
    if (verified.accountId !== by.principal.account.id) return denied('wrong_code')
    await journal.secondFactor(by, factor, credentialId)
    const entered = await sessions.prove(by.principal, {
      kind: factor,
      at: by.now,
      userVerified,
      ...(credentialId === null ? {} : { credentialId })
    })
    if (entered === null) return denied('sign_in_required')
    const { principal } = entered
    let browser: string | null = null
    const next = await following(async () => {
      if (principal.isFullySignedIn) browser = await completion.know(by, principal.account, completion.isCounted(by))
      await completion.endOthersIfInvited(by, by.principal, principal)
      // A factor proves more than a device key.
      return nextStep.of({ ...by, hasDeviceProof: true }, principal)
    })
    return { kind: 'entered', ...entered, browser, next }
  }
}
