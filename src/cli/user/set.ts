/** `factorgate user set`: changes groups, e-mail and display name. */
import type { Config } from '../../../config/schema.ts'
import { nearest } from '../../../config/values/invalid.ts'
import { type Account, helpdesk, operators } from '../../identity/account.ts'
import type { AccountChange } from '../../identity/accounts.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, type Io, readArgs, UsageError } from '../command.ts'
import { type CommandContext, configOption, withStore } from '../command-context.ts'
import { confirm, yesOption } from '../confirm.ts'
import { withProgress } from '../progress.ts'
import {
  accountsAt,
  peopleAt,
  personNamed,
  readDisplayName,
  readEmail,
  readGroup,
  warnOfSharedAddress
} from './person.ts'

export const command: Command = {
  name: 'user set',
  summary: 'Change groups, e-mail address or displayed name.',
  usage: [
    'factorgate user set NAME [--add-group GROUP]… [--remove-group GROUP]… [--email ADDRESS] [--no-email] [--display NAME]',
    'factorgate user set NAME [--group GROUP]… [--no-groups] [--yes]'
  ],
  help: `
  --add-group GROUP     adds a group. Repeat it for more groups
  --remove-group GROUP  removes a group. Repeat it for more groups
  --group GROUP         replaces all groups, and says which ones that removes. Repeat it for more groups
  --no-groups           removes all groups
  --email ADDRESS       the new e-mail address
  --no-email            removes the e-mail address
  --display NAME        the new name on pages and in apps
  --yes                 do not ask on a terminal before --group or --no-groups removes groups
  --config FILE         the configuration

The change applies from the next request on. Open connections that needed a removed group are cut. For another user name see 'factorgate
user rename'.

Example:
  factorgate user set alice --add-group operators
`,
  async run(args, io) {
    const { values, names } = readArgs(
      args,
      {
        ...configOption,
        ...yesOption,
        group: { type: 'string', multiple: true },
        'add-group': { type: 'string', multiple: true },
        'remove-group': { type: 'string', multiple: true },
        'no-groups': { type: 'boolean' },
        email: { type: 'string' },
        'no-email': { type: 'boolean' },
        display: { type: 'string' }
      },
      ['NAME']
    )
    const asked = readAsked(values)
    const { change, added, removed, replacement } = asked
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const before = await personNamed(place, names[0]!)
      const groups = groupsAfter(before, asked, io)
      const lost = before.groups.filter(group => !groups.includes(group))
      if (replacement !== null && lost.length > 0)
        await confirm(io, values.yes, `This removes '${before.name}' from ${quoted(lost)}.`)
      const setsGroups = replacement !== null || added.length + removed.length > 0
      const account = await peopleAt(place).change(
        before,
        { ...change, ...(setsGroups ? { groups } : {}) },
        // Otherwise somebody else's change in between would be undone.
        { asOf: before }
      )
      if (change.email !== undefined) await warnOfSharedAddress(place, account, io)
      io.stderr(`${account.name} is changed\n`)
      if (setsGroups) await tellGroups(place, before, account, io)
      return 0
    })
  }
}

interface Asked {
  readonly change: AccountChange
  readonly added: readonly string[]
  readonly removed: readonly string[]
  /** All groups anew; null if they are only added and removed. */
  readonly replacement: readonly string[] | null
}

interface Values {
  readonly group?: string[] | undefined
  readonly 'add-group'?: string[] | undefined
  readonly 'remove-group'?: string[] | undefined
  readonly 'no-groups'?: boolean | undefined
  readonly email?: string | undefined
  readonly 'no-email'?: boolean | undefined
  readonly display?: string | undefined
}

/** Throws UsageError if the options contradict each other, or change nothing. */
function readAsked(values: Values): Asked {
  if (values.group !== undefined && values['no-groups'])
    throw new UsageError('--group and --no-groups cannot be used together')
  if (values.email !== undefined && values['no-email'])
    throw new UsageError('--email and --no-email cannot be used together')
  const added = (values['add-group'] ?? []).map(text => readGroup(text, '--add-group'))
  const removed = (values['remove-group'] ?? []).map(text => readGroup(text, '--remove-group'))
  const replaces = values.group !== undefined || values['no-groups'] === true
  if (replaces && added.length + removed.length > 0)
    throw new UsageError(
      '--group and --no-groups replace all groups, so they cannot be used together with --add-group and --remove-group'
    )
  const both = added.find(group => removed.includes(group))
  if (both !== undefined) throw new UsageError(`--add-group and --remove-group both name '${visible(both)}'`)
  const replacement = replaces ? (values.group ?? []).map(text => readGroup(text)) : null
  const change: AccountChange = {
    ...(values.email === undefined ? {} : { email: readEmail(values.email) }),
    ...(values['no-email'] ? { email: null } : {}),
    ...(values.display === undefined ? {} : { displayName: readDisplayName(values.display) })
  }
  if (Object.keys(change).length + added.length + removed.length === 0 && !replaces)
    throw new UsageError(
      'there is nothing to change; give --group, --add-group, --remove-group, --no-groups, --email, --no-email or --display'
    )
  return { change, added, removed, replacement }
}

function groupsAfter(before: Account, { added, removed, replacement }: Asked, io: Io): readonly string[] {
  for (const group of removed.filter(group => !before.groups.includes(group)))
    io.stderr(`note: ${before.name} is not in the group '${visible(group)}'\n`)
  const kept = before.groups.filter(group => !removed.includes(group))
  return replacement ?? [...new Set([...kept, ...added])]
}

async function tellGroups(place: CommandContext, before: Account, after: Account, io: Io): Promise<void> {
  const lost = before.groups.filter(group => !after.groups.includes(group))
  const won = after.groups.filter(group => !before.groups.includes(group))
  const groups = after.groups.length === 0 ? 'no groups' : `the groups ${after.groups.map(visible).join(', ')}`
  const what = [
    ...(won.length === 0 ? [] : [`added: ${won.map(visible).join(', ')}`]),
    ...(lost.length === 0 ? [] : [`removed: ${lost.map(visible).join(', ')}`])
  ]
  io.stderr(`${after.name} now has ${groups}${what.length === 0 ? '' : ` (${what.join('; ')})`}\n`)
  const known = groupsIn(place.config)
  for (const group of won) {
    const meant = known.includes(group) ? null : nearest(group, known)
    if (meant !== null)
      io.stderr(
        `note: the configuration does not name the group '${visible(group)}'; did you mean '${visible(meant)}'?\n`
      )
  }
  if (before.theirGroups !== undefined)
    io.stderr(
      `note: ${after.name} comes from '${visible(after.directory)}', which sets the groups anew at the next sign-in\n`
    )
  if (lost.includes(operators) && !(await hasOperator(place, io)))
    io.stderr(
      `warning: nobody is an operator now; make somebody one with: factorgate user set NAME --add-group ${operators}\n`
    )
}

function groupsIn({ apps }: Config): string[] {
  return [
    ...new Set([operators, helpdesk, ...apps.flatMap(({ rules }) => rules.flatMap(({ groups }) => groups ?? []))])
  ]
}

async function hasOperator(place: CommandContext, io: Io): Promise<boolean> {
  const everybody = await withProgress(io, 'people', null, onDone => accountsAt(place).list(onDone))
  return everybody.some(({ groups, suspended }) => suspended === null && groups.includes(operators))
}

function quoted(groups: readonly string[]): string {
  const texts = groups.map(group => `'${visible(group)}'`)
  return texts.length < 2 ? `the group ${texts[0]}` : `the groups ${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`
}
