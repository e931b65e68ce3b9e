/** Whether somebody may still enter after a wait, when nothing of their request could be cut yet. */
import type { Exchange } from '../../plugins/exchange.ts'
import { accountPrefix } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
import type { Services } from './services.ts'

/** The session or token stands, and the account is not suspended. */
export async function isStillIn(
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
