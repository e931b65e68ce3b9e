/** The use-cases of operators on people, for the command line and the console. Callers check rights. */
import type { AuditEvent } from '../audit/event.ts'
import type { Budget } from '../budgets/budget.ts'
import { budgetNames, type Lifting, liftBudgets } from '../budgets/lift.ts'
import type { Credential, Credentials } from '../factor/credential.ts'
import type { RecoveryCodes } from '../factor/recovery-code.ts'
import type { Account } from '../identity/account.ts'
import { type AccountChange, AccountError, type Accounts, type NewAccount } from '../identity/accounts.ts'
import type { Invitations } from '../identity/invitations.ts'
import type { Sponsorships } from '../identity/sponsorships.ts'
import { causeOf, type OperatorWord, type ResumeRule, resumeStep } from '../identity/suspension.ts'
import type { EndReason } from '../session/records.ts'
import type { Sessions } from '../session/sessions.ts'
import { StoreUnconfirmed } from '../store/store.ts'
import type { AttemptLocks } from '../throttle/attempt-locks.ts'

/** The caller adds time and operator. */
export type ChangeEvent = Pick<AuditEvent, 'kind'> & Partial<AuditEvent>

export interface PeopleParts {
  readonly accounts: Accounts
  readonly credentials: Pick<Credentials, 'list' | 'remove' | 'removeAll' | 'remember' | 'forgetFutureCodes'>
  readonly recoveryCodes: Pick<RecoveryCodes, 'removeAll'>
  readonly invitations: Pick<Invitations, 'issue' | 'removeAll'>
  readonly sponsorships: Pick<Sponsorships, 'removeAll'>
  readonly sessions: Pick<Sessions, 'end' | 'endAccount' | 'endProvedBy'>
  readonly locks: Pick<AttemptLocks, 'unlock'>
  /** The name of the operator, for the records that say who has made them. */
  readonly operator: string
  /** The caller adds the operator and the reason. */
  readonly record: (event: ChangeEvent) => Promise<void>
}

export type AddOutcome = { readonly account: Account; readonly token: string } | AccountError

export interface AddManyOptions {
  readonly validSeconds?: number | undefined
  readonly onDone?: (done: number) => void
  /** Called for each added person, for example to send a mail. */
  readonly onAdded?: (account: Account, token: string) => Promise<unknown>
}

/** `asOf`: the account as the operator saw it. If it has changed, AccountError `changed` is thrown and nothing is done. */
interface AsOf {
  readonly asOf?: Account | undefined
}

const whyOf = ({ why }: OperatorWord) => (why === '' ? {} : { why })
const whom = ({ id, name }: Account) => ({ account: id, name })

export class People {
  readonly #parts: PeopleParts

  constructor(parts: PeopleParts) {
    this.#parts = parts
  }

