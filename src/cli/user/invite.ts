/** `factorgate user invite`: creates a new invitation for an existing account. */
import type { Account } from '../../identity/account.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, PersonError, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { invitationMail } from './mail-invitation.ts'
import { credentialsAt, invite, misfitIn, personNamed } from './person.ts'
import { readValid, validHelp, validityInWords, validOption } from './validity.ts'

export const command: Command = {
  name: 'user invite',
  summary: 'Print a new invitation: for a first factor, or after a reset.',
  usage: ['factorgate user invite NAME [--valid TIME] [--mail]'],
  help: `
${validHelp}
  --mail           send the invitation to the person's address by mail, and do not print it (key 'notify.mail')
${configHelp}

Prints one line, the invitation. It works for one second factor, until its time is over. Older invitations of this person stop working.
A person from another source than 'local' signs in there first, and sets no password. If they have a second factor already, remove it
first: factorgate user reset-factors NAME.

Example:
  factorgate user invite alice
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, ...validOption, mail: { type: 'boolean' } }, ['NAME'])
    const valid = readValid(values.valid)
    const words = validityInWords(valid)
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const account = await personNamed(place, names[0]!)
      if (account.suspended !== null)
        throw new PersonError(
          `${account.name} is suspended; run this first: factorgate user resume ${account.name} --why TEXT`
        )
      const source = await elsewhere(place, account)
      const mail = values.mail ? await invitationMail(place, account) : null
      const url = await invite(place, account, valid)
      await mail?.send(account, url, valid)
      if (mail !== null)
        io.stderr(`The gate sends the invitation to ${visible(account.email ?? '')}. It is valid for ${words}.\n`)
      else io.stderr(`Give this invitation to the person. It is valid for ${words}:\n`)
      if (source !== null)
        io.stderr(
          `The person opens it, signs in with ${visible(source)} as ${account.name}, and adds a second factor. The link alone opens nothing.\n`
        )
      if (mail === null) io.stdout(`${url}\n`)
      return 0
    })
  }
}

/** The source that checks the first factor; null for local people. Throws PersonError if the link would open nothing. */
async function elsewhere(place: CommandContext, { id, name, directory }: Account): Promise<string | null> {
  const source = place.config.identity.find(one => one.id === directory)
  if (source?.kind === 'local' || (source === undefined && directory === 'local')) return null
  if (source === undefined)
    throw new PersonError(
      `${name} comes from '${visible(directory)}', which the configuration does not name any more (key identity), so nobody can sign in there`
    )
  const misfit = misfitIn(place)
  const factors = await credentialsAt(place).list(id)
  if (factors.some(credential => credential.disabledAt === null && misfit(credential) === null))
    throw new PersonError(
      `${name} has a second factor already, so an invitation would open nothing. If it is lost, run this first: factorgate user reset-factors ${name}`
    )
  return source.title
}
