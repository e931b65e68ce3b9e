/** `factorgate user set`: changes groups, e-mail and display name. */
import type { AccountChange } from '../../identity/accounts.ts'
import { type Command, readArgs, UsageError } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { peopleAt, personNamed, readDisplayName, readEmail, readGroup, warnOfSharedAddress } from './person.ts'

export const command: Command = {
  name: 'user set',
  summary: 'Change groups, e-mail address or displayed name.',
  usage: ['factorgate user set NAME [--group GROUP]… [--no-groups] [--email ADDRESS] [--no-email] [--display NAME]'],
  help: `
  --group GROUP    replaces all groups. Repeat it for more groups
  --no-groups      removes all groups
  --email ADDRESS  the new e-mail address
  --no-email       removes the e-mail address
  --display NAME   the new name on pages and in apps
${configHelp}

The change applies from the next request on. Open connections that needed a removed group are cut.

Example:
  factorgate user set alice --group researchers --group operators
`,
  async run(args, io) {
    const { values, names } = readArgs(
      args,
      {
        ...configOption,
        group: { type: 'string', multiple: true },
        'no-groups': { type: 'boolean' },
        email: { type: 'string' },
        'no-email': { type: 'boolean' },
        display: { type: 'string' }
      },
      ['NAME']
    )
    if (values.group !== undefined && values['no-groups'])
      throw new UsageError('--group and --no-groups cannot be used together')
    if (values.email !== undefined && values['no-email'])
      throw new UsageError('--email and --no-email cannot be used together')
    const change: AccountChange = {
      ...(values.group === undefined ? {} : { groups: values.group.map(readGroup) }),
      ...(values['no-groups'] ? { groups: [] } : {}),
      ...(values.email === undefined ? {} : { email: readEmail(values.email) }),
      ...(values['no-email'] ? { email: null } : {}),
      ...(values.display === undefined ? {} : { displayName: readDisplayName(values.display) })
    }
    if (Object.keys(change).length === 0)
      throw new UsageError('there is nothing to change; give --group, --no-groups, --email, --no-email or --display')
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const account = await peopleAt(place).change(await personNamed(place, names[0]!), change)
      if (change.email !== undefined) await warnOfSharedAddress(place, account, io)
      io.stderr(`${account.name} is changed\n`)
      return 0
    })
  }
}
