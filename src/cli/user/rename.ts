/** `factorgate user rename`: gives a local person another user name. */
import type { Config } from '../../../config/schema.ts'
import { rulesNaming } from '../../administration/rules-naming.ts'
import type { Account } from '../../identity/account.ts'
import { visible } from '../../messages/visible.ts'
import { type Command, type Io, PersonError, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { confirm, yesHelp, yesOption } from '../confirm.ts'
import { nameTrouble, peopleAt, personNamed } from './person.ts'

export const command: Command = {
  name: 'user rename',
  summary: 'Give a person another user name.',
  usage: ['factorgate user rename OLD NEW [--yes]'],
  help: `
  OLD              the present user name
  NEW              the new one: a-z 0-9 . _ + -, or an e-mail address
${yesHelp}
${configHelp}

Password, factors, sessions, invitations and groups stay, and the journal finds the person by both names. From now on the person signs
in with the new name, and apps get the new name. An app that keeps data under the old name can go on with it: set
'identityHeaders: { names: original }' for this app. Rules that name the person (key 'users') must be changed in the configuration; the
command lists them and asks on a terminal. The old name stays taken; 'factorgate user forget-name OLD' frees it.

Example:
  factorgate user rename alice.maiden alice.liddell
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, ...yesOption }, ['OLD', 'NEW'])
    const [old, to] = names as [string, string]
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      const account = await personNamed(place, old)
      refuseIfNamedElsewhere(place.config, account)
      const rules = rulesNaming(place.config.apps, account.name)
      const won = rulesNaming(place.config.apps, to)
      const doubts = [
        ...rules.map(rule => `${rule} names '${account.name}', and will not mean this person any more.`),
        ...won.map(rule => `${rule} names '${visible(to)}', and will mean this person.`)
      ]
      if (doubts.length > 0) await confirm(io, values.yes, doubts.join(' '))
      const renamed = await peopleAt(place)
        .rename(account, to, { asOf: account })
        .catch(async error => {
          throw await nameTrouble(place, error, to, '; nothing was changed')
        })
      if (renamed.name === account.name) {
        io.stderr(`${account.name} has this name already; nothing was changed\n`)
        return 0
      }
      io.stderr(`${account.name} is now ${renamed.name}, and signs in with this name\n`)
      for (const rule of won) io.stderr(`warning: ${rule} means this person now\n`)
      warn(place.config, rules, account.name, renamed.name, io)
      return 0
    })
  }
}

/** An institution would take the change back at the next sign-in. Throws PersonError. */
function refuseIfNamedElsewhere({ identity }: Config, { name, directory, externalId }: Account): void {
  if (externalId === undefined) return
  const source = identity.find(({ id }) => id === directory)
  const title = source === undefined || source.kind === 'local' ? directory : source.title
  throw new PersonError(
    `${name} comes from '${visible(title)}', which gives the name at each sign-in; have it changed there, and the account follows`
  )
}

function warn({ apps }: Config, rules: readonly string[], from: string, to: string, io: Io): void {
  for (const rule of rules) io.stderr(`warning: ${rule} still says '${from}'; write '${to}' there\n`)
  const original = apps.filter(({ identityHeaders }) => identityHeaders.names === 'original').map(({ id }) => id)
  const others = apps.filter(({ id }) => !original.includes(id)).map(({ id }) => id)
  if (others.length > 0) io.stderr(`these apps get the new name: ${others.join(', ')}\n`)
  if (original.length > 0) io.stderr(`these apps get the person's first name as before: ${original.join(', ')}\n`)
}
