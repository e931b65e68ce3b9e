/** `factorgate user invite`: creates a new invitation for an existing account. */
import { type Command, PersonError, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { invite, personNamed } from './person.ts'

export const command: Command = {
  name: 'user invite',
  summary: 'Print a new invitation: for a first factor, or after a reset.',
  usage: ['factorgate user invite NAME'],
  help: `
${configHelp}

Prints one line, the invitation. It is valid for 24 hours and for one second factor. Older invitations of this person stop working.

Example:
  factorgate user invite alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, configOption, ['NAME'])
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const account = await personNamed(place, names[0]!)
      if (account.suspended !== null)
        throw new PersonError(`${account.name} is suspended; run this first: factorgate user resume ${account.name}`)
      const url = await invite(place, account)
      io.stderr('Give this invitation to the person. It is valid for 24 hours:\n')
      io.stdout(`${url}\n`)
      return 0
    })
  }
}
