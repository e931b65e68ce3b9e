/** The use of each budget, the fullest first, at most 15 seconds old. */
import type { Budget } from '../../budgets/budget.ts'
import { type Ledger, type Mode, readLedger } from '../../budgets/ledger.ts'
import { ledgerRecord } from '../../budgets/ledger-record.ts'
import type { Clock } from '../../clock.ts'
import { withPauses } from '../../store/batches.ts'
import { KeptAnswer } from '../../store/kept-answer.ts'
import type { Store } from '../../store/store.ts'

export interface BudgetUse {
  readonly budget: Budget
  /** An account, a session, an app, or what stands for everybody. */
  readonly subject: string
  /** For budgets per person, session or token; null for strangers. */
  readonly account: string | null
  readonly used: number
  readonly limit: number
  /** `used` of `limit`. */
  readonly share: number
  readonly state: Mode
  /** Milliseconds since the epoch; null if it is not passed. */
  readonly passedAt: number | null
}

export interface BudgetUsesInput {
  readonly store: Store
  readonly clock: Clock
  readonly budgets: () => readonly Budget[]
  /** What the posture leaves of amounts for an app; null for all apps. */
  readonly scale: () => Promise<(app: string | null) => number>
}

const keptMs = 15_000

export class BudgetUses {
  readonly #input: BudgetUsesInput
  readonly #uses: KeptAnswer<readonly BudgetUse[]>

  constructor(input: BudgetUsesInput) {
    this.#input = input
    this.#uses = new KeptAnswer(input.clock, keptMs)
  }

  /** Unused grants do not count. Rejects with StoreUnreachable. */
  all(): Promise<readonly BudgetUse[]> {
    return this.#uses.get(now => this.#read(now))
  }

  async #read(now: number): Promise<readonly BudgetUse[]> {
    const { store, budgets } = this.#input
    const scale = await this.#input.scale()
    const known = new Map(budgets().map(budget => [budget.id, budget]))
    const uses: BudgetUse[] = []
    for await (const { key, value } of withPauses(store.scan(ledgerRecord.prefix))) {
      const [id = '', ...rest] = key.slice(ledgerRecord.prefix.length).split(':')
      const budget = known.get(id)
      const ledger = ledgerRecord.parseIfKnown(value)
      // The budget has left the configuration.
      if (budget === undefined || ledger === null) continue
      const use = useOf(budget, rest.join(':'), ledger, now, scale(budget.app))
      if (use.used > 0 || use.passedAt !== null) uses.push(use)
    }
    return uses.sort((one, other) => other.share - one.share)
  }
}

function useOf(budget: Budget, subject: string, ledger: Ledger, now: number, scale: number): BudgetUse {
  const { spent: used, limit, mode: state } = readLedger(ledger, budget, now, scale)
  const { per } = budget
  const account = per === 'person' ? subject : per === 'session' || per === 'token' ? ledger.account : null
  return { budget, subject, account, used, limit, share: used / Math.max(1, limit), state, passedAt: ledger.askedAt }
}
