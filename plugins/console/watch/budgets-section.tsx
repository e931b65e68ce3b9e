/** The budgets, and how far each is used by whom. */
import type { BudgetUse } from '../../../src/administration/watch/budget-usage.ts'
import { type Budget, titleOf } from '../../../src/budgets/budget.ts'
import { amountInWords, spanInWords } from '../../../src/budgets/sentences.ts'
import { Table } from '../../../src/charts/table.tsx'
import type { Account } from '../../../src/identity/account.ts'
import { Said } from '../../portal/layout.tsx'
import type { ConsoleFrame } from '../console-page.ts'
import { watchPathOf } from '../layout.tsx'

export interface BudgetView {
  readonly budget: Budget
  /** The fullest first. */
  readonly uses: readonly BudgetUse[]
  /** How many people are not shown. */
  readonly more: number
}

/** For each budget. */
const usesShown = 5

export function budgetViews(budgets: readonly Budget[], uses: readonly BudgetUse[]): BudgetView[] {
  return budgets.map(budget => {
    const all = uses.filter(use => use.budget.id === budget.id)
    return { budget, uses: all.slice(0, usesShown), more: Math.max(0, all.length - usesShown) }
  })
}

interface BudgetsProps {
  frame: ConsoleFrame
  views: readonly BudgetView[]
  accounts: ReadonlyMap<string, Account>
}

export function BudgetsSection({ frame, views, accounts }: BudgetsProps) {
  const say = frame.say.watch.budgets
  return (
    <section aria-labelledby="budgets">
      <h2 id="budgets">{say.title}</h2>
      {views.length === 0 && <p>{say.none}</p>}
      {views.map(({ budget, uses, more }) => (
        <div key={budget.id} class="budget">
          <h3>{titleOf(budget)}</h3>
          <p class="soft">
            {ruleOf(frame, budget)} {tightenedOf(frame, budget, uses)}
          </p>
          {uses.length === 0 ? (
            <p>{say.unused}</p>
          ) : (
            <BudgetTable frame={frame} caption={titleOf(budget)} uses={uses} accounts={accounts} />
          )}
          {more > 0 && <p class="soft">{say.more({ count: more })}</p>}
        </div>
      ))}
    </section>
  )
}

interface TableProps {
  frame: ConsoleFrame
  caption: string
  uses: readonly BudgetUse[]
  accounts: ReadonlyMap<string, Account>
  /** True for the uses of one person, each of another budget. */
  isOfOne?: boolean
}

export function BudgetTable({ frame, caption, uses, accounts, isOfOne = false }: TableProps) {
  const say = frame.say.watch.budgets
  return (
    <Table
      caption={caption}
      columns={[isOfOne ? say.title : say.whom, say.share, say.state]}
      rows={uses.map(use => ({
        key: `${use.budget.id} ${use.subject}`,
        cells: [
          isOfOne ? titleOf(use.budget) : <Whom frame={frame} use={use} accounts={accounts} />,
          <Share frame={frame} use={use} />,
          use.state === 'within' ? say.states.within : <strong>{say.states[use.state]}</strong>
        ]
      }))}
    />
  )
}

function Whom({
  frame: { say },
  use,
  accounts
}: {
  frame: ConsoleFrame
  use: BudgetUse
  accounts: TableProps['accounts']
}) {
  const { budget, subject, account } = use
  const words = say.watch.budgets
  const person = account === null ? null : (accounts.get(account) ?? null)
  if (budget.per === 'everyone') return words.everybody
  if (account === null) return budget.per === 'session' ? words.nobody : subject
  return (
    <>
      <a href={watchPathOf(account)}>
        <bdi>{person?.displayName ?? account}</bdi>
      </a>
      {budget.per === 'session' && <small>{words.session({ session: subject })}</small>}
      {budget.per === 'token' && <small>{words.token({ token: subject })}</small>}
    </>
  )
}

const [width, height] = [160, 10]

function Share({ frame: { say }, use: { budget, used, limit, share } }: { frame: ConsoleFrame; use: BudgetUse }) {
  const text = say.watch.budgets.used({
    used: amountInWords(budget, used),
    limit: amountInWords(budget, limit),
    percent: String(Math.round(100 * share))
  })
  return (
    <span class="used">
      <svg class="share" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
        <path class="bar" d={`M0 0h${Math.round(width * Math.min(1, share))}v${height}H0z`} />
        <path class="frame" d={`M.5 .5h${width - 1}v${height - 1}H.5z`} />
      </svg>
      <span class="figures">{text}</span>
    </span>
  )
}

/** What a stricter posture leaves of the budget; null at the configured amount. */
function tightenedOf({ say }: ConsoleFrame, budget: Budget, uses: readonly BudgetUse[]) {
  const least = Math.min(budget.amount, ...uses.map(({ limit }) => limit))
  return least < budget.amount ? (
    <Said text={say.watch.budgets.tightened({ amount: amountInWords(budget, least) })} />
  ) : null
}

function ruleOf({ say }: ConsoleFrame, budget: Budget) {
  const { app, amount, counted, direction, per, windowSeconds, steps, isPerProof } = budget
  if (isPerProof) {
    const text = { amount: amountInWords(budget, amount), app: app ?? '', steps: steps.join(', ') }
    return <Said text={say.watch.budgets.rulePerProof(text)} />
  }
  const rule = counted === 'bytes' && direction === 'in' ? say.watch.budgets.ruleIn : say.watch.budgets.rule
  const span = spanInWords(windowSeconds)
  const text = rule({
    amount: amountInWords(budget, amount),
    where: app === null ? 'all' : 'other',
    app: app ?? '',
    span,
    per,
    steps: steps.join(', ')
  })
  return <Said text={text} />
}
