/** `factorgate session revoke`: ends sessions. Their tokens are invalid once it is done. */
import { visible } from '../../messages/visible.ts'
import { type Command, PersonError, readArgs, UsageError } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { confirm, yesHelp, yesOption } from '../confirm.ts'
import { withProgress } from '../progress.ts'
import { peopleAt, personNamed } from '../user/person.ts'

export const command: Command = {
  name: 'session revoke',
  summary: 'End sessions now, with their open sockets and running downloads.',
  usage: [
    'factorgate session revoke ID… [--why TEXT]',
    'factorgate session revoke --user NAME [--why TEXT]',
    'factorgate session revoke --all [--yes]'
  ],
  help: `
  ID               the id from 'factorgate session list'
  --user NAME      all sessions of this person
  --all            all sessions of everybody
  --why TEXT       the reason. The person reads it on the sign-in page, and the journal keeps it
${yesHelp}
${configHelp}

The person can sign in again. To prevent that, use 'factorgate user suspend'. The command prints how many sessions ended. If Redis has
replicas and none of them confirms the change in time, the command says so and exits with 1. Run it again: it then asks for the
confirmation again.

Example:
  factorgate session revoke --user alice
`,
  async run(args, io) {
    const { values, names: ids } = readArgs(
      afterDashes(args),
      { ...configOption, ...yesOption, user: { type: 'string' }, all: { type: 'boolean' }, why: { type: 'string' } },
      ['ID…']
    )
    const { user, all } = values
    if ([user !== undefined, all === true, ids.length > 0].filter(Boolean).length !== 1)
      throw new UsageError('give one of these: session ids, --user NAME or --all')
    const why = values.why?.trim() || undefined
    if (why !== undefined && all) throw new UsageError('--why is for one person; leave it out with --all')
    if (why !== undefined && (why.length > 500 || /[\r\n]/.test(why)))
      throw new UsageError('--why must have at most 500 characters, on one line')
    const reason = why === undefined ? {} : { why }
    return withStore(io, { config: values.config, changes: 'access' }, async place => {
      const { sessions } = place
      if (all) {
        await confirm(io, values.yes, 'This signs everybody out, and cuts what is open.')
        const ended = await withProgress(io, 'sessions', null, onDone => sessions.endAll('revoked', onDone))
        return done(ended, { outcome: 'revoked', all: true })
      }
      if (user !== undefined) {
        const account = await personNamed(place, user)
        const ended = await peopleAt(place).endSessions(account, 'revoked', why)
        io.stdout(`${ended}\n`)
        io.stderr(ended === 0 ? `${account.name} has no session\n` : `${account.name} is signed out\n`)
        return 0
      }
      const missing: string[] = []
      let ended = 0
      for (const id of ids) {
        if (await sessions.end(id, 'revoked', why)) {
          ended++
          if (!(await place.isConfirmed())) await sessions.rememberUnconfirmed(id)
          await place.record({ kind: 'session.end', outcome: 'revoked', session: id, ended: 1, ...reason })
        } else if (await sessions.confirmEnd(id)) {
          io.stderr(`the session ${visible(id)} has ended already\n`)
          await place.record({ kind: 'session.end', outcome: 'revoked', session: id, ended: 0 })
        } else missing.push(id)
      }
      io.stdout(`${ended}\n`)
      if (missing.length > 0)
        throw new PersonError(
          `there is no session ${missing.map(id => `'${visible(id)}'`).join(', ')}; 'factorgate session list' shows all sessions`
        )
      return 0

      async function done(ended: number, fields: Record<string, string | boolean>): Promise<0> {
        await place.record({ kind: 'session.end', ...fields, ended })
        io.stdout(`${ended}\n`)
        return 0
      }
    })
  }
}

/** One id in 64 begins with a dash; `--` keeps it from being an option. */
function afterDashes(args: readonly string[]): string[] {
  if (args.includes('--')) return [...args]
  const isId = (arg: string) => /^-[A-Za-z0-9_-]{21}$/.test(arg)
  return [...args.filter(arg => !isId(arg)), '--', ...args.filter(isId)]
}
