/** The journal lines of a sign-in. A promise resolves once the line is on disk. */
import type { AuditEvent, AuditSink, EventKind } from '../audit/event.ts'
import type { Credential } from '../factor/credential.ts'
import type { FactorKind, ProofKind } from '../factor/proof.ts'
import type { Misfit } from '../factor/webauthn-policy.ts'
import type { Account } from '../identity/account.ts'
import type { ProgramToken } from '../programs/program-token.ts'
import { issueEvent, revokeEvent } from '../programs/token-events.ts'
import { browserOf, systemOf } from '../request/user-agent.ts'
import type { Principal } from '../session/principal.ts'
import type { EndReason } from '../session/records.ts'
import type { StoreUnconfirmed } from '../store/store.ts'
import { removeEvent, storeEvent } from '../upstream-login/login-events.ts'
import type { Caller, SignedCaller } from './caller.ts'
import type { EnrolmentGrant } from './enrolment-grant.ts'

type By = Pick<Caller, 'request' | 'now' | 'address' | 'principal'>

/** `throttled` has a kind of its own. */
type FailedCheck = 'refused' | 'suspended' | 'throttled' | 'busy' | 'unreachable' | 'expired' | 'unfit'

const idOf = ({ id, name }: Account) => ({ account: id, name })

export class SignInJournal {
  readonly #audit: AuditSink

  constructor(audit: AuditSink) {
    this.#audit = audit
  }

  /** While the disk takes no lines, nothing may begin that must be recorded. */
  get isWritable(): boolean {
    return this.#audit.writable
  }

  firstFactor(by: By, account: Account, factor: ProofKind, hasMfa = false): Promise<void> {
    const there = factor === 'directory' ? { directory: account.directory, ...(hasMfa ? { mfa: true } : {}) } : {}
    return this.#commit(by, 'login', { ...idOf(account), factor, outcome: 'accepted', ...there })
  }

  /** `account`: null for an unknown name, which is not recorded, since people type passwords into the name field. */
  passwordFailed(by: By, account: Account | null, outcome: FailedCheck): void {
    const whom = { session: undefined, ...(account === null ? {} : idOf(account)) }
    this.#record(by, outcome === 'throttled' ? 'throttle' : 'login', { ...whom, factor: 'password', outcome })
  }

  passkeyFailed(by: By, account: Account | null, outcome: FailedCheck, why?: Misfit): void {
    const whom = account === null ? {} : idOf(account)
    const kind = outcome === 'throttled' ? 'throttle' : 'login'
    this.#record(by, kind, { ...whom, factor: 'webauthn', outcome, ...(why === undefined ? {} : { why }) })
  }

  tokenIssued(by: SignedCaller, token: ProgramToken): Promise<void> {
    const { kind, ...fields } = issueEvent(token, by.principal.account)
    return this.#commit(by, kind, fields)
  }

  tokenRevoked(by: SignedCaller, token: ProgramToken, why: string, unconfirmed: StoreUnconfirmed | null): void {
    const { kind, ...fields } = revokeEvent(token, by.principal.account, why, unconfirmed === null)
    this.#record(by, kind, fields)
  }

  loginStored(by: SignedCaller, app: string, outcome: 'stored' | 'replaced'): Promise<void> {
    const { kind, ...fields } = storeEvent(by.principal.account, app, outcome)
    return this.#commit(by, kind, fields)
  }

  loginRemoved(by: SignedCaller, app: string, unconfirmed: StoreUnconfirmed | null): void {
    const { kind, ...fields } = removeEvent(by.principal.account, app, 'owner', unconfirmed === null)
    this.#record(by, kind, fields)
  }

  /** The account has not used this browser lately. */
  newBrowser(by: By & Pick<Caller, 'device'>, account: Account): void {
    const { userAgent } = by.device
    const device = [browserOf(userAgent), systemOf(userAgent)].filter(name => name !== null).join(', ')
    this.#record(by, 'device.new', { ...idOf(account), ...(device === '' ? {} : { device }) })
  }

  /** `why`: one line for operators. */
  institutionFailed(by: By, directory: string, why: string, account: Account | null = null): void {
    const whom = account === null ? {} : idOf(account)
    this.#record(by, 'login', { ...whom, session: undefined, factor: 'directory', directory, outcome: 'refused', why })
  }

  /** Too many invalid answers from this network. */
  institutionThrottled(by: By, directory: string): void {
    this.#record(by, 'throttle', { session: undefined, factor: 'directory', directory, outcome: 'throttled' })
  }

  institutionProof(by: By, account: Account): Promise<void> {
    return this.#commit(by, 'proof', { factor: 'institution', outcome: 'verified', directory: account.directory })
  }

  secondFactor(by: By, factor: FactorKind, credentialId: string | null): Promise<void> {
    const credential = credentialId === null ? {} : { credential: credentialId }
    return this.#commit(by, 'proof', { factor, outcome: 'verified', ...credential })
  }

  secondFactorFailed(by: By, factor: FactorKind, outcome: FailedCheck, why?: Misfit): void {
    const kind = outcome === 'throttled' ? 'throttle' : 'proof'
    this.#record(by, kind, { factor, outcome, ...(why === undefined ? {} : { why }) })
  }

