/** Suspends a person for all parts of the watch. */
import type { AuditSink } from '../audit/event.ts'
import { closeCodes } from '../forwarding/live-connections.ts'
import type { SuspensionCause } from '../identity/suspension.ts'
import type { Words } from '../reasons/reason.ts'
import { evenUnconfirmed } from '../store/unconfirmed.ts'
import type { Services } from './services.ts'

interface WatchSuspension {
  /** The account's id. */
  readonly account: string
  /** What the person reads. */
  readonly words: Words
  readonly cause: Exclude<SuspensionCause, 'operator'>
  readonly at: number
  /** Gets the line `user.change`. */
  readonly sink: AuditSink
}

type Parts = Pick<Services, 'accounts' | 'sessions' | 'live'>

/**
 * Connections of this process end before the store is asked, those of other gates with its notice. False if there is no such account, or it
 * is suspended. Rejects if the store cannot write it; the connections of this process have ended even so.
 */
export async function suspendByWatch(
  { account, words, cause, at, sink }: WatchSuspension,
  { accounts, sessions, live }: Parts
): Promise<boolean> {
  const cut = () => live.endWhere({ account }, 'suspended', closeCodes.policy)
  cut()
  const found = await accounts.byId(account)
  if (found === null || found.suspended !== null) return false
  const unconfirmed = await evenUnconfirmed(() => accounts.suspend(account, words, { cause }))
  // Connections may have begun meanwhile.
  cut()
  const ended = await sessions.endAccount(account, 'suspended').catch(() => 0)
  const confirmed = unconfirmed === null ? undefined : false
  const { name } = found
  const { why, reasons } = words
  const facts = { account, name, outcome: 'suspended', why, by: 'watch', cause, ended, confirmed } as const
  sink.record({ kind: 'user.change', at, ...facts }, reasons)
  return true
}
