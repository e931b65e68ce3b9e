/** `factorgate user add`: creates an account and its first invitation. */
import type { Config } from '../../../config/schema.ts'
import { nameInRealm } from '../../administration/person-input.ts'
import { AccountError } from '../../identity/accounts.ts'
import { type Command, PersonError, readArgs, UsageError, visible } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { invitationMail } from './mail-invitation.ts'
import { invite, peopleAt, readDisplayName, readEmail, readGroup, warnOfSharedAddress } from './person.ts'

export const command: Command = {
  name: 'user add',
  summary: 'Add a person and print their invitation.',
  usage: ['factorgate user add NAME [--group GROUP]… [--email ADDRESS] [--display NAME] [--directory ID] [--mail]'],
  help: `
  NAME             the user name: a-z 0-9 . _ + -, or an e-mail address
  --group GROUP    a group for rules and apps. Repeat it for more groups
  --email ADDRESS  the e-mail address. The person can also sign in with it, and apps can get it
  --display NAME   the name on pages and in apps
  --directory ID   the source of people in the configuration that checks the person's password. The account is theirs
                   who signs in there first under this name. Groups, address and display name then come from there
  --mail           send the invitation to the person's address by mail, and do not print it (key 'notify.mail')
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
        directory: { type: 'string' },
        display: { type: 'string' },
        mail: { type: 'boolean' }
      },
      ['NAME']
    )
    const name = names[0]!
    const groups = (values.group ?? []).map(readGroup)
    const email = values.email === undefined ? null : readEmail(values.email)
    const displayName = values.display === undefined ? undefined : readDisplayName(values.display)
    return withStore(io, { config: values.config, changes: 'grant', mayCreate: true }, async place => {
      const source = sourceNamed(place.config, values.directory ?? 'local')
      const mail = values.mail ? await invitationMail(place, { name, email }) : null
      const account = await peopleAt(place)
        .add({
          name: nameInRealm(name, source?.realm ?? null),
          groups,
          email,
          directory: source?.id ?? 'local',
          ...(displayName === undefined ? {} : { displayName })
        })
        .catch(error => {
          if (!(error instanceof AccountError)) throw error
          const hint =
            error.problem === 'name_taken' ? `; for a new invitation run: factorgate user invite ${visible(name)}` : ''
          throw new PersonError(`'${visible(name)}': ${error.message}${hint}`)
        })
      await warnOfSharedAddress(place, account, io)
      const url = await invite(place, account)
      await mail?.send(account, url)
      if (mail !== null)
        io.stderr(
          `${account.name} is added. The gate sends the invitation to ${visible(email ?? '')}. It is valid for 24 hours.\n`
        )
      else io.stderr(`${account.name} is added. Give this invitation to the person. It is valid for 24 hours:\n`)
      if (source !== null)
        io.stderr(
          `it is for the second factor alone: ${account.name} has no password here, and signs in at '${visible(source.title)}' first\n`
        )
      if (mail === null) io.stdout(`${url}\n`)
      return 0
    })
  }
}

type Source = Exclude<Config['identity'][number], { kind: 'local' }>

/** The source of people with this id; null for local people. Throws UsageError. */
function sourceNamed({ identity }: Pick<Config, 'identity'>, id: string): Source | null {
  const source = identity.find(each => each.id === id)
  if (source === undefined && id !== 'local')
    throw new UsageError(
      `--directory must be a source of people in the configuration (${identity.map(each => each.id).join(', ')}), got '${visible(id)}'`
    )
  return source === undefined || source.kind === 'local' ? null : source
}
