/** `factorgate watch show`: who has fetched how much beside what is usual, how far budgets are used, and what the watch has said. */
import { AppChanges } from '../../administration/app-changes.ts'
import { PagedSearch } from '../../administration/journal-search.ts'
import type { Alarms } from '../../administration/watch/alarms.ts'
import type { WatchFigures } from '../../administration/watch/figures.ts'
import type { Movement } from '../../administration/watch/movement.ts'
import type { WatchedPerson } from '../../administration/watch/watched-person.ts'
import { titleOf } from '../../budgets/budget.ts'
import { amountInWords, bytesInWords, spanOfBudget } from '../../budgets/sentences.ts'
import { dayMs } from '../../clock.ts'
import { visible } from '../../messages/visible.ts'
import { watchFigures } from '../../services/watch-figures.ts'
import { type Command, type Io, jsonText, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { counted, moment, table } from '../table.ts'
import { accountsAt, personNamed } from '../user/person.ts'
import { appData, asData, detailOf, type NamedUse, timeOf, whomOf } from './show-data.ts'

const states = {
  within: 'within',
  hold: 'waits for a proof',
  slow: 'slowed',
  cut: 'stopped',
  passed: 'passed'
} as const

/** Rows of each table; `--json` has all. */
const maxRows = 20
const alarmsShown = 10
const alarmDays = 14
const maxAlarms = 50

export const command: Command = {
  name: 'watch show',
  summary: 'Show who has fetched how much, how far budgets are used, and the alarms.',
  usage: ['factorgate watch show [--user NAME] [--json]'],
  help: `
  --user NAME      only this person
  --json           an object with the people, the budgets, the alarms of the last ${alarmDays} days, decoys and what is new in apps;
                   with --user also what is unusual for the person, their days and apps
${configHelp}

The console's page Watch has the same figures. Without --json the tables have at most ${maxRows} rows, and the ${alarmsShown} newest alarms. A day is a day in UTC. Gates write what they count of people within a minute, and
their budgets twice a second where several processes share the store, otherwise within ten seconds. What a gate has granted itself
and not used yet does not count here.

Example:
  factorgate watch show --user alice
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, user: { type: 'string' }, json: { type: 'boolean' } })
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const user = values.user === undefined ? null : await personNamed(place, values.user)
      const figures = figuresAt(place)
      try {
        const movement = await figures.movement({
          page: 1,
          pageSize: values.json ? Number.MAX_SAFE_INTEGER : maxRows,
          account: user?.id ?? null
        })
        const uses = await namedUses(place, figures)
        const budgets = user === null ? uses : uses.filter(({ user: name }) => name === user.name)
        const said = await figures.alarms({
          person: user === null ? null : [user.name, user.id],
          since: io.clock() - alarmDays * dayMs,
          from: null,
          most: maxAlarms
        })
        if (values.json) {
          const person = user === null ? null : await figures.person(user.id)
          const decoys = await figures.decoys(io.clock() - alarmDays * dayMs)
          const apps = await changesAt(place).read(place.config.apps.map(({ id }) => id))
          io.stdout(
            jsonText({
              ...asData(io.clock(), movement, budgets, said.alarms),
              ...detailOf(person),
              apps: appData(apps),
              decoys: decoys.map(({ lastAt, ...use }) => ({ ...use, lastAt: timeOf(lastAt) }))
            })
          )
        } else {
          const isFirst = !print(io, figures, movement, budgets)
          printAlarms(io, said, { name: user?.name ?? null, isFirst })
          const person = user === null ? null : await figures.person(user.id)
          if (person !== null) printPerson(io, person)
          if (user !== null && person !== null) sayWhatIsMissing(io, user.name)
        }
        return 0
      } finally {
        figures.close()
      }
    })
  }
}

function figuresAt(place: CommandContext): WatchFigures {
  const { config, store, clock, sessions } = place
  const accounts = accountsAt(place)
  return watchFigures(config, {
    store,
    clock,
    accounts,
    sessions,
    allAccounts: () => accounts.list(),
    journal: new PagedSearch({ file: config.journal.file }),
    unusual: () => null
  })
}

function changesAt({ store, clock }: CommandContext): AppChanges {
  return new AppChanges({ store, clock, record: async () => {} })
}

async function namedUses(place: CommandContext, figures: WatchFigures): Promise<NamedUse[]> {
  const accounts = accountsAt(place)
  const uses = await figures.uses()
  return Promise.all(
    uses.map(async use => {
      const { account } = use
      return { ...use, user: account === null ? null : ((await accounts.byId(account))?.name ?? account) }
    })
  )
}

/** False without a table. */
function print(io: Io, figures: WatchFigures, movement: Movement | null, budgets: readonly NamedUse[]): boolean {
  const movers = movement?.movers ?? []
  const hasRows = movers.length > 0 || budgets.length > 0
  if (!figures.isOn) io.stderr('nothing is watched; docs/budgets.md and docs/unusual.md show how to begin\n')
  else if (!hasRows) io.stderr('nobody has fetched anything today or used a budget lately\n')
  if (!hasRows) return false
  const people = table(
    ['PERSON', 'TODAY', 'USUAL', 'BUSY DAY', 'TIMES USUAL', 'LEVEL'],
    movers.map(({ account, bytes, usual, isUsualKnown, level }) => [
      account.name,
      bytesInWords(Math.round(bytes)),
      ...(isUsualKnown
        ? [bytesInWords(Math.round(usual.middle)), bytesInWords(Math.round(usual.busy)), timesOf(bytes, usual.middle)]
        : ['–', '–', '–']),
      level
    ]),
    io.columns
  )
  const used = table(
    ['BUDGET', 'FOR', 'USED', 'OF', 'WINDOW', 'STATE'],
    budgets
      .slice(0, maxRows)
      .map(use => [
        titleOf(use.budget),
        whomOf(use),
        `${amountInWords(use.budget, use.used)} (${Math.round(100 * use.share)} %)`,
        amountInWords(use.budget, use.limit),
        spanOfBudget(use.budget),
        states[use.state]
      ]),
    io.columns
  )
  io.stdout([used, people].filter(text => text !== '').join('\n'))
  if (budgets.length > maxRows)
    io.stderr(`${counted(budgets.length - maxRows, 'more row', 'more rows')} of budgets with less use: --json\n`)
  const hidden = movement === null ? 0 : movement.people - movers.length
  if (hidden > 0)
    io.stderr(`${counted(hidden, 'more person has', 'more people have')} fetched something today: --json\n`)
  if (movement?.learnsUntil != null)
    io.stderr(
      `the watch on people only learns until ${moment(movement.learnsUntil)}, so what is unusual stops nobody; budgets and decoys act\n`
    )
  return true
}

function printAlarms(
  io: Io,
  { alarms, next, isPartly }: Alarms,
  { name, isFirst }: { readonly name: string | null; readonly isFirst: boolean }
): void {
  const rows = alarms
    .slice(0, alarmsShown)
    .map(({ at, sentence, steps, isLearning }) => [
      moment(at),
      sentence,
      isLearning ? 'only reported' : steps.join(', ') || '–'
    ])
  if (rows.length > 0) io.stdout(`${isFirst ? '' : '\n'}${table(['ALARM', 'WHAT', 'DONE'], rows, io.columns)}`)
  if (alarms.length > alarmsShown || next !== null || isPartly)
    io.stderr(
      `the journal has older alarms: factorgate journal search --kind watch${name === null ? '' : ` --user ${name}`}\n`
    )
}

/** How many times the usual; a dash if not above. */
function timesOf(bytes: number, usual: number): string {
  if (bytes <= usual || usual < 1) return '–'
  const times = bytes / usual
  return times < 10 ? times.toFixed(1) : String(Math.round(times))
}

/** The score of an alarm may be higher: this process has no sessions. */
function sayWhatIsMissing(io: Io, name: string): void {
  io.stderr(
    `counts are at most a minute old, and what speaks against the client or the place of a session counts only in the gate that serves it; alarms have it: factorgate journal search --kind watch.unusual --user ${name}\n`
  )
}

function printPerson(io: Io, { score, thresholds, signals, bytesToAlarm }: WatchedPerson): void {
  const { alarming } = thresholds
  const reach =
    score >= alarming
      ? ''
      : bytesToAlarm === null
        ? '; no amount alone reaches that'
        : `; ${bytesInWords(Math.round(bytesToAlarm))} today would reach that`
  io.stdout(`\nscore ${score}, and a proof is asked for from ${alarming} on${reach}\n`)
  for (const { points, sentence } of signals) io.stdout(`${String(points).padStart(3)}  ${visible(sentence)}\n`)
}
