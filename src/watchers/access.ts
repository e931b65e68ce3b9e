/** Closes live connections when their session is revoked or their person loses access. */
import { AccessReview, type AccessReviewOptions } from './access-review.ts'
import { every } from './every.ts'
import { FallbackPolling, type FallbackPollingOptions } from './fallback-polling.ts'

type AccessWatch = AccessReviewOptions & Omit<FallbackPollingOptions, 'review'>

/** The interval of the check for idle and expired sessions, in milliseconds. */
const sweepMs = 15_000

export interface AccessWatching {
  sweep(): void
  /** Reviews accounts too, whose groups depend on the configuration. */
  reviewAll(): void
  stop(): void
}

/** The cache must be subscribed to sessions and accounts. */
export function watchAccess(watch: AccessWatch): AccessWatching {
  const { cache, sessions, live } = watch
  const review = new AccessReview(watch)
  const polling = new FallbackPolling({ ...watch, review })
  /**
   * Bytes by session at the last sweep. Moved bytes count as activity of a session, and so does an upload or a download that waits,
   * otherwise it would end with an idle session (FIELD F17).
   */
  let moved = new Map<string, number>()
  const noteActivity = () => {
    const now = new Map(live.sessionIds().map(id => [id, live.bytesOf(id)]))
    for (const [id, bytes] of now)
      if (bytes !== (moved.get(id) ?? bytes) || live.hasTransfer(id)) sessions.noteActivity(id)
    moved = now
  }
  const sweep = () => {
    noteActivity()
    review.sessionsAndTokens()
  }
  const stopHearing = cache.onNotice(notice => {
    if (notice.kind === 'changed') {
      review.changed(notice.key)
      return
    }
    polling.follow()
    // A suspension may have come meanwhile, which no session shows.
    if (notice.kind === 'ready' && cache.isTold) review.everything()
  })
  // Notices may be away from the start.
  polling.follow()
  const stopSweeping = every(sweepMs, sweep)
  return {
    sweep,
    reviewAll() {
      noteActivity()
      review.everything()
    },
    stop() {
      stopHearing()
      stopSweeping()
      polling.stop()
    }
  }
}
