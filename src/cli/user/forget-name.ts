/** `factorgate user forget-name`: frees a former name of an account. */
import { AccountError } from '../../identity/accounts.ts'
import { type Command, PersonError, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { accountsAt } from './person.ts'

export const command: Command = {
  name: 'user forget-name',
  summary: 'Free a name that a person had before their institution renamed them.',
  usage: ['factorgate user forget-name NAME'],
  help: `
${configHelp}

When an institution renames a person, the account gets the new name, and the old one stays taken, because apps may know the person by it.
This command frees the old name, so that somebody else may sign in with it. First make sure that no app has data under it.

Example:
  factorgate user forget-name alice.maiden
`,
  async run(args, io) {
    const { values, names } = readArgs(args, configOption, ['NAME'])
    const typed = names[0]!
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const whose = await accountsAt(place)
        .forgetName(typed)
        .catch(error => {
          if (!(error instanceof AccountError)) throw error
          throw new PersonError(`${typed} is the present name of an account; only a former name can be freed`)
        })
      if (whose === null) throw new PersonError(`no account had the name ${typed}`)
      await place.record({ kind: 'user.change', account: whose.id, name: whose.name, outcome: 'name_freed' })
      io.stderr(`the name ${typed} is free; ${whose.name} had it before\n`)
      return 0
    })
  }
}