  /** Throws AccountError. */
  async add(input: NewAccount): Promise<Account> {
    const account = await this.#parts.accounts.create(input)
    await this.#parts.record({
      kind: 'user.change',
      ...whom(account),
      outcome: 'added',
      groups: account.groups.join(',')
    })
    return account
  }

  /** The invitation's token. Older ones become invalid. `validSeconds` is within `invitationSeconds`. */
  async invite(account: Account, validSeconds?: number): Promise<string> {
    const { invitations, operator: by } = this.#parts
    const token = await invitations.issue(account.id, { validSeconds, by })
    const valid = validSeconds === undefined ? {} : { valid: validSeconds }
    await this.#parts.record({ kind: 'invitation.issue', ...whom(account), ...valid })
    return token
  }

  /**
   * Adds and invites one after the other, so that a failure leaves at most one person without an invitation. If the store or the journal
   * fails, it stops: `failure` is the error.
   */
  async addMany(
    inputs: readonly NewAccount[],
    { validSeconds, onDone = () => {}, onAdded = async () => {} }: AddManyOptions = {}
  ): Promise<{ readonly outcomes: readonly AddOutcome[]; readonly failure: unknown }> {
    const outcomes: AddOutcome[] = []
    for (const input of inputs) {
      try {
        const account = await this.add(input)
        const token = await this.invite(account, validSeconds)
        outcomes.push({ account, token })
        await onAdded(account, token)
      } catch (error) {
        if (!(error instanceof AccountError)) return { outcomes, failure: error }
        outcomes.push(error)
      }
      onDone(outcomes.length)
    }
    return { outcomes, failure: null }
  }

  /** Throws AccountError. */
  async change(account: Account, change: AccountChange, { asOf }: AsOf = {}): Promise<Account> {
    const { accounts } = this.#parts
    let changed: Account = account
    await this.#evenUnconfirmed(
      () => accounts.update(account.id, change, asOf),
      async () => {
        changed = (await accounts.byId(account.id)) ?? account
        return {
          kind: 'user.change',
          ...whom(changed),
          outcome: 'changed',
          fields: Object.keys(change).join(','),
          groups: changed.groups.join(',')
        }
      }
    )
    return changed
  }

  /** The old name stays taken. Throws AccountError. */
  async rename(account: Account, to: string, { asOf }: AsOf = {}): Promise<Account> {
    const renamed = await this.#parts.accounts.rename(account.id, to, asOf)
    if (renamed.name !== account.name)
      await this.#parts.record({ kind: 'user.change', ...whom(renamed), outcome: 'renamed', before: account.name })
    return renamed
  }

  /** Returns the number of ended sessions. Throws AccountError. */
  async suspend(account: Account, why: string, { asOf }: AsOf = {}): Promise<number> {
    const { accounts, sessions } = this.#parts
    let ended = 0
    await this.#evenUnconfirmed(
      () => accounts.suspend(account.id, why, { asOf }),
      async () => {
        ended = await sessions.endAccount(account.id, 'suspended')
      },
      async () => ({ kind: 'user.change', ...whom(account), outcome: 'suspended', why, ended })
    )
    return ended
  }

  /**
   * Ends a suspension, or keeps the wish if a second operator must agree. `same_operator`: nothing was done. Throws AccountError `changed`
   * if the account is not suspended.
   */
  async resume(
    account: Account,
    by: OperatorWord,
    { asOf, rule = 'one-operator' }: AsOf & { readonly rule?: ResumeRule } = {}
  ): Promise<ReturnType<typeof resumeStep>> {
    const { accounts, record } = this.#parts
    const { suspended } = account
    if (suspended === null) throw new AccountError('changed')
    const step = resumeStep(suspended, rule, by, by.at)
    const line = { kind: 'user.change', ...whom(account), ...whyOf(by), cause: causeOf(suspended) } as const
    if (step === 'ask') {
      await accounts.noteOnSuspension(account.id, { resumeAsked: by }, asOf)
      await record({ ...line, outcome: 'resume_asked' })
    }
    if (step === 'resume') {
      // A second word counts only for what the first was given for.
      await accounts.resume(account.id, asOf ?? account)
      const first = rule === 'one-operator' ? undefined : suspended.resumeAsked?.name
      await record({ ...line, outcome: 'resumed', ...(first === undefined ? {} : { first }) })
    }
    return step
  }

  /** Returns the names of the lifted budgets; '' for none. Rejects with StoreUnreachable; what is lifted is recorded. */
  async liftBudgets(account: Account, lifting: Lifting, why: string): Promise<string> {
    const lifted: Budget[] = []
    try {
      await liftBudgets(lifting, account.id, budget => lifted.push(budget))
    } finally {
      const budget = budgetNames(lifted)
      if (budget !== '')
        await this.#parts.record({ kind: 'user.change', ...whom(account), outcome: 'budget_lifted', budget, why })
    }
    return budgetNames(lifted)
  }

  /** The suspension stays. Throws AccountError. */
  async confirmSuspension(account: Account, by: OperatorWord, { asOf }: AsOf = {}): Promise<void> {
    const { accounts, record } = this.#parts
    if (account.suspended === null) throw new AccountError('changed')
    await accounts.noteOnSuspension(account.id, { confirmed: by, resumeAsked: undefined }, asOf)
    const cause = causeOf(account.suspended)
    await record({ kind: 'user.change', ...whom(account), outcome: 'suspension_confirmed', ...whyOf(by), cause })
  }

  /** Removes every second factor, and what could bring one back: invitations and requests for approval. Ends all sessions. */
  async resetFactors(account: Account): Promise<{ readonly removed: number; readonly ended: number }> {
    const { credentials, invitations, sponsorships, recoveryCodes, sessions } = this.#parts
    const { id } = account
    const removed = (await credentials.list(id)).length
    let ended = 0
    await this.#evenUnconfirmed(
      // The holder of an old invitation could enrol a factor.
      () => invitations.removeAll(id),
      () => sponsorships.removeAll(id),
      () => credentials.removeAll(id),
      () => recoveryCodes.removeAll(id),
      async () => {
        ended = await sessions.endAccount(id, 'factors_changed')
      },
      // This comes last, because a full disk must not stop what ends access.
      () => credentials.remember(id),
      async () => ({ kind: 'factor.remove', ...whom(account), outcome: 'reset', removed, ended })
    )
    return { removed, ended }
  }

  /** Ends the sessions that it has opened, and returns their number. */
  async removeFactor(account: Account, { id, kind }: Pick<Credential, 'id' | 'kind'>): Promise<number> {
    const { credentials, sessions } = this.#parts
    let ended = 0
    await this.#evenUnconfirmed(
      () => credentials.remove(account.id, id),
      async () => {
        ended = await sessions.endProvedBy(account.id, id)
      },
      () => credentials.remember(account.id),
      async () => ({ kind: 'factor.remove', ...whom(account), factor: kind, credential: id, outcome: 'removed', ended })
    )
    return ended
  }

  /** Returns their number. The person reads `words` at the next sign-in. */
  async endSessions(account: Account, why: EndReason = 'revoked', words?: string): Promise<number> {
    let ended = 0
    await this.#evenUnconfirmed(
      async () => {
        ended = await this.#parts.sessions.endAccount(account.id, why, undefined, words)
      },
      async () => ({
        kind: 'session.end',
        outcome: why,
        ...whom(account),
        ended,
        ...(words === undefined ? {} : { why: words })
      })
    )
    return ended
  }

  /** False if it has ended before. */
  async endSession(account: Account, sessionId: string, words?: string): Promise<boolean> {
    let isEnded = false
    await this.#evenUnconfirmed(
      async () => {
        isEnded = await this.#parts.sessions.end(sessionId, 'revoked', words)
      },
      async () => ({
        kind: 'session.end',
        outcome: 'revoked',
        ...whom(account),
        session: sessionId,
        ended: Number(isEnded)
      })
    )
    return isEnded
  }

  /**
   * Ends the waits of this account. Returns the number of cleared counts, and of authenticator apps with codes used while the clock was
   * ahead. A disabled factor stays disabled.
   */
  async unlock(account: Account): Promise<{ readonly cleared: number; readonly codes: number }> {
    const cleared = await this.#parts.locks.unlock(account.id)
    const codes = await this.#parts.credentials.forgetFutureCodes(account.id)
    await this.#parts.record({ kind: 'user.change', ...whom(account), outcome: 'unlocked', cleared })
    return { cleared, codes }
  }

  /** Runs all steps, then rejects with StoreUnconfirmed if a write is unconfirmed. The last step writes the journal line. */
  async #evenUnconfirmed(
    ...steps: readonly [...(() => Promise<unknown>)[], () => Promise<ChangeEvent>]
  ): Promise<void> {
    const line = steps.at(-1) as () => Promise<ChangeEvent>
    let unconfirmed: StoreUnconfirmed | null = null
    for (const step of steps.slice(0, -1))
      try {
        await step()
      } catch (error) {
        if (!(error instanceof StoreUnconfirmed)) throw error
        unconfirmed = error
      }
    await this.#parts.record({ ...(await line()), ...(unconfirmed === null ? {} : { confirmed: false }) })
    if (unconfirmed !== null) throw unconfirmed
  }
}
