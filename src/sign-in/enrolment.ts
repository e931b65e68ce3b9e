/**
 * Enrolment of a second factor. A grant (an invitation, a sponsor, a roll-out) allows it while the account has no usable factor. After that
 * it takes a fresh proof with a factor (THREATS M4, M5, M22).
 */
import type { Credential, Credentials } from '../factor/credential.ts'
import type { EnrolmentResult as Verdict } from '../factor/factor.ts'
import { type FactorKind, isConfirmedHere, isFresh } from '../factor/proof.ts'
import type { Totp } from '../factor/totp.ts'
import type { Webauthn } from '../factor/webauthn.ts'
import type { Entered, Principal } from '../session/principal.ts'
import type { Sessions } from '../session/sessions.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { SignedCaller } from './caller.ts'
import type { Completion } from './completion.ts'
import type { EnrolmentGrant, EnrolmentGrants } from './enrolment-grant.ts'
import type { SignInJournal } from './journal.ts'
import type { Next, NextStep, NextStepInput } from './next-step.ts'
import { type Denied, denied, type FindAnswer, following, neverRepeated, type Repeated } from './outcome.ts'
import type { Recovery } from './recovery.ts'
import type { UsableFactors } from './usable-factors.ts'

/** `confirm-first`: it takes a proof with an enrolled factor. */
export type MayEnrol = 'yes' | 'confirm-first' | 'no'

export interface Enrolled {
  readonly kind: 'enrolled'
  readonly credential: Credential
  readonly principal: Principal
  readonly token: string | null
  readonly browser: string | null
  /** Shown once; null if the person has codes already. */
  readonly codes: readonly string[] | null
  readonly next: Next
}

/** A wrong answer, an expired ceremony, or too many tries. */
type NotEnrolled = Exclude<Verdict, { kind: 'enrolled' }>

export interface EnrolmentOptions {
  readonly totp: Pick<Totp, 'finish'>
  readonly webauthn: Pick<Webauthn, 'register'>
  readonly credentials: Pick<Credentials, 'remove' | 'forget'>
  readonly grants: EnrolmentGrants
  readonly sessions: Pick<Sessions, 'prove'>
  readonly factors: UsableFactors
  readonly recovery: Recovery
  readonly completion: Completion
  readonly nextStep: NextStep
  readonly journal: SignInJournal
}

export class Enrolment {
  readonly #options: EnrolmentOptions

  constructor(options: EnrolmentOptions) {
    this.#options = options
  }

  async may(by: SignedCaller): Promise<MayEnrol> {
    const { factors, nextStep } = this.#options
    const { principal, now } = by
    if (isFresh(principal.proofs, now)) return 'yes'
    // A disabled factor prevents no enrolment.
    const hasNone = (await factors.kinds(principal.account.id)).length === 0
    if (!hasNone) return 'confirm-first'
    return (await nextStep.grantFor(by, principal)) === null ? 'no' : 'yes'
  }

  /**
   * An enrolment that began with a fresh proof may take as long as its ceremony, since scanning takes time. `isBegun`: the ceremony belongs
   * to this account and session.
   */
  async mayFinish(by: SignedCaller, isBegun: boolean): Promise<MayEnrol> {
    // With a grant alone, a factor may exist by now: then the person must show it (THREATS M5).
    return isBegun && isConfirmedHere(by.principal.proofs) ? 'yes' : this.may(by)
  }

  async withTotp(
    by: SignedCaller,
    input: { ceremony: string; code: string; name: string }
  ): Promise<Enrolled | Denied | Exclude<NotEnrolled, { kind: 'unfit' }>> {
    const { account, session } = by.principal
    const whose = { accountId: account.id, binding: session.id, address: by.address }
    const grant = await this.#grantOf(by)
    const answer = await this.#options.totp.finish({ ...whose, ...input })
    return answer.kind === 'enrolled' ? this.#finish(by, answer.credential, grant) : this.#refuse(by, 'totp', answer)
  }

