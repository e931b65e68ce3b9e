/**
 * The actions of the operators' console. They check the role, the version that the operator has seen, and that an operator remains, then
 * call people.ts. Each has a reason, and each journal line names the operator.
 */
import type { AuditSink } from '../audit/event.ts'
import type { Lifting } from '../budgets/lift.ts'
import { GateError } from '../errors.ts'
import type { Credential, Credentials } from '../factor/credential.ts'
import { type Account, operators } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
import { type AccountChange, AccountError, type NewAccount } from '../identity/accounts.ts'
import type { Directories } from '../identity/directories.ts'
import type { OperatorWord, ResumeRule } from '../identity/suspension.ts'
import { digestOf, newId } from '../ids.ts'
import type { ProgramTokens } from '../programs/program-tokens.ts'
import { revokeEvent } from '../programs/token-events.ts'
import type { Principal } from '../session/principal.ts'
import type { Store } from '../store/store.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { AttemptLocks } from '../throttle/attempt-locks.ts'
import type { BucketKind } from '../throttle/limits.ts'
import { removeEvent } from '../upstream-login/login-events.ts'
import type { KeptLogin, UpstreamLogins } from '../upstream-login/upstream-logins.ts'
import { type AddManyOptions, type AddOutcome, People, type PeopleParts } from './people.ts'
import { type Action, mayDo, roleOf } from './roles.ts'

export interface Acting {
  readonly principal: Principal
  /** The reference for the journal. */
  readonly request: string
  readonly address: string
  readonly now: number
  readonly why: string
}

export interface Seen {
  readonly id: string
  /** `versionOf` the account that the operator saw. */
  readonly version: string
  /** The operators confirm that the action locks them out. */
  readonly isSelfMeant?: boolean
}

type Refusal =
  | 'gone'
  | 'changed'
  | 'not_yours'
  | 'last_operator'
  | 'yourself'
  | 'suspended'
  | 'not_suspended'
  | 'second_operator'
  | 'has_factor'
  | 'no_source'
  | 'name_taken'
  | 'name_invalid'
  | 'elsewhere'

export type ActionOutcome<Done> =
  | ({ readonly kind: 'done'; readonly account: Account } & Done)
  | { readonly kind: 'refused'; readonly why: Refusal; readonly account: Account | null }

interface OperatorActionsParts extends Omit<PeopleParts, 'record' | 'operator' | 'locks' | 'credentials'> {
  readonly store: Store
  readonly audit: AuditSink
  readonly credentials: Credentials
  readonly locks: AttemptLocks
  readonly tokens: Pick<ProgramTokens, 'byId' | 'revoke'>
  readonly logins: Pick<UpstreamLogins, 'removeVersion'>
  readonly directories: Pick<Directories, 'isElsewhere' | 'isKnown'>
  readonly isUsable: (credential: Credential) => boolean
  /** Who may end a suspension after a decoy. */
  readonly resumeRule: ResumeRule
  readonly lifting: () => Promise<Lifting>
}

/** One change at a time, otherwise two operators could suspend each other. */
const lockKey = 'operator-change'
const lockSeconds = 10

/** Differs after every change. */
export function versionOf(account: Account): string {
  return digestOf(accountRecord.text(account)).slice(0, 22)
}

export class OperatorActions {
  readonly #parts: OperatorActionsParts

  constructor(parts: OperatorActionsParts) {
    this.#parts = parts
  }

