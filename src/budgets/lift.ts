/** Lifts the budgets that hold or cut one person, when an operator says so. Each budget has room again, without a proof. */
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import { type Budget, isStrict } from './budget.ts'
import { type Ledger, limitAt, readLedger } from './ledger.ts'
import { ledgerRecord, ledgerSeconds, passingKey } from './ledger-record.ts'

export interface Lifting {
  readonly store: Store
  readonly clock: Clock
  readonly budgets: readonly Budget[]
  /** The part of amounts that the posture leaves for an app; null for all apps. */
  readonly scale: (app: string | null) => number
}

const passingSeconds = 60
/** The most budgets that one lift adds. It bounds the record if the posture leaves little of the amount. */
const maxBought = 20

/** The budgets of this account, or of its sessions and programs, that stop it now. Rejects with StoreUnreachable. */
export async function budgetsThatHold(lifting: Lifting, account: string): Promise<readonly Budget[]> {
  return (await heldBy(lifting, account)).map(({ budget }) => budget)
}

/** Other gates hear of it at once. Rejects with StoreUnreachable; what `onLifted` has heard of is lifted then too. */
export async function liftBudgets(
  lifting: Lifting,
  account: string,
  onLifted: (budget: Budget) => void
): Promise<void> {
  const { store, clock, scale } = lifting
  for (const { id, budget } of await heldBy(lifting, account)) {
    const isLifted = await ledgerRecord.change<boolean>(store, id, ledger => {
      const now = clock()
      const part = scale(budget.app)
      if (ledger === null || !isHeld(ledger, budget, now, part)) return { result: false }
      return { result: true, next: lift(ledger, budget, now, part), ttlSeconds: ledgerSeconds(budget) }
    })
    if (!isLifted) continue
    onLifted(budget)
    await store.put(passingKey(id), String(clock()), passingSeconds)
  }
}

export function budgetNames(budgets: readonly Budget[]): string {
  return [...new Set(budgets.map(({ id }) => id))].join(', ')
}

/** Adds one more budget, or as many as the spent amount needs. A budget that is passed again counts as passed for the first time. */
function lift(ledger: Ledger, budget: Budget, now: number, scale: number): Ledger {
  let next: Ledger = { ...ledger, askedAt: null, isAnswered: false, isUnanswered: false, suspendedAt: null }
  const { spent } = readLedger(ledger, budget, now, scale)
  for (let n = 0; n < maxBought && (n === 0 || spent > limitAt(next, budget, now, scale)); n++)
    next = { ...next, boughtAt: [...next.boughtAt, now] }
  return next
}

function isHeld(ledger: Ledger, budget: Budget, now: number, scale: number): boolean {
  const { mode } = readLedger(ledger, budget, now, scale)
  return isStrict(budget) && (mode === 'hold' || mode === 'slow' || mode === 'cut')
}

async function heldBy(
  { store, clock, budgets, scale }: Lifting,
  account: string
): Promise<readonly { readonly id: string; readonly budget: Budget }[]> {
  const known = new Map(budgets.filter(isStrict).map(budget => [budget.id, budget]))
  const held: { id: string; budget: Budget }[] = []
  if (known.size === 0) return held
  for await (const { key, value } of store.scan(ledgerRecord.prefix)) {
    const id = key.slice(ledgerRecord.prefix.length)
    const colon = id.indexOf(':')
    const budget = known.get(id.slice(0, colon))
    if (budget === undefined || budget.per === 'app' || budget.per === 'everyone') continue
    const ledger = ledgerRecord.parseIfKnown(value)
    if (ledger === null || (budget.per === 'person' ? id.slice(colon + 1) : ledger.account) !== account) continue
    if (isHeld(ledger, budget, clock(), scale(budget.app))) held.push({ id, budget })
  }
  return held
}
