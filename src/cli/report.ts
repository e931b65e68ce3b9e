/** `factorgate report`: who has which factors, who uses what, and whom the rules of report-only apps would stop. */
import type { Config } from '../../config/schema.ts'
import type { Shortcoming } from '../integrity/shortcomings.ts'
import { visible } from '../messages/visible.ts'
import { inBatches } from '../store/batches.ts'
import { type Command, type Io, jsonText, PersonError, readArgs, UsageError } from './command.ts'
import { configHelp, configOption, withStore } from './command-context.ts'
import { journalFiles } from './journal/files.ts'
import { instant } from './journal/instant.ts'
import { withProgress } from './progress.ts'
import { type Usage, usageIn, type Window } from './report/usage.ts'
import { moment, table } from './table.ts'
import { summaryOf } from './user/list.ts'
import { accountsAt, credentialsAt, misfitIn } from './user/person.ts'
import { changesAt } from './watch/app.ts'

const options = {
  ...configOption,
  app: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  json: { type: 'boolean' }
} as const

export const command: Command = {
  name: 'report',
  summary: 'Show who has which factors, who uses what, and whom rules would stop.',
  usage: ['factorgate report [--from WHEN] [--to WHEN] [--app ID] [--json]'],
  help: `
  --from WHEN      the earliest time: 2026-11-28, 2026-11-28T09:30:00Z, or a time ago such as 2h, 7d. All times are UTC
  --to WHEN        the latest time, in the same form. A day includes its last second
  --app ID         the use of this app alone
  --json           an object with people, apps, wouldStop and shortcomings, with more details than the tables
${configHelp}

People and factors come from the store. The use of apps comes from the journal and its rotated files. For apps with enforce: report
a table says whom the rules would stop: each person, and strangers by the number of their addresses. For apps with the key integrity
the last one lists missing headers, cookies without attributes, and versions that get no more corrections.

Example:
  factorgate report --from 7d
  factorgate report --app notebooks --json | jq -r '.wouldStop[] | select(.name != null) | .name' | sort -u
`,
  async run(args, io) {
    const { values } = readArgs(args, options)
    const { app } = values
    const window: Window = { from: instant('--from', values.from, io), to: instant('--to', values.to, io), app }
    if (window.from > window.to) throw new UsageError('--from must be earlier than --to')
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const { config } = place
      if (app !== undefined && !config.apps.some(({ id }) => id === app))
        io.stderr(`note: the configuration has no app '${visible(app)}'; the journal may still have one\n`)
      if (config.store.kind !== 'embedded')
        io.stderr(
          'note: other gates on this store have journals of their own; run the command there too for the use of apps through them\n'
        )
      const usage = await usageIn(await filesOf(config, io), window)
      if (usage.unread > 0)
        io.stderr(`${usage.unread} ${usage.unread === 1 ? 'line is' : 'lines are'} not valid and left out\n`)
      const credentials = credentialsAt(place)
      const misfit = misfitIn(place)
      const accounts = await withProgress(io, 'people', null, onDone => accountsAt(place).list(onDone))
      const people = await withProgress(io, 'people', accounts.length, onDone =>
        inBatches(accounts, async one => summaryOf(one, await credentials.list(one.id), misfit), onDone)
      )
      const watched = config.apps.filter(({ id, integrity }) => integrity !== null && (app === undefined || id === app))
      const states = await changesAt(place).read(watched.map(({ id }) => id))
      const shortcomings = states.flatMap(({ app, shortcomings }) => shortcomings.map(each => ({ app, ...each })))
      const report = { ...reportOf(people, usage, config, app), shortcomings }
      const [at, from, to] = [place.clock(), window.from, window.to].map(iso)
      if (values.json) io.stdout(jsonText({ at, from, to, journalFrom: iso(usage.since), ...report }))
      else {
        io.stdout(`${headingOf(place.clock(), window, usage.since)}\n\n`)
        io.stdout(tablesOf(report, app ?? null, watched.length > 0, io.columns))
      }
      return 0
    })
  }
}

/** Empty if the gate has not run yet; people have factors anyway. */
async function filesOf({ journal }: Config, io: Io): Promise<string[]> {
  try {
    return await journalFiles(journal.file)
  } catch (error) {
    if (!(error instanceof PersonError)) throw error
    io.stderr(`note: ${error.message}\n`)
    return []
  }
}

type Summary = ReturnType<typeof summaryOf>
type Report = ReturnType<typeof reportOf> & {
  readonly shortcomings: readonly (Shortcoming & { readonly app: string })[]
}

