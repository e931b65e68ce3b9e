/** `factorgate posture show`: a row for all apps, and one for each app with its own posture. */
import { readDial } from '../../posture/dial-record.ts'
import { levelAt, type Setting, settingAt } from '../../posture/posture.ts'
import { type Command, jsonText, PersonError, readArgs } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { moment, table } from '../table.ts'

export const command: Command = {
  name: 'posture show',
  summary: 'Show what is set, by whom, why and until when.',
  usage: ['factorgate posture show [--json]'],
  help: `
  --json           an array, with the posture that counts for each app (posture) and what is set for it (set)
${configHelp}

Where all apps and one app have a posture, the stricter one counts.

Example:
  factorgate posture show
`,
  async run(args, io) {
    const { values } = readArgs(args, { ...configOption, json: { type: 'boolean' } })
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const dial = await readDial(place.store)
      if (dial === null)
        throw new PersonError(
          'the record of the posture is damaged, so nobody knows what was set; set it anew: factorgate posture set normal --why TEXT'
        )
      const now = place.clock()
      const rowOf = (app: string | null) => {
        const set = settingAt(app === null ? { ...dial, apps: {} } : { all: null, apps: dial.apps }, app, now)
        return { app, posture: levelAt(dial, app, now), ...factsOf(set) }
      }
      const rows = [null, ...Object.keys(dial.apps).sort()]
        .map(rowOf)
        .filter(({ app, set }) => app === null || set !== 'normal')
      if (values.json) io.stdout(jsonText(rows))
      else
        io.stdout(
          table(
            ['FOR', 'SET', 'COUNTS', 'SINCE', 'UNTIL', 'BY', 'WHY'],
            rows.map(({ app, set, posture, since, until, by, why }) => [
              app ?? 'all apps',
              set,
              posture,
              since === null ? '-' : moment(Date.parse(since)),
              until === null ? '-' : moment(Date.parse(until)),
              by ?? '-',
              why ?? '-'
            ]),
            io.columns
          )
        )
      return 0
    })
  }
}

function factsOf(setting: Setting | null) {
  const iso = (at: number | null) => (at === null ? null : new Date(at).toISOString())
  if (setting === null) return { set: 'normal', since: null, until: null, by: null, why: null } as const
  const { level, at, until, by, why } = setting
  return { set: level, since: iso(at), until: iso(until), by, why } as const
}
