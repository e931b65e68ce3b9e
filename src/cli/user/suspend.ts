/** `factorgate user suspend`: ends all access of an account until `resume`. */
import { type Command, readArgs, UsageError } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { peopleAt, personNamed } from './person.ts'

export const command: Command = {
  name: 'user suspend',
  summary: 'Suspend a person at once.',
  usage: ['factorgate user suspend NAME --why TEXT'],
  help: `
  --why TEXT       the reason. The person reads it on the page that says that the access is suspended, after the right password or
                   passkey, and in the mail, where the gate sends mails; 'user show' and the journal show it too
${configHelp}

Ends all sessions of the person, with their open sockets and running downloads, and refuses new sessions. The factors stay.

Example:
  factorgate user suspend alice --why 'left the lab'
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, why: { type: 'string' } }, ['NAME'])
    const why = values.why?.trim() ?? ''
    if (why === '') throw new UsageError("--why is missing; give a reason, such as --why 'left the lab'")
    if (why.length > 500) throw new UsageError('--why must have at most 500 characters')
    return withStore(io, { config: values.config, changes: 'access' }, async place => {
      const account = await personNamed(place, names[0]!)
      const ended = await peopleAt(place).suspend(account, why)
      const said = account.suspended === null ? 'is suspended' : 'was suspended already; the reason is now the new one'
      io.stderr(`${account.name} ${said}; sessions ended: ${ended}\n`)
      return 0
    })
  }
}