  async withPasskey<Answer = never>(
    by: SignedCaller,
    input: Pick<Parameters<Webauthn['register']>[0], 'ceremony' | 'response' | 'name'>,
    elsewhere: FindAnswer<Answer> = neverRepeated
  ): Promise<Enrolled | Denied | NotEnrolled | Repeated<Answer>> {
    const { account, session } = by.principal
    const { id, name, displayName } = account
    const whose = { account: { id, name, displayName }, binding: session.id, address: by.address }
    const grant = await this.#grantOf(by)
    const answer = await this.#options.webauthn.register({ ...whose, ...input })
    if (answer.kind === 'enrolled') return this.#finish(by, answer.credential, grant)
    const given = await elsewhere()
    return given === null ? this.#refuse(by, 'webauthn', answer) : { kind: 'repeated', answer: given }
  }

  #refuse<Answer extends NotEnrolled>(by: SignedCaller, factor: FactorKind, answer: Answer): Answer {
    const { why, model } = answer.kind === 'unfit' ? answer : {}
    this.#options.journal.enrolmentFailed(by, factor, answer.kind, {
      ...(why === undefined ? {} : { why }),
      ...(model == null ? {} : { model })
    })
    return answer
  }

  async #grantOf({ principal, asker }: SignedCaller): Promise<EnrolmentGrant | null> {
    return isConfirmedHere(principal.proofs) ? null : this.#options.grants.of(principal, asker)
  }

  async #finish(by: SignedCaller, credential: Credential, grant: EnrolmentGrant | null): Promise<Enrolled | Denied> {
    const { journal, credentials, completion, recovery } = this.#options
    const { account, proofs } = by.principal
    const isFirst = !isConfirmedHere(proofs)
    try {
      await journal.enrolment(by, credential, grant?.kind)
    } catch (error) {
      await credentials.remove(account.id, credential.id)
      // Nothing was enrolled, so a roll-out still lets this person enrol.
      if (grant?.kind === 'until') await credentials.forget(account.id)
      throw error
    }
    const entered = isFirst ? await this.#firstFactorStands(by, credential, grant) : null
    if (entered !== null && 'kind' in entered) return entered
    const principal = entered?.principal ?? by.principal
    let browser: string | null = null
    let codes: readonly string[] | null = null
    const next = await following(async () => {
      if (entered !== null) {
        browser = await completion.know(by, principal.account, completion.isCounted(by))
        await completion.endOthersIfInvited(by, by.principal, principal)
      }
      if (await recovery.hasCodes(account.id)) return this.next(by, principal)
      codes = await recovery.issue({ ...by, principal })
      return { kind: 'recovery-codes' }
    })
    return { kind: 'enrolled', credential, principal, token: entered?.token ?? null, browser, codes, next }
  }

  /** Spends the grant, so that link and password alone open nothing (THREATS M5). If the grant is over, the factor is removed (FIELD G2, A10). */
  async #firstFactorStands(
    by: SignedCaller,
    credential: Credential,
    grant: EnrolmentGrant | null
  ): Promise<Entered | Denied> {
    const { grants, credentials, sessions, journal } = this.#options
    const { account } = by.principal
    if (!(await grants.spend(account, grant, credential.id))) {
      await evenUnconfirmed(() => credentials.remove(account.id, credential.id))
      journal.enrolmentUndone(by, credential)
      return denied('enrolment_not_allowed')
    }
    const { kind, id: credentialId } = credential
    const entered = await sessions.prove(by.principal, { kind, at: by.now, userVerified: false, credentialId })
    return entered ?? denied('sign_in_required')
  }

  async next(input: NextStepInput, principal: Principal): Promise<Next> {
    return input.returnTo.rd === null ? { kind: 'account' } : this.#options.nextStep.of(input, principal)
  }
}
