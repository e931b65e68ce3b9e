/** Whether a person or program still has access after their request has waited. */
import type { Exchange } from '../../plugins/exchange.ts'
import { accountPrefix } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
import type { Services } from './services.ts'

/** The session or token stands, and the account is not suspended. */
export async function stillHasAccess(
  { principal, program }: Exchange,
  { sessions, tokens, cache }: Pick<Services, 'sessions' | 'tokens' | 'cache'>
): Promise<boolean> {
  const who = principal ?? program
  if (who === null) return false
  const stands =
    principal === null
      ? program !== null && (await tokens.stands(program.token.id))
      : (await sessions.standing(principal.session.id)) === 'complete'
  const account = stands ? await cache.read(accountPrefix + who.account.id, accountRecord.parse) : null
  return account !== null && account.suspended === null && sessions.accountNow(account) !== null
}
