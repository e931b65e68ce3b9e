/** `factorgate posture set`: sets the posture of all apps, or of one. */
import { isInvalid } from '../../../config/values/invalid.ts'
import { printDuration, readDuration } from '../../../config/values/value-types.ts'
import { whoStaysIn } from '../../administration/who-stays-in.ts'
import { visible } from '../../messages/visible.ts'
import { DialError, maxWhyLength, type Turn, type Turned, turnDial } from '../../posture/dial-record.ts'
import { endedLine, turnedLine } from '../../posture/events.ts'
import { type PostureLevel, postureLevels } from '../../posture/posture.ts'
import { postureTermsOf } from '../../services/posture-terms.ts'
import { type Command, type Io, PersonError, readArgs, UsageError } from '../command.ts'
import { type CommandContext, configHelp, configOption, operator, withStore } from '../command-context.ts'
import { moment, table } from '../table.ts'
import { accountsAt, credentialsAt, misfitIn } from '../user/person.ts'

const maxUntilSeconds = 365 * 86_400

export const command: Command = {
  name: 'posture set',
  summary: 'Set the posture of all apps, or of one.',
  usage: ['factorgate posture set normal|elevated|lockdown [--app NAME] [--until TIME] --why TEXT'],
  help: `
  --app NAME       only this app. Where all apps and one app have a posture, the stricter one counts
  --until TIME     how long it lasts, such as 2h or 3d. After that the posture falls back by itself. Without it there is no end
  --why TEXT       the reason. Operators read it in the console and in the journal
${configHelp}

All gates obey within a second. lockdown prints the people whom the apps still let in. The operators' console stays open to operators.

Example:
  factorgate posture set lockdown --until 2h --why 'stolen sessions, see ticket 4711'
`,
  async run(args, io) {
    const { values, names } = readArgs(
      args,
      { ...configOption, app: { type: 'string' }, until: { type: 'string' }, why: { type: 'string' } },
      ['POSTURE']
    )
    const level = readLevel(names[0] as string)
    const why = values.why?.trim() ?? ''
    if (why === '') throw new UsageError("--why is missing; give a reason, such as --why 'odd sign-ins at night'")
    if (why.length > maxWhyLength || /[\r\n]/.test(why))
      throw new UsageError(`--why must have at most ${maxWhyLength} characters, on one line`)
    const seconds = readUntil(values.until, level)
    const changes = level === 'lockdown' ? 'access' : 'grant'
    return withStore(io, { config: values.config, changes }, async place => {
      const app = readApp(values.app, level, place, io)
      const now = place.clock()
      const until = seconds === null ? null : now + seconds * 1000
      const turn = { level, app, why, by: operator(io), until }
      const turned = await turnDial(place.store, turn, now).catch(error => {
        throw error instanceof DialError ? new PersonError(error.message) : error
      })
      await place.store.settle?.()
      for (const ended of turned.ended) await place.record(endedLine(ended))
      await place.record(turnedLine(turn, turned))
      printSetting(turn, turned, io)
      if (turned.now === 'lockdown') await sayWhoStaysIn(turn, place, io)
      return 0
    })
  }
}

function readLevel(word: string): PostureLevel {
  const level = postureLevels.find(one => one === word)
  if (level === undefined)
    throw new UsageError(`the posture must be normal, elevated or lockdown, got '${visible(word)}'`)
  return level
}

function readUntil(text: string | undefined, level: PostureLevel): number | null {
  if (text === undefined) return null
  if (level === 'normal') throw new UsageError('--until belongs to elevated and lockdown; normal needs no end')
  const seconds = readDuration(text.trim())
  if (isInvalid(seconds)) throw new UsageError(`--until ${seconds.reason}, got '${visible(text)}'`)
  if (seconds < 1 || seconds > maxUntilSeconds)
    throw new UsageError(`--until must be from 1s to ${printDuration(maxUntilSeconds)}, got '${visible(text)}'`)
  return seconds
}

function readApp(id: string | undefined, level: PostureLevel, { config }: CommandContext, io: Io): string | null {
  const reporting = config.apps.filter(({ enforce }) => enforce === 'report').map(one => one.id)
  const open = id === undefined ? reporting : reporting.filter(one => one === id)
  if (id !== undefined && !config.apps.some(one => one.id === id))
    throw new PersonError(
      `there is no app '${visible(id)}'; the apps are ${config.apps.map(one => one.id).join(', ') || 'none'}`
    )
  if (open.length > 0 && level !== 'normal')
    io.stderr(
      `warning: ${open.join(', ')} ${open.length === 1 ? 'says' : 'say'} enforce: report, so the posture stops nobody there\n`
    )
  return id ?? null
}

function printSetting({ level, app, until }: Turn, { before, now, stricter }: Turned, io: Io): void {
  const end = until === null ? '' : ` until ${moment(until)}`
  const was = before === level ? ` (as before)` : ` (before: ${before})`
  io.stderr(`${app ?? 'all apps'}: ${level}${end}${was}\n`)
  if (now !== level) io.stderr(`note: ${now} counts there, because it is set for all apps and is stricter\n`)
  for (const id of stricter)
    io.stderr(`note: ${id} keeps the stricter posture of its own; to end that: ${wayBack(id)}\n`)
}

function wayBack(app: string | null): string {
  return `factorgate posture set normal ${app === null ? '' : `--app ${app} `}--why TEXT`
}

/** Prints whom a lockdown lets in, and warns if that is nobody. */
async function sayWhoStaysIn({ level, app }: Turn, place: CommandContext, io: Io): Promise<void> {
  const terms = postureTermsOf(place.config)
  const misfit = misfitIn(place)
  const isUsable = (credential: Parameters<typeof misfit>[0]) =>
    credential.disabledAt === null && misfit(credential) === null
  const everybody = await accountsAt(place).list()
  const { people, others } = await whoStaysIn(everybody, terms, credentialsAt(place), isUsable)
  const asked = terms.elevated.factors.join(' or ')
  io.stdout(
    table(
      ['STAYS IN', 'GROUPS', asked.toUpperCase()],
      people.map(({ account, hasFactor }) => [
        account.name,
        account.groups.join(', '),
        hasFactor ? 'yes' : 'must add one'
      ]),
      io.columns
    )
  )
  const groups = terms.lockdown.groups.join(', ')
  // If all apps are locked down, that setting closes this app too, and is the one to turn back.
  const only = level === 'lockdown' ? app : null
  if (!people.some(({ hasFactor }) => hasFactor))
    io.stderr(
      `warning: nobody in ${groups} has ${asked}, so nobody can use ${only ?? 'an app'} now. To turn it back run: ${wayBack(only)}\n`
    )
  io.stderr(`people whom the apps let in: ${people.length} (groups: ${groups}); others: ${others}\n`)
}
