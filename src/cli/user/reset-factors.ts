/** `factorgate user reset-factors`: removes the factors after a lost or stolen device. */
import { Invitations } from '../../identity/invitations.ts'
import { Sponsorships } from '../../identity/sponsorships.ts'
import { type Command, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { credentialsAt, personNamed, recoveryCodesAt } from './person.ts'

export const command: Command = {
  name: 'user reset-factors',
  summary: 'Remove all second factors of a person and end their sessions.',
  usage: ['factorgate user reset-factors NAME'],
  help: `
${configHelp}

Removes passkeys, authenticator apps, recovery codes and open invitations, and ends all sessions. The password stays, but the person
cannot sign in with the password alone. Before you send a new invitation, make sure that the person who asks for it is the right one.

Example:
  factorgate user reset-factors alice && factorgate user invite alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, configOption, ['NAME'])
    return withStore(io, { config: values.config, changes: 'access' }, async place => {
      const { id, name } = await personNamed(place, names[0]!)
      const credentials = credentialsAt(place)
      const removed = (await credentials.list(id)).length
      // An old invitation would allow its holder to enrol a factor.
      await new Invitations(place).removeAll(id)
      await new Sponsorships(place).removeAll(id)
      await credentials.removeAll(id)
      await recoveryCodesAt(place).removeAll(id)
      const ended = await place.sessions.endAccount(id, 'factors_changed')
      // Last, because a full disk must not stop what ends access.
      await credentials.remember(id)
      await place.record({ kind: 'factor.remove', account: id, name, outcome: 'reset', removed, ended })
      io.stderr(`${name} has no second factor any more (removed: ${removed}); sessions ended: ${ended}\n`)
      io.stderr(`To invite the person again, run: factorgate user invite ${name}\n`)
      return 0
    })
  }
}
