/** `factorgate store accept`: accepts a store that was rolled back or replaced. */
import { dayMs } from '../../clock.ts'
import { acceptStore } from '../../store/open.ts'
import { everyStep } from '../../store/unconfirmed.ts'
import { type Command, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { endedSince } from './ended-since.ts'

const daysBack = 30

export const command: Command = {
  name: 'store accept',
  summary: 'Accept the store as it is now, after a failover or a restore.',
  usage: ['factorgate store accept [--keep-sessions]'],
  help: `
  --keep-sessions  do not end the sessions
${configHelp}

The gate refuses a store that has gone back to an earlier state, or that is not the store it used before. In such a store, sessions,
people and codes that were ended, suspended or used since then are valid again. This command makes every gate accept the store as it is,
and ends all sessions. Afterwards look in the journal for suspensions, removals and used codes of the lost time, and repeat them.

Example:
  factorgate store accept --config /etc/factorgate/factorgate.yaml
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, 'keep-sessions': { type: 'boolean' } })
    return withStore(io, { config: values.config, changes: 'grant', accepts: true }, async place => {
      let ended = 0
      let why: string | null = null
      await everyStep(
        // A gate serves as soon as the store is accepted, and sessions that were revoked are valid until they are ended again.
        async () => {
          if (!values['keep-sessions']) ended = await place.sessions.endAll('revoked')
        },
        async () => {
          why = await acceptStore(place.store, place.storeOptions)
        }
      )
      await place.record({ kind: 'store.accept', outcome: 'accepted', why: why ?? 'nothing was wrong', ended })
      io.stderr(why === null ? 'Nothing was wrong with the store.\n' : `Accepted. ${why}\n`)
      io.stderr(`Sessions ended: ${ended}. Every gate on this store serves again within seconds.\n`)
      if (why !== null) io.stderr(await whatIsValidAgain(place))
      return 0
    })
  }
}

/** Compares the store with the journal of a month, since nobody knows how far it has gone back. */
async function whatIsValidAgain(place: CommandContext): Promise<string> {
  if ((await place.store.members('accounts')).length === 0)
    return 'There is nobody in this store, so nobody can sign in. Fill it from the newest backup: factorgate store import FILE\n'
  const look = 'Look in the journal for suspensions, removals and used codes of the lost time, and repeat them.\n'
  const { commands } = await endedSince(place, place.clock() - daysBack * dayMs).catch(() => ({ commands: [] }))
  if (commands.length === 0) return look
  const { file } = place.config.journal
  return `${look}The store knows nothing of these lines of the last ${daysBack} days in ${file}:\n${commands.map(command => `  ${command}\n`).join('')}`
}
