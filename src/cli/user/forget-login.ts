/** `factorgate user forget-login`: removes a person's stored login at one app. */
import { visible } from '../../messages/visible.ts'
import { removeEvent } from '../../upstream-login/login-events.ts'
import { type Command, PersonError, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { loginsAt } from './logins.ts'
import { personNamed } from './person.ts'

export const command: Command = {
  name: 'user forget-login',
  summary: 'Remove the login that a person has stored for one app.',
  usage: ['factorgate user forget-login NAME APP'],
  help: `
${configHelp}

APP is the id of an app with upstreamLogin. The gate forgets the user name and password that the person has stored for it, and asks for
them again at the next visit. Nobody but the person can store a login, and no command shows it. The account at the app stays as it is.

Example:
  factorgate user forget-login alice scheduler
`,
  async run(args, io) {
    const { values, names } = readArgs(args, configOption, ['NAME', 'APP'])
    const [typed = '', app = ''] = names
    return withStore(io, { config: values.config, changes: 'access' }, async place => {
      const account = await personNamed(place, typed)
      const logins = loginsAt(place)
      const stored = await logins.appsOf(account.id)
      if (!stored.includes(app))
        throw new PersonError(
          `${account.name} has no login for '${visible(app)}'; ${stored.length === 0 ? 'none is stored' : `there are logins for: ${stored.join(', ')}`}`
        )
      if (!(await logins.remove(account.id, app)))
        throw new PersonError(`the login of ${account.name} for ${app} is removed already`)
      await place.record(removeEvent(account, app, 'operator', true))
      io.stderr(`the login of ${account.name} for ${app} is removed\n`)
      return 0
    })
  }
}
