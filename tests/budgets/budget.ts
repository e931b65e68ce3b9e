/** A budget as most tests want it: 100 MiB an hour leave for each person, then everything is cut. */
import type { Budget } from '../../src/budgets/budget.ts'
import { factorKinds } from '../../src/factor/kinds.ts'

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
