/** A new sign-in ends the person's oldest of its own kind, otherwise the password alone could end complete sign-ins. */
import { isFullySignedIn } from '../factor/proof.ts'
import type { Session } from './session.ts'

/** Half-way sign-ins beyond the limit: as many as an attacker can begin in ten minutes, and the person's own. */
const extraHalfWay = 16

/** `live` is sorted, last seen first; `except` is the session that becomes complete. */
export function sessionsToEvict(
  live: readonly { readonly session: Session }[],
  next: { readonly isWhole: boolean; readonly except?: string },
  maxPerUser: number
): readonly Session[] {
  const room = next.isWhole ? maxPerUser : maxPerUser + extraHalfWay
  const alike = live.filter(
    ({ session }) => session.id !== next.except && isFullySignedIn(session.proofs) === next.isWhole
  )
  return alike.slice(Math.max(0, room - 1)).map(({ session }) => session)
}
