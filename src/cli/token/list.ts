/** `factorgate token list`: a row per token. The id is not secret. */
import { bytesInWords } from '../../budgets/sentences.ts'
import { usedOf } from '../../budgets/token-quota.ts'
import type { ListedToken } from '../../programs/program-tokens.ts'
import { type Command, jsonText, readArgs } from '../command.ts'
import { type CommandContext, configHelp, configOption, withStore } from '../command-context.ts'
import { moment, table } from '../table.ts'
import { accountsAt, personNamed } from '../user/person.ts'
import { tokensAt } from './place.ts'

export const command: Command = {
  name: 'token list',
  summary: 'List tokens, their limits and their last use.',
  usage: ['factorgate token list [--user NAME] [--app ID] [--json]'],
  help: `
  --user NAME      only the tokens of this person
  --app ID         only the tokens for this app
  --json           an array, with all limits
${configHelp}

Tokens that have ended are listed for 30 days. The time of the last use is right to a minute.

Example:
  factorgate token list --user alice
`,
  async run(args, io) {
    const { values } = readArgs(args, {
      ...configOption,
      user: { type: 'string' },
      app: { type: 'string' },
      json: { type: 'boolean' }
    })
    return withStore(io, { config: values.config, changes: 'nothing' }, async place => {
      const tokens = tokensAt(place)
      const found =
        values.user === undefined ? await tokens.all() : await tokens.list((await personNamed(place, values.user)).id)
      const wanted = found.filter(({ token }) => values.app === undefined || token.app === values.app)
      const rows = await rowsOf(place, wanted)
      if (values.json) io.stdout(jsonText(rows))
      else if (rows.length === 0) io.stderr('there is no token\n')
      else
        io.stdout(
          table(
            ['ID', 'USER', 'APP', 'NAME', 'ENDS', 'LAST USED', 'FROM', 'FETCHED'],
            rows.map(({ id, user, app, name, ends, hasEnded, lastUsed, lastUsedFrom, used, bytes }) => [
              id,
              user,
              app,
              name,
              hasEnded ? `ended ${moment(Date.parse(ends))}` : moment(Date.parse(ends)),
              moment(lastUsed === null ? null : Date.parse(lastUsed)),
              lastUsedFrom ?? '-',
              bytes === null ? '-' : `${bytesInWords(used ?? 0)} of ${bytesInWords(bytes)}`
            ]),
            io.columns
          )
        )
      return 0
    })
  }
}

async function rowsOf(place: CommandContext, found: readonly ListedToken[]) {
  const accounts = accountsAt(place)
  const now = place.clock()
  const names = new Map<string, string>()
  const rows = []
  for (const { token, lastUse } of found) {
    const { id, accountId, name, app, paths, methods, networks, bytes, createdAt, expiresAt, by } = token
    const user = names.get(accountId) ?? (await accounts.byId(accountId))?.name ?? accountId
    names.set(accountId, user)
    rows.push({
      id,
      user,
      app,
      name,
      paths,
      methods,
      networks,
      bytes,
      used: await usedOf(place.store, token, now),
      made: new Date(createdAt).toISOString(),
      by: by ?? 'owner',
      ends: new Date(expiresAt).toISOString(),
      hasEnded: expiresAt <= now,
      lastUsed: lastUse === null ? null : new Date(lastUse.at).toISOString(),
      lastUsedFrom: lastUse?.address ?? null
    })
  }
  return rows
}
