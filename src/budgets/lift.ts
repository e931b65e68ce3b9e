/** Lifts the budgets that stop a person, on an operator's word. */
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import { type Budget, isStrict } from './budget.ts'
import { type Ledger, limitAt, readLedger } from './ledger.ts'
import { ledgerRecord, ledgerSeconds, passingKey } from './ledger-record.ts'

export interface Lifting {
  readonly store: Store
  readonly clock: Clock
  readonly budgets: readonly Budget[]
  /** What the posture leaves of amounts; null for all apps. */
  readonly scale: (app: string | null) => number
}

const passingSeconds = 60
/** The most budgets that one lift adds. It bounds the record where the posture leaves little. */
const maxBought = 20

/** Those that stop the account, its sessions or its programs now. Rejects with StoreUnreachable. */
export async function budgetsThatHold(lifting: Lifting, account: string): Promise<readonly Budget[]> {
  return (await heldBy(lifting, account)).map(({ budget }) => budget)
}

/** Rejects with StoreUnreachable; what `onLifted` has heard of is lifted. */
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

/** One more budget, or as many as the spent amount needs. */
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
