/** `factorgate journal search`: finds entries. It reads only the files, so it needs neither gate nor store. */
import { nearest } from '../../../config/values/invalid.ts'
import { eventKinds } from '../../audit/event.ts'
import { readReference } from '../../audit/reference.ts'
import { typedSigns } from '../../factor/typed-code.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, type Io, readArgs, UsageError } from '../command.ts'
import { configFor, configHelp, configOption } from '../command-context.ts'
import { type Entry, numberOf, readerFor } from './files.ts'
import { instant } from './instant.ts'
import { Printer } from './print.ts'

const limitDefault = 1000
const maxLimit = 10_000_000

const options = {
  ...configOption,
  reference: { type: 'string' },
  user: { type: 'string' },
  app: { type: 'string' },
  kind: { type: 'string', multiple: true },
  from: { type: 'string' },
  to: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean' }
} as const

export const command: Command = {
  name: 'journal search',
  summary: 'Find entries by reference, person, app, kind and time.',
  usage: [
    'factorgate journal search --reference REF [--json]',
    'factorgate journal search [--user NAME] [--app ID] [--kind KIND] [--from WHEN] [--to WHEN] [--limit N] [--json] [FILE…]'
  ],
  help: `
  --reference REF  the reference on a page of the gate. Spaces, dashes and letter case do not matter
  --user NAME      the user name or id of a person; their former names count too
  --app ID         the id of an app
  --kind KIND      the kind of entry: login, proof, exchange … ('session' means session.start and session.end). Repeat it for more kinds
  --from WHEN      the earliest time: 2026-11-28, 2026-11-28T09:30:00Z, or a time ago such as 90s, 2h, 7d. All times are UTC
  --to WHEN        the latest time, in the same form. A day includes its last second
  --limit N        the newest N entries (default: ${limitDefault.toLocaleString('en')})
  --json           an array of the entries, one on each line
  FILE             the journal files to read (default: the journal of the configuration and its rotated files)
${configHelp}

An entry must match all the options that are given. Exit code 1: no entry matches. The first search of a long journal makes an index beside
it, which later searches use; it may be removed at any time.

Example:
  factorgate journal search --reference 7K3M-9QXZ
  factorgate journal search --user alice --kind login --from 7d --json | jq '.[].outcome'
`,
  async run(args, io) {
    const { values, names } = readArgs(args, options, ['FILE…'])
    const window = { from: instant('--from', values.from, io), to: instant('--to', values.to, io) }
    if (window.from > window.to) throw new UsageError('--from must be earlier than --to')
    const limit = numberOf('--limit', values.limit ?? String(limitDefault), maxLimit)
    const reader = await readerFor(names, values.config, io)
    const query = {
      references: values.reference === undefined ? undefined : spellingsOf(values.reference),
      person: values.user,
      app: values.app,
      kinds: values.kind,
      from: values.from === undefined ? undefined : window.from,
      to: values.to === undefined ? undefined : window.to
    }
    const found: Entry[] = []
    for await (const entry of reader.search({ ...query, limit: limit + 1 })) found.push(entry)
    const printer = new Printer(io, values.json === true)
    for (const entry of found.slice(0, limit).reverse()) printer.add(entry)
    printer.end()
    const { unread } = reader
    if (unread > 0) io.stderr(`${unread} ${unread === 1 ? 'line is' : 'lines are'} not valid and left out\n`)
    if (found.length > limit)
      io.stderr(`these are the newest ${limit.toLocaleString('en')}; there are more: --limit ${limit * 10}\n`)
    if (printer.count > 0) return 0
    const files = await reader.files()
    io.stderr(`no entry of the journal matches (${files.length === 1 ? files[0] : `${files.length} files`} read)\n`)
    for (const kind of values.kind ?? []) io.stderr(noteOfKind(kind))
    if (values.app !== undefined && names.length === 0) io.stderr(await noteOfApp(values.app, values.config, io))
    return 1
  }
}

/** A note about a kind that this release does not write; other releases may. */
function noteOfKind(typed: string): string {
  const known: string[] = [...new Set(eventKinds.flatMap(kind => [kind, kind.split('.')[0] ?? kind]))]
  if (known.includes(typed)) return ''
  const meant = nearest(typed, known)
  const way = meant === null ? `the kinds are ${eventKinds.join(', ')}` : `did you mean '${visible(meant)}'?`
  return `note: this release writes no kind '${visible(typed)}'; ${way}\n`
}

/** A note about an app that the configuration does not have now. */
async function noteOfApp(typed: string, file: string | undefined, io: Io): Promise<string> {
  const known = (await configFor(io, file)).apps.map(({ id }) => id)
  return known.includes(typed)
    ? ''
    : `note: the configuration has no app '${visible(typed)}'; the apps are ${known.join(', ') || 'none'}\n`
}

/** Today's spelling of a reference, and the eight characters of older versions. Throws UsageError. */
function spellingsOf(typed: string): string[] {
  const reference = readReference(typedSigns(typed) ?? '')
  const older = /^[A-Za-z0-9_-]{8}$/.test(typed.trim()) ? [typed.trim()] : []
  if (reference === null && older.length === 0)
    throw new UsageError(`--reference must have eight characters such as 7K3M-9QXZ, got '${visible(typed)}'`)
  return reference === null ? older : [reference, ...older]
}
