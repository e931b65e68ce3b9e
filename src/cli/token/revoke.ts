/** `factorgate token revoke`: revokes a token, and ends the connections that use it. */
import { visible } from '../../messages/visible.ts'
import { revokeEvent } from '../../programs/token-events.ts'
import { type Command, PersonError, readArgs, UsageError } from '../command.ts'
import { configHelp, configOption, withStore } from '../command-context.ts'
import { accountsAt } from '../user/person.ts'
import { tokensAt } from './place.ts'

export const command: Command = {
  name: 'token revoke',
  summary: 'Revoke a token at once.',
  usage: ['factorgate token revoke ID [--why TEXT]'],
  help: `
  --why TEXT       the reason, for the journal
${configHelp}

'factorgate token list' shows the ids. 'factorgate token check' finds the id of a token that was found somewhere.

Example:
  factorgate token revoke 3f9a2c51d07be684 --why 'it was in a public notebook'
`,
  async run(args, io) {
    const { values, names } = readArgs(args, { ...configOption, why: { type: 'string' } }, ['ID'])
    const why = values.why?.trim() || 'operator'
    if (why.length > 500) throw new UsageError('--why must have at most 500 characters')
    const id = names[0]!.trim()
    if (id.startsWith('fg_'))
      throw new UsageError(
        "give the id of the token, not the token: 'factorgate token check' reads a token and prints its id"
      )
    return withStore(io, { config: values.config, changes: 'access' }, async place => {
      const tokens = tokensAt(place)
      const token = await tokens.byId(id)
      if (token === null)
        throw new PersonError(`there is no token '${visible(id)}'; 'factorgate token list' shows all tokens`)
      await tokens.revoke(id)
      const owner = await accountsAt(place).byId(token.accountId)
      await place.record(revokeEvent(token, owner, why, true))
      io.stderr(`token ${id} of ${owner?.name ?? token.accountId} for ${token.app} is revoked\n`)
      return 0
    })
  }
}
