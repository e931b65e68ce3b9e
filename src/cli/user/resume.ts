/** `factorgate user resume`: lifts a suspension. */
import { type Command, PersonError, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { peopleAt, personNamed } from './person.ts'

export const command: Command = {
  name: 'user resume',
  summary: 'Let a suspended person in again.',
  usage: ['factorgate user resume NAME'],
  help: `
${configHelp}

The person can sign in again with the same password and factors.

Example:
  factorgate user resume alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, configOption, ['NAME'])
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const account = await personNamed(place, names[0]!)
      const { name, suspended } = account
      if (suspended === null) throw new PersonError(`${name} is not suspended`)
      await peopleAt(place).resume(account)
      io.stderr(`${name} can sign in again\n`)
      return 0
    })
  }
}