  /** Returns the invitation's token. */
  async add(by: Acting, input: NewAccount, validSeconds?: number): Promise<ActionOutcome<{ readonly token: string }>> {
    if (!mayDo(roleOf(by.principal.account), 'add', null)) return refused('not_yours', null)
    if (!this.#parts.audit.writable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    try {
      const account = await this.#people(by).add(input)
      return { kind: 'done', account, token: await this.#people(by).invite(account, validSeconds) }
    } catch (error) {
      return refusedBy(error, null)
    }
  }

  /** As `addMany` of people.ts. */
  async addMany(
    by: Acting,
    inputs: readonly NewAccount[],
    options: AddManyOptions
  ): Promise<{ readonly outcomes: readonly ActionOutcome<{ readonly token: string }>[]; readonly failure: unknown }> {
    if (!mayDo(roleOf(by.principal.account), 'add', null))
      return { outcomes: inputs.map(() => refused('not_yours', null)), failure: null }
    if (!this.#parts.audit.writable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    const { outcomes, failure } = await this.#people(by).addMany(inputs, options)
    const done = (one: AddOutcome) =>
      one instanceof AccountError ? refusedBy(one, null) : ({ kind: 'done', ...one } as const)
    return { outcomes: outcomes.map(done), failure }
  }

  invite(by: Acting, seen: Seen, validSeconds?: number): Promise<ActionOutcome<{ readonly token: string }>> {
    return this.#act(by, 'invite', seen, async account => {
      if (account.suspended !== null) return refused('suspended', account)
      const { directories, credentials, isUsable } = this.#parts
      if (!directories.isKnown(account.directory)) return refused('no_source', account)
      // An invitation sets no password for a person from elsewhere, so beside a factor it does nothing.
      if (directories.isElsewhere(account.directory) && (await credentials.list(account.id)).some(isUsable))
        return refused('has_factor', account)
      return { kind: 'done', account, token: await this.#people(by).invite(account, validSeconds) }
    })
  }

  /** `groups` may end an operator's rights. */
  change(by: Acting, seen: Seen, change: AccountChange): Promise<ActionOutcome<object>> {
    const losesRole = (account: Account) =>
      change.groups !== undefined && account.groups.includes(operators) && !change.groups.includes(operators)
    return this.#act(by, 'change', seen, async account => {
      const changed = () => this.#people(by).change(account, change, { asOf: account })
      if (!losesRole(account)) return { kind: 'done', account: await changed() }
      return this.#ofOperator(by, seen, account, async () => ({ kind: 'done', account: await changed() }))
    })
  }

  /** `elsewhere`: the person's institution gives the name. */
  rename(by: Acting, seen: Seen, to: string): Promise<ActionOutcome<{ readonly before: string }>> {
    return this.#act(by, 'rename', seen, async account => {
      if (account.externalId !== undefined) return refused('elsewhere', account)
      const renamed = await this.#people(by).rename(account, to, { asOf: account })
      return { kind: 'done', account: renamed, before: account.name }
    })
  }

  suspend(by: Acting, seen: Seen): Promise<ActionOutcome<{ readonly ended: number }>> {
    return this.#act(by, 'suspend', seen, account =>
      this.#ofOperator(by, seen, account, async () => {
        if (account.suspended !== null) return refused('suspended', account)
        return { kind: 'done', account, ended: await this.#people(by).suspend(account, by.why, { asOf: account }) }
      })
    )
  }

  /** Also lifts the budgets that stop the person. `isAsked`: a second operator must agree first. */
  resume(by: Acting, seen: Seen): Promise<ActionOutcome<{ readonly isAsked: boolean }>> {
    return this.#act(by, 'resume', seen, async account => {
      if (account.suspended === null) {
        const isLifted = await this.#lift(by, account)
        return isLifted ? { kind: 'done', account, isAsked: false } : refused('not_suspended', account)
      }
      const { resumeRule } = this.#parts
      const step = await this.#people(by).resume(account, wordOf(by), { asOf: account, rule: resumeRule })
      if (step === 'same_operator') return refused('second_operator', account)
      if (step !== 'ask') await this.#lift(by, account)
      return { kind: 'done', account, isAsked: step === 'ask' }
    })
  }

  /** False if no budget stops the person. */
  async #lift(by: Acting, account: Account): Promise<boolean> {
    return (await this.#people(by).liftBudgets(account, await this.#parts.lifting(), by.why)) !== ''
  }

  /** The suspension stays. */
  confirm(by: Acting, seen: Seen): Promise<ActionOutcome<object>> {
    return this.#act(by, 'confirm', seen, async account => {
      if (account.suspended === null) return refused('not_suspended', account)
      await this.#people(by).confirmSuspension(account, wordOf(by), { asOf: account })
      return { kind: 'done', account }
    })
  }

  reset(by: Acting, seen: Seen): Promise<ActionOutcome<{ readonly removed: number; readonly ended: number }>> {
    return this.#act(by, 'reset', seen, account =>
      this.#ofOperator(by, seen, account, async () => ({
        kind: 'done',
        account,
        ...(await this.#people(by).resetFactors(account))
      }))
    )
  }

  unlock(by: Acting, seen: Seen): Promise<ActionOutcome<{ readonly cleared: number }>> {
    return this.#act(by, 'unlock', seen, async account => ({
      kind: 'done',
      account,
      cleared: (await this.#people(by).unlock(account)).cleared
    }))
  }

  /** All sessions, or one. */
  revoke(by: Acting, seen: Seen, sessionId: string | null): Promise<ActionOutcome<{ readonly ended: number }>> {
    return this.#act(by, 'revoke', seen, async account => {
      const people = this.#people(by)
      const ended =
        sessionId === null
          ? await people.endSessions(account, 'revoked', by.why)
          : Number(await people.endSession(account, sessionId, by.why))
      return { kind: 'done', account, ended }
    })
  }

  /** Rejects with StoreUnconfirmed, although the token is revoked. */
  revokeToken(by: Acting, seen: Seen, tokenId: string): Promise<ActionOutcome<object>> {
    return this.#act(by, 'revoke', seen, async account => {
      const { tokens } = this.#parts
      const token = await tokens.byId(tokenId)
      if (token === null || token.accountId !== account.id) return refused('gone', account)
      const unconfirmed = await evenUnconfirmed(() => tokens.revoke(tokenId))
      await this.#record(by)(revokeEvent(token, account, by.why, unconfirmed === null))
      if (unconfirmed !== null) throw unconfirmed
      return { kind: 'done', account }
    })
  }

  /** The login as the operator saw it; a newer one stays, and so does the account at the app. Rejects with StoreUnconfirmed, although the login is removed. */
  forgetLogin(
    by: Acting,
    seen: Seen,
    { app, version }: Pick<KeptLogin, 'app' | 'version'>
  ): Promise<ActionOutcome<object>> {
    return this.#act(by, 'revoke', seen, async account => {
      let outcome: 'removed' | 'changed' | 'gone' = 'removed'
      const unconfirmed = await evenUnconfirmed(async () => {
        outcome = await this.#parts.logins.removeVersion(account.id, app, version)
      })
      if (outcome !== 'removed') return refused(outcome, account)
      await this.#record(by)(removeEvent(account, app, by.why, unconfirmed === null))
      if (unconfirmed !== null) throw unconfirmed
      return { kind: 'done', account }
    })
  }

  /** False if there are no waits, or for the help desk. */
  async unlockNetwork(by: Acting, kind: BucketKind, key: string): Promise<boolean> {
    if (roleOf(by.principal.account) !== 'operator') return false
    const isCleared = await this.#parts.locks.unlockNetwork(kind, key)
    if (isCleared) await this.#record(by)({ kind: 'throttle', outcome: 'unlocked', limit: kind, network: key })
    return isCleared
  }

  async #act<Done>(
    by: Acting,
    action: Action,
    { id, version }: Seen,
    work: (account: Account) => Promise<ActionOutcome<Done>>
  ): Promise<ActionOutcome<Done>> {
    const account = await this.#parts.accounts.byId(id)
    if (account === null) return refused('gone', null)
    if (!mayDo(roleOf(by.principal.account), action, account)) return refused('not_yours', account)
    if (versionOf(account) !== version) return refused('changed', account)
    if (!this.#parts.audit.writable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    try {
      return await work(account)
    } catch (error) {
      return refusedBy(error, account)
    }
  }

  /** An action that may end an operator's access. The acting operator can open the console, so only their own account can be the last. */
  async #ofOperator<Done>(
    by: Acting,
    { isSelfMeant }: Seen,
    account: Account,
    work: () => Promise<ActionOutcome<Done>>
  ): Promise<ActionOutcome<Done>> {
    if (!account.groups.includes(operators)) return work()
    const { store, accounts } = this.#parts
    const ticket = newId()
    if (!(await store.add(lockKey, ticket, lockSeconds))) return refused('changed', account)
    try {
      const self = await accounts.byId(by.principal.account.id)
      if (self === null || roleOf(self) === null) return refused('not_yours', account)
      if (account.id === self.id) {
        if (!(await this.#hasOtherOperator(self.id))) return refused('last_operator', account)
        if (isSelfMeant !== true) return refused('yourself', account)
      }
      return await work()
    } finally {
      await store.delete(lockKey, ticket)
    }
  }

  /** True if another operator can open the console. */
  async #hasOtherOperator(id: string): Promise<boolean> {
    const { accounts, credentials, isUsable } = this.#parts
    for (const account of await accounts.list()) {
      if (account.id === id || roleOf(account) !== 'operator') continue
      const found = await credentials.list(account.id)
      if (found.some(credential => credential.kind === 'webauthn' && isUsable(credential))) return true
    }
    return false
  }

  #people(by: Acting): People {
    return new People({ ...this.#parts, operator: by.principal.account.name, record: this.#record(by) })
  }

  #record(by: Acting): PeopleParts['record'] {
    return recordBy(this.#parts.audit, by)
  }
}

/** Each line has the operator, their reason and their place. */
export function recordBy(audit: AuditSink, { principal, why, request, address, now }: Acting): PeopleParts['record'] {
  const who = { by: 'console', operator: principal.account.name, why, request, address }
  return event => audit.commit({ at: now, ...event, ...who })
}

function wordOf({ principal: { account }, now: at, why }: Acting): OperatorWord {
  return { at, account: account.id, name: account.name, why }
}

function refused(why: Refusal, account: Account | null) {
  return { kind: 'refused', why, account } as const
}

function refusedBy(error: unknown, account: Account | null) {
  if (!(error instanceof AccountError)) throw error
  const { problem } = error
  if (problem === 'not_found') return refused('gone', account)
  if (problem === 'external_taken') throw error
  return refused(problem, account)
}
