/** People's stored logins, for commands, which never open them. */
import { SessionCache } from '../../session/session-cache.ts'
import { UpstreamLogins } from '../../upstream-login/upstream-logins.ts'
import type { CommandContext } from '../command-context.ts'

export function loginsAt({ store, clock }: CommandContext): Pick<UpstreamLogins, 'appsOf' | 'remove' | 'removeAll'> {
  const keyring = () => {
    throw new Error('a command does not open the logins of people')
  }
  // Without subscriptions the cache stays empty.
  return new UpstreamLogins({ store, cache: new SessionCache(store), clock, keyring, onTrouble: () => {} })
}
