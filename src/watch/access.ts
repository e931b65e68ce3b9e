/**
 * Cuts what is open the moment access ends: sockets, downloads, event streams of a session that was revoked, of a person who was
 * suspended or lost the groups that opened the door. Owns the looking; the live connections do the cutting.
 */

import type { LiveConnections } from '../forwarding/live-connections.ts'
import { type Account, accountPrefix, parseAccount } from '../identity/account.ts'
import { sessionKey } from '../session/records.ts'
import type { SessionCache } from '../session/session-cache.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Store } from '../store/store.ts'

export interface AccessWatch {
  readonly store: Store
  readonly cache: SessionCache
  readonly sessions: Sessions
  readonly live: LiveConnections
  readonly onError: (error: unknown) => void
}

const sessionPrefix = sessionKey('')

/** How often sessions with something open are looked at for having idled or run out, in milliseconds. */
const sweepMs = 15_000

/** Begins to watch; answers how to stop. The cache must be subscribed to sessions and accounts. */
export function watchAccess({ store, cache, sessions, live, onError }: AccessWatch): () => void {
  const check = async (id: string): Promise<void> => {
    try {
      if (!(await sessions.stands(id))) live.endSession(id, 'session ended')
    } catch (error) {
      // The store is away: requests are refused meanwhile, and everything open is looked at again when it is back.
      onError(error)
    }
  }
  const checkAll = () => {
    for (const id of live.sessionIds()) void check(id)
  }
  const checkAccount = async (id: string): Promise<void> => {
    try {
      const text = await store.get(accountPrefix + id)
      const account: Account | null = text === null ? null : parseAccount(text)
      if (account === null || account.suspended !== null) live.endAccount(id, 'access ended')
      else live.endAccountUnless(id, account.groups, 'groups changed')
    } catch (error) {
      onError(error)
    }
  }
  const stop = cache.onNotice(notice => {
    if (notice.kind === 'ready') checkAll()
    if (notice.kind !== 'changed') return
    if (notice.key.startsWith(sessionPrefix)) {
      const id = notice.key.slice(sessionPrefix.length)
      if (live.hasSession(id)) void check(id)
    } else if (notice.key.startsWith(accountPrefix)) {
      const id = notice.key.slice(accountPrefix.length)
      if (live.hasAccount(id)) void checkAccount(id)
    }
  })
  const sweep = setInterval(checkAll, sweepMs)
  sweep.unref()
  return () => {
    stop()
    clearInterval(sweep)
  }
}