function reportOf(people: readonly Summary[], usage: Usage, config: Config, only: string | undefined) {
  const named = new Map(people.map(({ id, name }) => [id, name]))
  const nameOf = (id: string) => named.get(id) ?? usage.names.get(id) ?? id
  const uses = [...usage.people].flatMap(([id, apps]) => [...apps].map(([app, use]) => ({ id, app, ...use })))
  const ids = new Set([...config.apps.map(({ id }) => id), ...uses.map(({ app }) => app)])
  return {
    people: people.map(person => ({
      ...person,
      apps: uses
        .filter(({ id }) => id === person.id)
        .map(({ app, requests, lastAt }) => ({ app, requests, lastUsedAt: iso(lastAt) }))
    })),
    apps: [...ids]
      .filter(id => only === undefined || id === only)
      .map(id => {
        const its = uses.filter(({ app }) => app === id)
        return {
          app: id,
          enforce: config.apps.find(app => app.id === id)?.enforce ?? null,
          people: its.map(use => nameOf(use.id)).sort(),
          requests: its.reduce((sum, { requests }) => sum + requests, 0),
          lastUsedAt: iso(Math.max(0, ...its.map(({ lastAt }) => lastAt)))
        }
      }),
    wouldStop: usage.wouldStop
      .map(({ app, account, name, addresses, would, reason, requests, lastAt }) => ({
        app,
        account,
        name: account === null ? null : (name ?? nameOf(account)),
        addresses: addresses.size,
        would,
        reason,
        requests,
        lastAt: iso(lastAt)
      }))
      .sort(
        (a, b) =>
          compare(a.app, b.app) ||
          Number(a.name === null) - Number(b.name === null) ||
          compare(a.name ?? '', b.name ?? '') ||
          b.requests - a.requests
      )
  }
}

function headingOf(now: number, { from, to }: Window, since: number): string {
  const begins = Number.isFinite(since) ? `, which begins ${moment(since)}` : ''
  const part = [from > 0 ? ` from ${moment(from)}` : '', Number.isFinite(to) ? ` to ${moment(to)}` : ''].join('')
  return `Made ${moment(now)}. People, factors and status are of now; the use of apps is from the journal${begins}${part === '' ? '' : `, here${part}`}.`
}

function tablesOf(report: Report, only: string | null, isWatched: boolean, columns: number | undefined): string {
  const notWatched = `${only === null ? 'No app has' : `The app ${visible(only)} does not have`} the key integrity; docs/integrity.md explains it.\n`
  const lacks = shortcomingsTable(report, columns) || 'Nothing that the gate has seen.\n'
  return [
    ['People', peopleTable(report, columns) || 'Nobody has an account yet.\n'],
    ['Apps', appsTable(report, columns) || (only === null ? 'There is no app.\n' : 'There is no such app.\n')],
    ['Whom the rules would have stopped', wouldStopTable(report, columns) || nobodyStopped(report, only)],
    ['What the answers of apps lack', isWatched ? lacks : notWatched]
  ]
    .map(([title, text]) => `${title}\n\n${text}`)
    .join('\n')
}

const momentOf = (text: string | null) => moment(text === null ? null : Date.parse(text))

function peopleTable({ people }: Report, columns: number | undefined): string {
  return table(
    ['NAME', 'FROM', 'FACTORS', 'STATUS', 'APPS'],
    people.map(({ name, directory, factors, status, apps }) => [
      name,
      directory,
      factors.map(({ kind, count }) => (count === 1 ? kind : `${count} ${kind}`)).join(', ') || '-',
      status,
      apps.map(({ app }) => app).join(', ') || '-'
    ]),
    columns
  )
}

function appsTable({ apps }: Report, columns: number | undefined): string {
  return table(
    ['APP', 'RULES', 'PEOPLE', 'REQUESTS', 'LAST USED'],
    apps.map(({ app, enforce, people, requests, lastUsedAt }) => [
      app,
      enforce === null ? 'gone' : enforce === 'report' ? 'only reported' : 'enforced',
      String(people.length),
      String(requests),
      momentOf(lastUsedAt)
    ]),
    columns
  )
}

function wouldStopTable({ wouldStop }: Report, columns: number | undefined): string {
  return table(
    ['APP', 'WHO', 'WOULD', 'REASON', 'REQUESTS', 'LAST'],
    wouldStop.map(({ app, name, addresses, would, reason, requests, lastAt }) => [
      app,
      name ?? `strangers (${addresses} ${addresses === 1 ? 'address' : 'addresses'})`,
      would,
      reason ?? '-',
      String(requests),
      momentOf(lastAt)
    ]),
    columns
  )
}

function nobodyStopped({ apps }: Report, only: string | null): string {
  if (apps.some(({ enforce }) => enforce === 'report')) return 'The rules would have stopped nobody.\n'
  return only === null
    ? 'No app only reports (enforce: report).\n'
    : `The app ${visible(only)} does not only report (enforce: report).\n`
}

function shortcomingsTable({ shortcomings }: Report, columns: number | undefined): string {
  return table(
    ['APP', 'WHAT', 'DETAIL'],
    shortcomings.map(({ app, what, detail }) => [app, what, detail]),
    columns
  )
}

function iso(at: number): string | null {
  return Number.isFinite(at) && at > 0 ? new Date(at).toISOString() : null
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
