/** `factorgate user unlock`: ends the waits of an account after wrong tries. */
import { type Command, jsonText, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { peopleAt, personNamed } from './person.ts'

export const command: Command = {
  name: 'user unlock',
  summary: 'End the waits of a person after wrong tries.',
  usage: ['factorgate user unlock NAME [--json]'],
  help: `
  --json         the name and the number of cleared counts as JSON, for programs
${configHelp}

Clears the counts of wrong tries at this account, for passwords and second factors, so that the person need not wait. Waits of a network
stay. A factor that is switched off stays off, and a suspension stays: see 'factorgate user resume'.

Example:
  factorgate user unlock alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, json: { type: 'boolean' } }, ['NAME'])
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const account = await personNamed(place, names[0]!)
      const cleared = await peopleAt(place).unlock(account)
      if (values.json) io.stdout(jsonText({ name: account.name, id: account.id, cleared }))
      else io.stderr(`${account.name} need not wait any more; counts of wrong tries cleared: ${cleared}\n`)
      return 0
    })
  }
}
