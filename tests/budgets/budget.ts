/** A budget as most tests want it, and the budgets of one process that ask for nothing else. */
import type { Budget } from '../../src/budgets/budget.ts'
import { Budgets, type BudgetsOptions } from '../../src/budgets/budgets.ts'
import { factorKinds } from '../../src/factor/kinds.ts'

/** 100 MiB an hour leave for each person, then everything is cut. */
export function budgetOf(change: Partial<Budget> = {}): Budget {
  return {
    id: 'theft',
    per: 'person',
    app: null,
    windowSeconds: 3600,
    counted: 'bytes',
    direction: 'out',
    amount: 100 * 1024 ** 2,
    steps: ['cut'],
    factors: factorKinds,
    rate: null,
    isPerProof: false,
    ...change
  }
}

/** Budgets of one of several processes. What nobody names has no effect, and troubles are ignored. */
export function budgetsOf(options: Partial<BudgetsOptions> & Pick<BudgetsOptions, 'store' | 'clock'>): Budgets {
  return new Budgets({
    act: async () => {},
    cutAll: () => {},
    standingNow: async () => null,
    onTrouble: () => {},
    onTooNew: () => {},
    isShared: true,
    ...options
  })
}
