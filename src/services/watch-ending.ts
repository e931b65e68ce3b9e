/** Ends a sign-in for all parts of the watch. */
import { countingSink } from '../audit/audit-metrics.ts'
import type { Words } from '../reasons/reason.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Services } from './services.ts'

interface WatchEnding {
  readonly session: string
  readonly account: string
  /** What the person reads. */
  readonly words: Words
  /** What the journal says of each connection. */
  readonly cut: 'decoy' | 'unusual'
}

type Parts = Pick<Services, 'sessions' | 'live' | 'journal' | 'metrics' | 'clock'>

/**
 * Connections of this process end before the store is asked, those of other gates with its notice. The journal says if a replica has not
 * confirmed it. Rejects if the store cannot write it.
 */
export async function endByWatch(
  { session, account, words, cut }: WatchEnding,
  { sessions, live, journal, metrics, clock }: Parts
): Promise<void> {
  live.endSession(session, cut)
  let isEnded = false
  const unconfirmed = await evenUnconfirmed(async () => {
    isEnded = await sessions.end(session, 'revoked', words)
  })
  // It had ended before.
  if (!isEnded && unconfirmed === null) return
  const confirmed = unconfirmed === null ? undefined : false
  const facts = { account, session, outcome: 'revoked', by: 'watch', why: words.why, confirmed } as const
  countingSink(journal, metrics).record({ kind: 'session.end', at: clock(), ...facts })
}
