/** `factorgate watch app`: what is new in an app; approves it, and announces changes. */
import { AppChanges, type AppState, changingSeconds } from '../../administration/app-changes.ts'
import { minPages } from '../../integrity/app-memory.ts'
import type { Changing } from '../../integrity/records.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, type Io, jsonText, PersonError, readArgs, UsageError } from '../command.ts'
import { type CommandContext, configHelp, configOption, operator, withStore } from '../command-context.ts'
import { moment, table } from '../table.ts'
import { stateData } from './show-data.ts'

const options = {
  ...configOption,
  approve: { type: 'string', multiple: true },
  changing: { type: 'string' },
  why: { type: 'string' },
  json: { type: 'boolean' }
} as const

export const command: Command = {
  name: 'watch app',
  summary: 'Show what is new in an app, approve it, or announce a change.',
  usage: [
    'factorgate watch app NAME [--json]',
    'factorgate watch app NAME --approve ID… [--why TEXT]',
    'factorgate watch app NAME --changing 2h --why TEXT'
  ],
  help: `
  NAME             the id of the app
  --approve ID     what this finding names belongs to the app from now on; several times for several, or 'all'
  --changing TIME  how long everything new is learned without a report (30m, 2h, 1d; at most 7d); 'off' ends it
  --why TEXT       the reason, for the journal
  --json           an object, with the marks of each finding
${configHelp}

Announce an update before you install it, and open the pages that it changes before the time is over.

Example:
  factorgate watch app files --changing 2h --why 'version 4.2'
`,
  async run(args, io) {
    const { values, names } = readArgs(args, options, ['NAME'])
    const name = names[0]!
    const { approve: ids, changing } = values
    if (ids !== undefined && changing !== undefined) throw new UsageError('give either --approve or --changing')
    const seconds = changing === undefined ? null : secondsOf(changing)
    const why = values.why?.trim() || undefined
    if (seconds !== null && seconds > 0 && why === undefined)
      throw new UsageError("--why is missing; give a reason, such as --why 'version 4.2'")
    if (why !== undefined && why.length > 500) throw new UsageError('--why must have at most 500 characters')
    const changes = ids === undefined && seconds === null ? 'nothing' : 'grant'
    return withStore(io, { config: values.config, changes }, async place => {
      const app = place.config.apps.find(({ id }) => id === name)
      if (app === undefined) {
        const known = place.config.apps.map(({ id }) => id).join(', ')
        throw new PersonError(`there is no app '${visible(name)}'; the apps are ${known || 'none'}`)
      }
      if (app.integrity === null)
        io.stderr(`note: the app '${name}' has no key integrity, so nobody watches it; docs/integrity.md shows how\n`)
      const use = changesAt(place)
      if (ids !== undefined) return approve(use, name, ids, why, io)
      if (seconds !== null) {
        const announced = await use.announce(name, seconds, why ?? 'ended', operator(io))
        const [after] = await use.read([name])
        const isLearning = app.integrity !== null && learningEnds(after!, app.integrity.learn, place.clock()).length > 0
        io.stderr(`${name}: ${announcedText(announced, seconds, isLearning)}\n`)
        return 0
      }
      const [state] = await use.read([name])
      if (values.json) io.stdout(jsonText(stateData(state!)))
      else io.stdout(textOf(state!, app.integrity, place.clock(), io.columns))
      return 0
    })
  }
}

function announcedText(announced: Changing | null, seconds: number, isLearning: boolean): string {
  if (seconds > 0) return `until ${moment(announced!.until)} everything new is learned without a report`
  if (announced === null) return 'no change is announced, so there is none to end'
  return isLearning
    ? 'the change is over; the app is still being learned, so nothing is reported yet'
    : 'the change is over; what is new is reported again'
}

export function changesAt(place: CommandContext): AppChanges {
  return new AppChanges({ store: place.store, clock: place.clock, record: event => place.record(event) })
}

async function approve(use: AppChanges, name: string, ids: readonly string[], why: string | undefined, io: Io) {
  const wanted = ids.includes('all') ? ((await use.read([name]))[0]?.findings ?? []).map(({ id }) => id) : ids
  const missing: string[] = []
  for (const id of wanted) {
    const finding = await use.approve(name, id, why)
    if (finding === null) missing.push(id)
    else io.stderr(`approved: ${finding.why}\n`)
  }
  if (missing.length > 0)
    throw new PersonError(
      `the app '${name}' has no open finding ${missing.map(id => `'${visible(id)}'`).join(', ')}; 'factorgate watch app ${name}' shows all`
    )
  if (wanted.length === 0) io.stderr(`${name}: there is nothing to approve\n`)
  return 0 as const
}

function secondsOf(text: string): number {
  if (text === 'off' || text === '0') return 0
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const seconds = Number(count) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit ?? ''] ?? Number.NaN)
  const { least, most } = changingSeconds
  if (!(seconds >= least && seconds <= most))
    throw new UsageError("--changing must be a time from 1m to 7d, such as 2h, or 'off'")
  return seconds
}

/** The end of learning, by time and by pages; none if it is over. */
function learningEnds({ since, pages }: AppState, learn: number, now: number): string[] {
  const until = (since ?? now) + learn * 1000
  return [
    ...(until > now ? [moment(until)] : []),
    ...(pages < minPages ? [`${minPages} pages were read (${pages} so far)`] : [])
  ]
}

function textOf(
  state: AppState,
  settings: { readonly learn: number } | null,
  now: number,
  columns: number | undefined
): string {
  const { findings, changing, since, pages, known, full } = state
  const lines: string[] = []
  let isLearning = since === null
  if (since === null) lines.push('Nothing is known of the app yet.')
  else {
    const count = (kind: string, one: string, many: string) => `${known[kind] ?? 0} ${known[kind] === 1 ? one : many}`
    lines.push(
      `Read: ${pages} ${pages === 1 ? 'page' : 'pages'}. Known: ${count('script', 'script', 'scripts')}, ${count('code', 'statement', 'statements')} of inline code, ${count('form', 'target', 'targets')} of forms, ${count('endpoint', 'path that answers', 'paths that answer')}.`
    )
    const ends = settings === null ? [] : learningEnds(state, settings.learn, now)
    isLearning = ends.length > 0
    if (isLearning) lines.push(`Learns until ${ends.join(', and until ')}; until then nothing is reported.`)
  }
  if (changing !== null)
    lines.push(`A change is announced until ${moment(changing.until)} by ${changing.by}: ${changing.why}`)
  lines.push(...full)
  if (findings.length === 0 && !isLearning) lines.push('Nothing is new.')
  const rows = findings.map(({ id, severity, at, why }) => [id, severity, moment(at), why])
  return `${lines.map(visible).join('\n')}\n${rows.length === 0 ? '' : `\n${table(['ID', 'SEVERITY', 'FOUND', 'WHAT'], rows, columns)}`}`
}
