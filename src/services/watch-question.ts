/** What the watch demands of a person now, as far as the store tells: for `factorgate explain`, which has no gate. */
import type { Config } from '../../config/schema.ts'
import type { Demands } from '../apps/authorize.ts'
import type { App } from '../apps/route-table.ts'
import { type Budget, concerns } from '../budgets/budget.ts'
import type { Demand } from '../budgets/demand.ts'
import { demandOfLedger } from '../budgets/ledger-demand.ts'
import { ledgerId, ledgerRecord } from '../budgets/ledger-record.ts'
import { amountInWords, spanInWords } from '../budgets/sentences.ts'
import type { Clock } from '../clock.ts'
import type { Proof } from '../factor/proof.ts'
import type { Permit } from '../policy/decision.ts'
import type { Store } from '../store/store.ts'
import { answeredAt, askDemand, askRecord } from '../unusual/asks.ts'
import { toBudget, underReport } from './watching.ts'

export interface WatchQuestion {
  readonly app: App
  /** Null for a person without an account. */
  readonly account: string | null
  readonly proofs: readonly Proof[]
  /** What the posture leaves of each amount. */
  readonly scale: number
}

/** The budgets that count a request to this app. */
function budgetsFor({ watch, apps }: Config, { id }: App): readonly Budget[] {
  const reporting = new Set(apps.filter(({ enforce }) => enforce === 'report').map(app => app.id))
  const all = (watch?.budgets ?? []).map(toBudget).flatMap(budget => underReport(budget, reporting))
  return all.filter(budget => concerns(budget, id))
}

/** Budgets per session and per token are left out, since the question names neither. Rejects if the store cannot be read. */
export async function storedDemands(
  config: Config,
  store: Store,
  clock: Clock,
  { app, account, proofs, scale }: WatchQuestion
): Promise<Demands> {
  const subjects = { person: account, app: app.id, everyone: 'all', session: null, token: null }
  const now = clock()
  let demand: Demand | null = null
  const ask = account === null ? null : await askRecord.get(store, account)
  if (ask !== null && answeredAt(ask, proofs) < ask.at) demand = askDemand(ask.at, now)
  for (const budget of budgetsFor(config, app)) {
    const subject = subjects[budget.per]
    if (subject === null) continue
    const ledger = await ledgerRecord.get(store, ledgerId(budget, subject))
    if (ledger !== null) demand ??= demandOfLedger(ledger, budget, proofs, now, scale)
  }
  return { onlyOfPrograms: false, on: () => demand }
}

/** One line for each budget. */
export function watchInWords(config: Config, app: App, permit: Permit): string[] {
  const lines = budgetsFor(config, app).map(budget => {
    const { id, per, windowSeconds, amount, steps, counted, direction } = budget
    const sent = counted === 'bytes' && direction === 'in' ? ' sent' : ''
    const whose = per === 'everyone' ? 'everybody together' : per === 'app' ? 'the whole app' : `each ${per}`
    return `budget ${id}: ${amountInWords(budget, amount)}${sent} within ${spanInWords(windowSeconds)} for ${whose}, then ${steps.join(', ')}`
  })
  const own = permit.freshForRule === undefined ? null : (app.ownBudgets?.[permit.freshForRule] ?? null)
  if (own !== null) lines.push(`freshFor: ${amountInWords(own, own.amount)} for each proof, counted for each session`)
  if (config.watch?.unusual != null) lines.push('unusual: asks for a proof where something is alarming for this person')
  return lines
}
