/** `factorgate store accept`: accepts a store that was rolled back or replaced. */
import { acceptStore } from '../../store/open.ts'
import { type Command, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'

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
      const why = await acceptStore(place.store, place.storeOptions)
      const ended = values['keep-sessions'] ? 0 : await place.sessions.endAll('revoked')
      await place.record({ kind: 'store.accept', outcome: 'accepted', why: why ?? 'nothing was wrong', ended })
      io.stderr(why === null ? 'Nothing was wrong with the store.\n' : `Accepted. ${why}\n`)
      io.stderr(`Sessions ended: ${ended}. Every gate on this store serves again within seconds.\n`)
      if (why !== null)
        io.stderr('Look in the journal for suspensions, removals and used codes of the lost time, and repeat them.\n')
      return 0
    })
  }
}
