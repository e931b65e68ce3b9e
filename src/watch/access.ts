/**
 * Cuts what is open the moment access ends: sockets, downloads, event streams of a session that was revoked, of a person who was
 * suspended or lost the groups that opened the door. Owns the looking; the live connections do the cutting.
 */

import type { LiveConnections } from '../forwarding/live-connections.ts'
import { accountPrefix } from '../identity/account.ts'
import { accountRecord } from '../identity/account-record.ts'
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

export interface AccessWatching {
  /** Looks at everything that is open, now. The timer calls it. */
  sweep(): void
  stop(): void
}

/** Begins to watch. The cache must be subscribed to sessions and accounts. */
export function watchAccess({ store, cache, sessions, live, onError }: AccessWatch): AccessWatching {
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
  /** A socket or a download that moves bytes is a person at work: it keeps its session from idling, though not from its absolute end. */
  let moved = new Map<string, number>()
  const sweepAll = () => {
    const now = new Map(live.sessionIds().map(id => [id, live.bytesOf(id)]))
    for (const [id, bytes] of now) if (bytes !== (moved.get(id) ?? bytes)) sessions.noteActivity(id)
    moved = now
    checkAll()
  }
  const checkAccount = async (id: string): Promise<void> => {
    try {
      const text = await store.get(accountPrefix + id)
      // Also where a newer release wrote it: nobody is let in by it here, so nobody stays.
      const account = text === null ? null : accountRecord.parseIfKnown(text)
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
  const sweep = setInterval(sweepAll, sweepMs)
  sweep.unref()
  return {
    sweep: sweepAll,
    stop() {
      stop()
      clearInterval(sweep)
    }
  }
}
