/** `factorgate user reset-factors`: removes the factors after a lost or stolen device. */
import type { Account } from '../../identity/account.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, type ExitCode, type Io, PersonError, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { confirm, yesHelp, yesOption } from '../confirm.ts'
import { credentialsAt, peopleAt, personNamed } from './person.ts'

export const command: Command = {
  name: 'user reset-factors',
  summary: 'Remove all second factors of a person, or one, and end their sessions.',
  usage: ['factorgate user reset-factors NAME [--factor ID] [--yes]'],
  help: `
  --factor ID      only this one, and the sessions that it has opened; 'factorgate user show NAME --json' has the ids
${yesHelp}
${configHelp}

Removes passkeys, authenticator apps, recovery codes and open invitations, and ends all sessions. The password stays, but the person
cannot sign in with the password alone. Before you send a new invitation, make sure that the person who asks for it is the right one.

Example:
  factorgate user reset-factors alice --factor 3gfZgRbZgvsxXJ16vd5DJA
  factorgate user reset-factors alice && factorgate user invite alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, ...yesOption, factor: { type: 'string' } }, ['NAME'])
    return withStore(io, { config: values.config, changes: 'access' }, async place => {
      const account = await personNamed(place, names[0]!)
      const { name } = account
      if (values.factor !== undefined) return removeOne(place, account, values.factor, io, values.yes)
      await confirm(io, values.yes, `This removes all second factors of '${name}' and ends their sessions.`)
      const { removed, ended } = await peopleAt(place).resetFactors(account)
      io.stderr(`${name} has no second factor any more (removed: ${removed}); sessions ended: ${ended}\n`)
      io.stderr(`To invite the person again, run: factorgate user invite ${name}\n`)
      return 0
    })
  }
}

async function removeOne(
  place: CommandContext,
  account: Account,
  id: string,
  io: Io,
  isConfirmed: boolean | undefined
): Promise<ExitCode> {
  const { name } = account
  const factor = (await credentialsAt(place).list(account.id)).find(credential => credential.id === id)
  if (factor === undefined)
    throw new PersonError(
      `'${visible(name)}' has no second factor with the id '${visible(id)}'; 'factorgate user show ${visible(name)} --json' lists them`
    )
  await confirm(io, isConfirmed, `This removes '${factor.name}' of '${name}' and ends the sessions that it has opened.`)
  const ended = await peopleAt(place).removeFactor(account, factor)
  io.stderr(`removed '${visible(factor.name)}' of ${name}; sessions ended: ${ended}\n`)
  return 0
}
