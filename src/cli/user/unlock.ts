/** `factorgate user unlock`: ends the waits of an account after wrong tries. */
import { visible } from '../../messages/visible.ts'
import { networkOf } from '../../throttle/attempt-buckets.ts'
import { type Command, type ExitCode, type Io, jsonText, PersonError, readArgs, UsageError } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { locksAt, peopleAt, personNamed } from './person.ts'

/** Waits that are looked through. */
const maxLocks = 100_000

export const command: Command = {
  name: 'user unlock',
  summary: 'End the waits of a person or a network after wrong tries.',
  usage: ['factorgate user unlock NAME [--json]', 'factorgate user unlock --network NETWORK [--json]'],
  help: `
  NAME             the user name
  --network NETWORK  an address or a network as 'factorgate user waits' lists it. Everybody there can try again, also an attacker
  --json         the name and the number of cleared counts as JSON, for programs
${configHelp}

Clears the counts of wrong tries at this account, for passwords and second factors, so that the person need not wait. Waits of a network
stay, unless you name one. If the clock of the machine was ahead when the person used a code, codes count again from now on. A factor that is switched off stays off, and a suspension stays: see 'factorgate user resume'.

Example:
  factorgate user unlock alice
`,
  async run(args, io) {
    const { values, names } = readArgs(
      args,
      { ...configOption, network: { type: 'string' }, json: { type: 'boolean' } },
      ['NAME?']
    )
    const [name] = names
    const { network } = values
    if ((name === undefined) === (network === undefined))
      throw new UsageError('give one of these: NAME, or --network NETWORK')
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      if (network !== undefined) return unlockNetwork(place, network, io, values.json === true)
      const account = await personNamed(place, name!)
      const { cleared, codes } = await peopleAt(place).unlock(account)
      if (values.json) io.stdout(jsonText({ name: account.name, id: account.id, cleared }))
      else io.stderr(`${account.name} need not wait any more; counts of wrong tries cleared: ${cleared}\n`)
      if (codes > 0) io.stderr('codes count again that had been used while the clock of the machine was ahead\n')
      return 0
    })
  }
}

async function unlockNetwork(place: CommandContext, network: string, io: Io, isJson: boolean): Promise<ExitCode> {
  const locks = locksAt(place)
  let cleared = 0
  const { locks: waiting } = await locks.waiting(maxLocks)
  for (const { kind, key, accountId } of waiting)
    if (accountId === null && networkOf(key) === network && (await locks.unlockNetwork(kind, key))) {
      cleared++
      await place.record({ kind: 'throttle', outcome: 'unlocked', limit: kind, network: key })
    }
  if (cleared === 0)
    throw new PersonError(`no network '${visible(network)}' must wait; 'factorgate user waits' lists those that must`)
  if (isJson) io.stdout(jsonText({ network, cleared }))
  else io.stderr(`${visible(network)} need not wait any more; counts of wrong tries cleared: ${cleared}\n`)
  return 0
}
