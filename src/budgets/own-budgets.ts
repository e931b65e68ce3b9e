/** The budgets of rules: `freshFor` allows an amount for each proof. */
import { createHash } from 'node:crypto'
import type { Rule } from '../policy/policy.ts'
import type { Budget } from './budget.ts'

/** The longest life of a session. */
const windowSeconds = 31 * 86_400

/** By the index of the rule; null if none says `freshFor`. */
export function ownBudgetsOf(app: string, rules: readonly Rule[]): (Budget | null)[] | null {
  const own = rules.map(rule => budgetOf(app, rule))
  return own.every(budget => budget === null) ? null : own
}

function budgetOf(app: string, { outcome, ...conditions }: Rule): Budget | null {
  if (outcome.access !== 'mfa' || outcome.freshFor === undefined) return null
  // The count stays with its rule when others are put before.
  const digest = createHash('sha256').update(JSON.stringify(conditions)).digest('base64url').slice(0, 10)
  return {
    id: `freshFor-${app}-${digest}`,
    title: conditions.path === undefined ? `freshFor (${app})` : `freshFor ${conditions.path} (${app})`,
    per: 'session',
    app,
    windowSeconds,
    counted: 'bytes',
    direction: 'out',
    amount: outcome.freshFor,
    steps: ['journal', 'step-up'],
    factors: outcome.requirement.factors,
    institution: outcome.requirement.institution === true,
    rate: null,
    isPerProof: true
  }
}
