/** `factorgate user add`: creates an account and its first invitation. */
import { columns } from '../../administration/people-list.ts'
import { nameInRealm } from '../../administration/person-input.ts'
import { AccountError } from '../../identity/accounts.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, type Io, readArgs, UsageError } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { addMany } from './add-many.ts'
import { invitationMail } from './mail-invitation.ts'
import { invite, nameTrouble, peopleAt, readDisplayName, readEmail, readGroup, warnOfSharedAddress } from './person.ts'
import { sourceNamed } from './source.ts'
import { readValid, validHelp, validityInWords, validOption } from './validity.ts'

export const command: Command = {
  name: 'user add',
  summary: 'Add a person and print their invitation.',
  usage: [
    'factorgate user add NAME [--group GROUP]… [--email ADDRESS] [--display NAME] [--directory ID] [--valid TIME] [--mail]',
    'factorgate user add --from FILE.csv [--group GROUP]… [--directory ID] [--valid TIME] [--mail]'
  ],
  help: `
  NAME             the user name: a-z 0-9 . _ + -, or an e-mail address
  --group GROUP    a group for rules and apps. Repeat it for more groups
  --email ADDRESS  the e-mail address. The person can also sign in with it, and apps can get it
  --display NAME   the name on pages and in apps
  --directory ID   the source of people in the configuration that checks the person's password. The account is theirs
                   who signs in there first under this name. Groups, address and display name then come from there
  --from FILE      adds the people of a CSV file: user name, displayed name, e-mail address, groups (separated by spaces). A first line
                   with the words ${columns.join(', ')} may give another order. Every mistake is named with its line, and nobody
                   is added before all lines are right. --group gives a group to all of them
${validHelp}
  --mail           send the invitation to the person's address by mail, and do not print it (key 'notify.mail')
${configHelp}

Prints one line, the invitation. The person uses it to set a password and to add a second factor. It works for one second factor, until
its time is over. With --from it prints a CSV file: name, email, invitation.

Example:
  factorgate user add alice --group researchers --email alice@lab.example --display 'Alice Liddell'
  factorgate user add --from course.csv --group course --valid 7d > invitations.csv
`,
  async run(args, io) {
    const { values, names } = readArgs(
      args,
      {
        ...configOption,
        ...validOption,
        from: { type: 'string' },
        group: { type: 'string', multiple: true },
        email: { type: 'string' },
        directory: { type: 'string' },
        display: { type: 'string' },
        mail: { type: 'boolean' }
      },
      ['NAME?']
    )
    const [name] = names
    const groups = (values.group ?? []).map(group => readGroup(group))
    const email = values.email === undefined ? null : readEmail(values.email)
    const displayName = values.display === undefined ? undefined : readDisplayName(values.display)
    const valid = readValid(values.valid)
    if (values.from !== undefined && (name !== undefined || email !== null || displayName !== undefined))
      throw new UsageError(
        '--from takes names, addresses and displayed names from the file; give no NAME, --email or --display'
      )
    if (name === undefined && values.from === undefined) throw new UsageError('NAME is missing')
    return withStore(io, { config: values.config, changes: 'grant', mayCreate: true }, async place => {
      const source = sourceNamed(place.config, values.directory ?? 'local')
      if (name === undefined) {
        const many = { file: values.from!, source, groups, validSeconds: valid, isMailed: values.mail === true }
        return addMany(place, many, io)
      }
      const one = { name, groups, email, displayName, source, valid, isMailed: values.mail === true }
      await addOne(place, one, io)
      return 0
    })
  }
}

interface NewPerson {
  readonly name: string
  readonly groups: readonly string[]
  readonly email: string | null
  readonly displayName: string | undefined
  readonly source: ReturnType<typeof sourceNamed>
  readonly valid: number | undefined
  readonly isMailed: boolean
}

/** Prints the invitation or hands it to the mail. */
async function addOne(place: CommandContext, person: NewPerson, io: Io): Promise<void> {
  const { groups, email, displayName, source, valid } = person
  const name = nameInRealm(person.name, source?.realm ?? null)
  const mail = person.isMailed ? await invitationMail(place, { name: person.name, email }) : null
  const account = await peopleAt(place)
    .add({
      name,
      groups,
      email,
      directory: source?.id ?? 'local',
      ...(displayName === undefined ? {} : { displayName })
    })
    .catch(async error => {
      const isTaken = error instanceof AccountError && error.problem === 'name_taken'
      const hint = isTaken ? `; for a new invitation run: factorgate user invite ${visible(person.name)}` : ''
      throw await nameTrouble(place, error, name, hint)
    })
  await warnOfSharedAddress(place, account, io)
  const url = await invite(place, account, valid)
  await mail?.send(account, url, valid)
  const words = validityInWords(valid)
  if (mail !== null)
    io.stderr(
      `${account.name} is added. The gate sends the invitation to ${visible(email ?? '')}. It is valid for ${words}.\n`
    )
  else io.stderr(`${account.name} is added. Give this invitation to the person. It is valid for ${words}:\n`)
  if (source !== null)
    io.stderr(
      `it is for the second factor alone: ${account.name} has no password here, and signs in at '${visible(source.title)}' first\n`
    )
  if (mail === null) io.stdout(`${url}\n`)
}
