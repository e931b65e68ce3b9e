/** `factorgate user add`: creates an account and its first invitation. */
import { AccountError } from '../../identity/accounts.ts'
import { type Command, PersonError, readArgs, visible } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { accountsAt, invite, readDisplayName, readEmail, readGroup, warnOfSharedAddress } from './person.ts'

export const command: Command = {
  name: 'user add',
  summary: 'Add a person and print their invitation.',
  usage: ['factorgate user add NAME [--group GROUP]… [--email ADDRESS] [--display NAME]'],
  help: `
  NAME             the user name: a-z 0-9 . _ + -, or an e-mail address
  --group GROUP    a group for rules and apps. Repeat it for more groups
  --email ADDRESS  the e-mail address. The person can also sign in with it, and apps can get it
  --display NAME   the name on pages and in apps
${configHelp}

Prints one line, the invitation. The person uses it to set a password and to add a second factor. It is valid for 24 hours and for one
second factor.

Example:
  factorgate user add alice --group researchers --email alice@lab.example --display 'Alice Liddell'
`,
  async run(args, io) {
    const { values, names } = readArgs(
      args,
      {
        ...configOption,
        group: { type: 'string', multiple: true },
        email: { type: 'string' },
        display: { type: 'string' }
      },
      ['NAME']
    )
    const name = names[0]!
    const groups = (values.group ?? []).map(readGroup)
    const email = values.email === undefined ? null : readEmail(values.email)
    const displayName = values.display === undefined ? undefined : readDisplayName(values.display)
    return withStore(io, { config: values.config, changes: 'grant', mayCreate: true }, async place => {
      const account = await accountsAt(place)
        .create({ name, groups, email, ...(displayName === undefined ? {} : { displayName }) })
        .catch(error => {
          if (!(error instanceof AccountError)) throw error
          const hint =
            error.problem === 'name_taken' ? `; for a new invitation run: factorgate user invite ${visible(name)}` : ''
          throw new PersonError(`'${visible(name)}': ${error.message}${hint}`)
        })
      await place.record({
        kind: 'user.change',
        account: account.id,
        name: account.name,
        outcome: 'added',
        groups: groups.join(',')
      })
      await warnOfSharedAddress(place, account, io)
      const url = await invite(place, account)
      io.stderr(`${account.name} is added. Give this invitation to the person. It is valid for 24 hours:\n`)
      io.stdout(`${url}\n`)
      return 0
    })
  }
}
