/** Suspends a person on behalf of the watch. All parts of the watch use it. */
import type { AuditSink } from '../audit/event.ts'
import { closeCodes } from '../forwarding/live-connections.ts'
import type { SuspensionCause } from '../identity/suspension.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Services } from './services.ts'

export interface WatchSuspension {
  /** The account's id. */
  readonly account: string
  /** The sentence that the person reads, with its numbers. */
  readonly why: string
  readonly cause: Exclude<SuspensionCause, 'operator'>
  readonly at: number
  /** Gets the line `user.change`; with `notifying.sink` people are told. */
  readonly sink: AuditSink
}

type Parts = Pick<Services, 'accounts' | 'sessions' | 'live'>

/**
 * Suspends a person: their connections of this process end before the store is asked, those of other gates with its notice. False if there is
 * no such account, or it is suspended already. Rejects if the store cannot write it; the connections of this process have ended even so.
 */
export async function suspendByWatch(
  { account, why, cause, at, sink }: WatchSuspension,
  { accounts, sessions, live }: Parts
): Promise<boolean> {
  const cut = () => live.endWhere({ account }, 'suspended', closeCodes.policy)
  cut()
  const found = await accounts.byId(account)
  if (found === null || found.suspended !== null) return false
  const unconfirmed = await evenUnconfirmed(() => accounts.suspend(account, why, { cause }))
  // Connections may have begun while the store was asked.
  cut()
  const ended = await sessions.endAccount(account, 'suspended').catch(() => 0)
  const confirmed = unconfirmed === null ? undefined : false
  const { name } = found
  sink.record({
    kind: 'user.change',
    at,
    account,
    name,
    outcome: 'suspended',
    why,
    by: 'watch',
    cause,
    ended,
    confirmed
  })
  return true
}
