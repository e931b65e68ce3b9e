/** `factorgate user remove`: removes an account and everything it owns. */
import { Invitations } from '../../identity/invitations.ts'
import { LocalDirectory } from '../../identity/local.ts'
import { PasswordHasher } from '../../identity/password/password.ts'
import { removeEverythingOf } from '../../identity/removal.ts'
import { Sponsorships } from '../../identity/sponsorships.ts'
import { AttemptBuckets } from '../../throttle/attempt-buckets.ts'
import { personRecord } from '../../unusual/records.ts'
import { type Command, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { confirm, yesHelp, yesOption } from '../confirm.ts'
import { tokensAt } from '../token/place.ts'
import { loginsAt } from './logins.ts'
import { accountsAt, credentialsAt, personNamed, recoveryCodesAt } from './person.ts'

export const command: Command = {
  name: 'user remove',
  summary: 'Remove a person and all their data.',
  usage: ['factorgate user remove NAME [--yes]'],
  help: `
${yesHelp}
${configHelp}

Ends the sessions of the person and removes account, password, factors, recovery codes, tokens, logins at apps, invitations and known
addresses. Their entries in the journal stay. To keep the account, use 'factorgate user suspend' instead.

Example:
  factorgate user remove alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, ...yesOption }, ['NAME'])
    return withStore(io, { config: values.config, changes: 'access' }, async place => {
      const { id, name } = await personNamed(place, names[0]!)
      await confirm(io, values.yes, `This removes '${name}' with password, factors and sessions, and cannot be undone.`)
      const { store, sessions } = place
      const accounts = accountsAt(place)
      let ended = 0
      const open = {
        removeAll: async () => {
          ended = await sessions.endRemoved(id)
        }
      }
      const belongings = [
        open,
        new Invitations(place),
        credentialsAt(place),
        { removeAll: (id: string) => credentialsAt(place).forget(id) },
        tokensAt(place),
        loginsAt(place),
        new Sponsorships(place),
        recoveryCodesAt(place),
        new LocalDirectory({ store, accounts, hasher: new PasswordHasher() }),
        new AttemptBuckets(store),
        // What was learned of the person.
        { removeAll: (id: string) => store.delete(personRecord.key(id)) }
      ]
      // The account goes last, once the rest is confirmed, so that a retry still finds it.
      const isGone = await removeEverythingOf(id, { accounts, belongings, mayGo: () => place.isConfirmed() })
      await place.record({ kind: 'user.change', account: id, name, outcome: 'removed', ended })
      if (isGone) io.stderr(`${name} is removed; sessions ended: ${ended}\n`)
      else
        io.stderr(
          `${name} cannot sign in and has no factor any more, but the account is not removed yet; sessions ended: ${ended}\n`
        )
      return 0
    })
  }
}
