/** `factorgate journal search`: finds entries. It reads only the files, so it needs neither gateway nor store. */
import path from 'node:path'
import { readReference } from '../../audit/reference.ts'
import { typedSigns } from '../../factor/typed-code.ts'
import { canonicalName } from '../../identity/account.ts'
import { type Command, readArgs, UsageError, visible } from '../command.ts'
import { configFor, configHelp, configOption } from '../command-context.ts'
import { type Entry, entryOf, journalFiles, linesIn } from './files.ts'
import { instant } from './instant.ts'
import { Printer } from './print.ts'

const options = {
  ...configOption,
  reference: { type: 'string' },
  user: { type: 'string' },
  app: { type: 'string' },
  kind: { type: 'string', multiple: true },
  from: { type: 'string' },
  to: { type: 'string' },
  json: { type: 'boolean' }
} as const

export const command: Command = {
  name: 'journal search',
  summary: 'Find entries by reference, person, app, kind and time.',
  usage: [
    'factorgate journal search --reference REF [--json]',
    'factorgate journal search [--user NAME] [--app ID] [--kind KIND] [--from WHEN] [--to WHEN] [--json] [FILE…]'
  ],
  help: `
  --reference REF  the reference on a page of the gate. Spaces, dashes and letter case do not matter
  --user NAME      the user name or id of a person
  --app ID         the id of an app
  --kind KIND      the kind of entry: login, proof, exchange … ('session' means session.start and session.end). Repeat it for more kinds
  --from WHEN      the earliest time: 2026-11-28, 2026-11-28T09:30:00Z, or a time ago such as 90s, 2h, 7d. All times are UTC
  --to WHEN        the latest time, in the same form. A day includes its last second
  --json           an array of the entries, one on each line
  FILE             the journal files to read (default: the journal of the configuration and its rotated files)
${configHelp}

An entry must match all the options that are given. Exit code 1: no entry matches.

Example:
  factorgate journal search --reference 7K3M-9QXZ
  factorgate journal search --user alice --kind login --from 7d --json | jq '.[].outcome'
`,
  async run(args, io) {
    const { values, names } = readArgs(args, options, ['FILE…'])
    const window = { from: instant('--from', values.from, io), to: instant('--to', values.to, io) }
    if (window.from > window.to) throw new UsageError('--from must be earlier than --to')
    const references = values.reference === undefined ? null : spellingsOf(values.reference)
    const kinds = values.kind ?? null
    const files =
      names.length > 0
        ? names.map(name => path.resolve(io.cwd, name))
        : await journalFiles((await configFor(io, values.config)).journal)
    const person = values.user === undefined ? null : await personIn(files, values.user)
    const fits = (entry: Entry) => {
      const at = Date.parse(entry.at)
      return (
        (references === null || references.includes(String(entry.request))) &&
        (person === null || person.has(String(entry.name)) || person.has(String(entry.account))) &&
        (values.app === undefined || entry.app === values.app) &&
        (kinds === null || kinds.some(kind => entry.kind === kind || entry.kind.startsWith(`${kind}.`))) &&
        // Entries without a time match unless a time was given.
        !(at < window.from || at > window.to || (Number.isNaN(at) && (values.from ?? values.to) !== undefined))
      )
    }
    const printer = new Printer(io, values.json === true)
    let unread = 0
    for (const file of files)
      for await (const line of linesIn(file)) {
        if (line === '' || (references !== null && !references.some(reference => line.includes(reference)))) continue
        const entry = entryOf(line)
        if (entry === null) unread++
        else if (fits(entry)) printer.add(entry)
      }
    printer.end()
    if (unread > 0) io.stderr(`${unread} ${unread === 1 ? 'line is' : 'lines are'} not valid and left out\n`)
    if (printer.count > 0) return 0
    io.stderr(`no entry of the journal matches (${files.length === 1 ? files[0] : `${files.length} files`} read)\n`)
    return 1
  }
}

/** The spellings of a reference: today's, and the eight characters of older versions. Throws UsageError. */
function spellingsOf(typed: string): string[] {
  const reference = readReference(typedSigns(typed) ?? '')
  const older = /^[A-Za-z0-9_-]{8}$/.test(typed.trim()) ? [typed.trim()] : []
  if (reference === null && older.length === 0)
    throw new UsageError(`--reference must have eight characters such as 7K3M-9QXZ, got '${visible(typed)}'`)
  return reference === null ? older : [reference, ...older]
}

/** The names and ids that `text` means, because some entries have only the id, others only the name. */
async function personIn(files: readonly string[], text: string): Promise<Set<string>> {
  const name = canonicalName(text) ?? text
  const found = new Set([text, name])
  for (const file of files)
    for await (const line of linesIn(file)) {
      if (!line.includes(name)) continue
      const entry = entryOf(line)
      if (entry?.name === name && typeof entry.account === 'string') found.add(entry.account)
    }
  return found
}
