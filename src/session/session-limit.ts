/**
 * How many sign-ins a person may have at once. Owns whom a new one ends: the oldest of its own kind, whole or half-way. Otherwise whoever
 * has the password alone could end whole sign-ins with halves.
 */
import { isFullySignedIn } from '../factor/proof.ts'
import type { Session } from './session.ts'

/** So many more may stop half-way: room for one's own beside all that a thief of the password can begin in their ten minutes. */
const halfWayMore = 16

/** Those that have to end so that one more has room; `live` is sorted, the one seen last first. `except` is the one that becomes whole. */
export function sessionsToEvict(
  live: readonly { readonly session: Session }[],
  next: { readonly isWhole: boolean; readonly except?: string },
  maxPerUser: number
): readonly Session[] {
  const room = next.isWhole ? maxPerUser : maxPerUser + halfWayMore
  const alike = live.filter(
    ({ session }) => session.id !== next.except && isFullySignedIn(session.proofs) === next.isWhole
  )
  return alike.slice(Math.max(0, room - 1)).map(({ session }) => session)
}
