/** `factorgate token add`: makes a token for a program, printed once, alone on standard output. */

import { wholeNetwork } from '../../../config/values/addresses.ts'
import { isInvalid } from '../../../config/values/invalid.ts'
import { printDuration, readDuration, readSize, valueTypes } from '../../../config/values/value-types.ts'
import { utcMinute } from '../../messages/utc-minute.ts'
import { visible } from '../../messages/visible.ts'
import { validSeconds } from '../../programs/program-token.ts'
import { TooManyTokens } from '../../programs/program-tokens.ts'
import { issueEvent } from '../../programs/token-events.ts'
import { type Command, PersonError, readArgs, UsageError } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { personNamed } from '../user/person.ts'
import { tokensAt } from './place.ts'

const { least, usual, most } = validSeconds
const bounds = `${printDuration(least)} to ${printDuration(most)}`

export const command: Command = {
  name: 'token add',
  summary: 'Make a token, and print it once.',
  usage: [
    'factorgate token add --user NAME --app ID [--path GLOB]… [--method M]… [--from NETWORK]… [--valid TIME] [--bytes SIZE] [--name TEXT]'
  ],
  help: `
  --user NAME      the owner. The token opens what this person may open, and ends with them
  --app ID         the app. Its configuration must have 'tokens'
  --path GLOB      only these paths inside the app, such as '/raw/**'; may be repeated
  --method M       only these methods, such as GET; may be repeated
  --from NETWORK   only from these addresses or networks, such as 10.1.0.0/16; may be repeated
  --valid TIME     how long it works: ${bounds} (default: ${printDuration(usual)})
  --bytes SIZE     how much may be fetched with it in all, such as 10GiB (default: no limit)
  --name TEXT      what it is for, in lists and in the journal (default: the app)
${configHelp}

The token alone goes to standard output, and the gate cannot show it again. A program sends it as 'Authorization: Bearer fg_…', or as the
password of Basic. docs/programs.md has examples for curl, git, Python, R, DAV and Jupyter.

Example:
  factorgate token add --user alice --app files --path '/raw/**' --method GET --from 10.1.2.3 --valid 30d > token
`,
  async run(args, io) {
    const { values } = readArgs(args, {
      ...configOption,
      user: { type: 'string' },
      app: { type: 'string' },
      path: { type: 'string', multiple: true },
      method: { type: 'string', multiple: true },
      from: { type: 'string', multiple: true },
      valid: { type: 'string' },
      bytes: { type: 'string' },
      name: { type: 'string' }
    })
    const user = needed('--user', values.user)
    const app = needed('--app', values.app)
    const wanted = {
      app,
      name: readName(values.name ?? app),
      paths: readAll('--path', values.path, text => valueTypes.glob.read(text)),
      methods: readAll('--method', values.method, text => valueTypes.method.read(text)),
      networks: readAll('--from', values.from, text => valueTypes.network.read(text)),
      bytes: values.bytes === undefined ? null : readPositive(values.bytes),
      validSeconds: readValid(values.valid),
      by: 'operator'
    }
    return withStore(io, { config: values.config, changes: 'grant' }, async place => {
      checkApp(place, app)
      const account = await personNamed(place, user)
      const { token, text } = await tokensAt(place)
        .issue({ ...wanted, accountId: account.id })
        .catch(error => {
          throw error instanceof TooManyTokens ? new PersonError(error.message) : error
        })
      await place.record(issueEvent(token, account))
      io.stdout(`${text}\n`)
      for (const network of values.from ?? []) {
        const whole = wholeNetwork(network)
        if (whole !== null) io.stderr(`note: ${visible(network)} counts as all of ${whole}\n`)
      }
      io.stderr(`token ${token.id} of ${account.name} for ${app} works until ${utcMinute(token.expiresAt)}\n`)
      if (account.suspended !== null) io.stderr(`note: ${account.name} is suspended, so the token opens nothing now\n`)
      return 0
    })
  }
}

function checkApp({ config }: CommandContext, id: string): void {
  const app = config.apps.find(one => one.id === id)
  if (app === undefined) {
    const ids = config.apps.map(one => one.id).join(', ')
    throw new PersonError(`there is no app '${visible(id)}'; the apps are ${ids}`)
  }
  if (app.tokens === false)
    throw new PersonError(`the app '${id}' takes no tokens; write 'tokens: true' into its configuration first`)
}

function needed(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`${option} is missing`)
  return value
}

/** What it is for, in one line. */
function readName(text: string): string {
  const name = text.normalize('NFC').trim()
  if (name === '' || name.length > 64 || /[\p{C}\p{Zl}\p{Zp}]/u.test(name))
    throw new UsageError(`--name must have 1 to 64 characters on one line, got '${visible(text)}'`)
  return name
}

/** Null for an option that is not given. */
function readAll(
  option: string,
  texts: readonly string[] | undefined,
  read: (text: string) => ReturnType<typeof valueTypes.glob.read>
): readonly string[] | null {
  if (texts === undefined || texts.length === 0) return null
  if (texts.length > 50) throw new UsageError(`${option} may be given 50 times at most`)
  return texts.map(text => {
    const value = read(text)
    if (isInvalid(value)) throw new UsageError(`${option} ${value.reason}, got '${visible(text)}'`)
    return value
  })
}

function readPositive(text: string): number {
  const bytes = readSize(text.trim())
  if (isInvalid(bytes)) throw new UsageError(`--bytes ${bytes.reason}, got '${visible(text)}'`)
  if (bytes < 1) throw new UsageError('--bytes must be at least 1B')
  return bytes
}

function readValid(text: string | undefined): number {
  if (text === undefined) return usual
  const seconds = readDuration(text.trim())
  if (isInvalid(seconds)) throw new UsageError(`--valid ${seconds.reason}, got '${visible(text)}'`)
  if (seconds < least || seconds > most) throw new UsageError(`--valid must be from ${bounds}, got '${visible(text)}'`)
  return seconds
}