  invitation(by: By, account: Account, outcome?: 'resumed'): Promise<void> {
    const more = outcome === undefined ? {} : { outcome }
    return this.#commit(by, 'invitation.accept', { ...idOf(account), session: undefined, ...more })
  }

  /** `sponsor`: null for the operators, and for an unknown name, which is not recorded. */
  sponsorAsk(by: By & Pick<SignedCaller, 'principal'>, sponsor: Account | null): Promise<void> {
    const named = sponsor === null ? {} : { sponsor: sponsor.name }
    return this.#commit(by, 'sponsor.ask', { person: by.principal.account.name, ...named })
  }

  /** `why`: the reason of an operator in the console. */
  sponsorDecision(
    by: By & Pick<SignedCaller, 'principal'>,
    person: Account,
    isApproval: boolean,
    why?: string
  ): Promise<void> {
    const { name } = by.principal.account
    const operator = why === undefined ? {} : { by: 'console', operator: name, why }
    const fields = { person: person.name, sponsor: name, ...operator }
    return this.#commit(by, isApproval ? 'sponsor.approve' : 'sponsor.decline', fields)
  }

  enrolment(by: By, { kind, id }: Credential, grant?: EnrolmentGrant['kind']): Promise<void> {
    return this.#commit(by, 'enrol', { factor: kind, credential: id, outcome: 'enrolled', grant })
  }

  /** `why` and `model`: of an authenticator that the policy refuses. */
  enrolmentFailed(by: By, factor: FactorKind, outcome: FailedCheck, more: { why?: Misfit; model?: string } = {}): void {
    this.#record(by, outcome === 'throttled' ? 'throttle' : 'enrol', { factor, outcome, ...more })
  }

  /** The factor is removed, because its grant ended first. */
  enrolmentUndone(by: By, { kind, id }: Credential): void {
    this.#record(by, 'factor.remove', { factor: kind, credential: id, outcome: 'invitation_over' })
  }

  factorRemoved(by: By, { kind, id }: Credential): Promise<void> {
    return this.#commit(by, 'factor.remove', { factor: kind, credential: id, outcome: 'removed' })
  }

  recoveryCodes(by: By): Promise<void> {
    return this.#commit(by, 'recovery.issue', { factor: 'recovery', outcome: 'issued' })
  }

  passwordChange(by: By): Promise<void> {
    return this.#commit(by, 'password.change', { outcome: 'changed' })
  }

  passwordLink(by: By, account: Account): Promise<void> {
    return this.#commit(by, 'password.link', { ...idOf(account), session: undefined, outcome: 'sent' })
  }

  /** `account`: null for an unknown name, which is not recorded. */
  passwordLinkFailed(by: By, account: Account | null): void {
    const whom = account === null ? {} : idOf(account)
    this.#record(by, 'password.link', { ...whom, session: undefined, outcome: 'refused' })
  }

  passwordLinkUsed(by: By, account: Account): Promise<void> {
    return this.#commit(by, 'password.link', { ...idOf(account), session: undefined, outcome: 'used' })
  }

  passwordReset(by: By): Promise<void> {
    return this.#commit(by, 'password.change', { outcome: 'reset' })
  }

  passwordChangeFailed(by: By, outcome: FailedCheck): void {
    this.#record(by, outcome === 'throttled' ? 'throttle' : 'password.change', { outcome })
  }

  sessionEnd(by: By, why: EndReason, unconfirmed: StoreUnconfirmed | null, endedId?: string): void {
    const ended = endedId === undefined ? {} : { ended: endedId }
    this.#record(by, why === 'logout' ? 'logout' : 'session.end', { ...ended, outcome: why, ...confirmed(unconfirmed) })
  }

  otherSessionsEnd(
    by: By,
    { account, session }: Principal,
    why: EndReason,
    ended: number,
    unconfirmed: StoreUnconfirmed | null
  ): void {
    const whose = { ...idOf(account), session: session.id }
    this.#record(by, 'session.end', { ...whose, outcome: 'others', why, ended, ...confirmed(unconfirmed) })
  }

  institutionSignOut(by: By, directory: string, ended: number): void {
    this.#record(by, 'session.end', { outcome: 'institution_sign_out', directory, ended })
  }

  #record(by: By, kind: EventKind, fields: Partial<AuditEvent>): void {
    this.#audit.record(eventOf(by, kind, fields))
  }

  #commit(by: By, kind: EventKind, fields: Partial<AuditEvent>): Promise<void> {
    return this.#audit.commit(eventOf(by, kind, fields))
  }
}

function eventOf({ request, now, address, principal }: By, kind: EventKind, fields: Partial<AuditEvent>): AuditEvent {
  const who =
    principal === null
      ? {}
      : { account: principal.account.id, name: principal.account.name, session: principal.session.id }
  return { kind, at: now, request, address, ...who, ...fields }
}

function confirmed(unconfirmed: StoreUnconfirmed | null): { readonly confirmed?: false } {
  return unconfirmed === null ? {} : { confirmed: false }
}
