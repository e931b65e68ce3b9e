/** The tokens of programs, as commands use them. */
import { ProgramTokens } from '../../programs/program-tokens.ts'
import { SessionCache } from '../../session/session-cache.ts'
import type { CommandContext } from '../command-context.ts'

export function tokensAt({ store, clock }: CommandContext): ProgramTokens {
  // Without subscriptions the cache stays empty, and every look-up goes to the store.
  return new ProgramTokens({ store, cache: new SessionCache(store), clock, accountNow: account => account })
}
