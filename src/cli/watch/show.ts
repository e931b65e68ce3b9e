/** `factorgate watch show`: a row for each budget that somebody uses, the fullest first. */
import type { Budget } from '../../budgets/budget.ts'
import { type Ledger, readLedger } from '../../budgets/ledger.ts'
import { ledgerRecord } from '../../budgets/ledger-record.ts'
import { amountInWords, spanInWords } from '../../budgets/sentences.ts'
import { toApp } from '../../services/app-options.ts'
import { toBudget } from '../../services/watching.ts'
import { type Command, jsonText, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { table } from '../table.ts'
import { accountsAt } from '../user/person.ts'

const states = {
  within: 'within',
  hold: 'waits for a proof',
  slow: 'slowed',
  cut: 'stopped',
  passed: 'passed'
} as const

export const command: Command = {
  name: 'watch show',
  summary: 'Show who has used how much of which budget.',
  usage: ['factorgate watch show [--user NAME] [--json]'],
  help: `
  --user NAME      only this person's
  --json           an array, with bytes and times
${configHelp}

Gates write their counts twice a second. What a gate has granted itself and not used yet does not count here.

Example:
  factorgate watch show --user alice
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, user: { type: 'string' }, json: { type: 'boolean' } })
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const all = await rowsAt(place)
      const rows = values.user === undefined ? all : all.filter(({ user }) => user === values.user)
      if (values.json) io.stdout(jsonText(rows))
      else if (rows.length === 0)
        io.stderr(
          place.config.watch === null
            ? 'no budget is configured; docs/budgets.md shows how\n'
            : 'nobody has used a budget lately\n'
        )
      else
        io.stdout(
          table(
            ['BUDGET', 'FOR', 'USED', 'OF', 'WITHIN', 'STATE'],
            rows.map(({ budget, whom, used, limit, counted, windowSeconds, state }) => [
              budget,
              whom,
              `${amountInWords({ counted }, used)} (${Math.round((100 * used) / Math.max(1, limit))} %)`,
              amountInWords({ counted }, limit),
              spanInWords(windowSeconds),
              states[state]
            ]),
            io.columns
          )
        )
      return 0
    })
  }
}

async function rowsAt(place: CommandContext) {
  const { store, clock } = place
  const budgets = budgetsOf(place)
  const accounts = accountsAt(place)
  const now = clock()
  const rows = []
  for await (const { key, value } of store.scan(ledgerRecord.prefix)) {
    const [id = '', ...rest] = key.slice(ledgerRecord.prefix.length).split(':')
    const subject = rest.join(':')
    const budget = budgets.get(id)
    const ledger: Ledger | null = ledgerRecord.parseIfKnown(value)
    // A budget that is configured no more has a record for a while.
    if (budget === undefined || ledger === null) continue
    const { spent: used, limit, mode: state } = readLedger(ledger, budget, now)
    if (used === 0 && ledger.askedAt === null) continue
    const account =
      budget.per === 'person' ? subject : budget.per === 'session' || budget.per === 'token' ? ledger.account : null
    const user = account === null ? null : ((await accounts.byId(account))?.name ?? account)
    rows.push({
      budget: id,
      per: budget.per,
      user,
      whom:
        budget.per === 'session' || budget.per === 'token'
          ? `${user ?? '?'}, ${budget.per} ${subject}`
          : (user ?? subject),
      session: budget.per === 'session' ? subject : null,
      token: budget.per === 'token' ? subject : null,
      app: budget.app ?? (budget.per === 'app' ? subject : null),
      counted: budget.counted,
      direction: budget.direction,
      used,
      limit,
      windowSeconds: budget.windowSeconds,
      state,
      passedAt: ledger.askedAt === null ? null : new Date(ledger.askedAt).toISOString()
    })
  }
  return rows.sort((a, b) => b.used / b.limit - a.used / a.limit)
}

/** Those of the configuration, and those of its rules (`freshFor`). */
function budgetsOf({ config }: CommandContext): Map<string, Budget> {
  const own = config.apps.flatMap(app => toApp(app, config.portal.url.origin, config.apps).ownBudgets ?? [])
  const all = [...(config.watch?.budgets ?? []).map(toBudget), ...own.filter(budget => budget !== null)]
  return new Map(all.map(budget => [budget.id, budget]))
}
