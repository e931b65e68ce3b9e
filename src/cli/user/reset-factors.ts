/** `factorgate user reset-factors`: removes the factors after a lost or stolen device. */
import { type Command, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { confirm, yesHelp, yesOption } from '../confirm.ts'
import { peopleAt, personNamed } from './person.ts'

export const command: Command = {
  name: 'user reset-factors',
  summary: 'Remove all second factors of a person and end their sessions.',
  usage: ['factorgate user reset-factors NAME [--yes]'],
  help: `
${yesHelp}
${configHelp}

Removes passkeys, authenticator apps, recovery codes and open invitations, and ends all sessions. The password stays, but the person
cannot sign in with the password alone. Before you send a new invitation, make sure that the person who asks for it is the right one.

Example:
  factorgate user reset-factors alice && factorgate user invite alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, ...yesOption }, ['NAME'])
    return withStore(io, { config: values.config, changes: 'access' }, async place => {
      const account = await personNamed(place, names[0]!)
      const { name } = account
      await confirm(io, values.yes, `This removes all second factors of '${name}' and ends their sessions.`)
      const { removed, ended } = await peopleAt(place).resetFactors(account)
      io.stderr(`${name} has no second factor any more (removed: ${removed}); sessions ended: ${ended}\n`)
      io.stderr(`To invite the person again, run: factorgate user invite ${name}\n`)
      return 0
    })
  }
}
