/** The stored logins at apps of a process, composed. */
import type { Logger } from 'pino'
import { limitedLog } from '../audit/log-rate-limit.ts'
import type { Clock } from '../clock.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { SessionCache } from '../session/session-cache.ts'
import type { Store } from '../store/store.ts'
import { UpstreamLogins } from '../upstream-login/upstream-logins.ts'

interface UpstreamLoginParts {
  readonly store: Store
  readonly cache: SessionCache
  readonly clock: Clock
  readonly log: Logger
  readonly keyring: Keyring
}

/** They outlive a reload. `parts`: its key may change. */
export function upstreamLoginsOf(parts: UpstreamLoginParts): UpstreamLogins {
  const { store, cache, clock } = parts
  const log = limitedLog(parts.log, clock)
  return new UpstreamLogins({
    store,
    cache,
    clock,
    keyring: () => parts.keyring,
    onTrouble: ({ sentence, error }) => log.warn({ problem: error.message }, sentence)
  })
}
