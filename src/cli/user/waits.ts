/** `factorgate user waits`: the accounts and networks that must wait after wrong tries. */
import { inBatches } from '../../store/batches.ts'
import { networkOf } from '../../throttle/attempt-buckets.ts'
import { type Command, jsonText, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { moment, table } from '../table.ts'
import { accountsAt, locksAt } from './person.ts'
import { waitOf } from './wait-words.ts'

/** More than anybody reads. */
const maxLocks = 10_000

export const command: Command = {
  name: 'user waits',
  summary: 'List who must wait after wrong tries: accounts and networks.',
  usage: ['factorgate user waits [--json]'],
  help: `
  --json           an array of waits: person or network, what is held back, wrong tries, end
${configHelp}

The longest wait comes first. 'factorgate user unlock' ends the waits of a person or a network. A factor that is switched off is no wait:
see 'factorgate user list --waiting'.

Example:
  factorgate user waits
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, json: { type: 'boolean' } })
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const { locks, total } = await locksAt(place).waiting(maxLocks)
      const accounts = accountsAt(place)
      const waits = await inBatches(locks, async lock => {
        const account = lock.accountId === null ? null : await accounts.byId(lock.accountId)
        return { person: account?.name ?? null, network: networkOf(lock.key), ...waitOf(lock) }
      })
      if (values.json) io.stdout(jsonText(waits))
      else if (waits.length === 0) io.stderr('nobody must wait\n')
      else
        io.stdout(
          table(
            ['WHO', 'WHAT', 'WRONG TRIES', 'UNTIL'],
            waits.map(({ person, network, what, failures, until }) => [
              person ?? network ?? 'names that share a count',
              what,
              String(failures),
              moment(Date.parse(until))
            ]),
            io.columns
          )
        )
      if (total > locks.length) io.stderr(`there are ${total - locks.length} more\n`)
      return 0
    })
  }
}
