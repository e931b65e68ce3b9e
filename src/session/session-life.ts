/** A half-way session is short, and its second factor gives it the whole time. */
import { isFullySignedIn, type Proof } from '../factor/proof.ts'

const halfWaySeconds = 10 * 60
export const invitedSeconds = 60 * 60

export function lifeSeconds(proofs: readonly Proof[], absoluteSeconds: number): number {
  if (isFullySignedIn(proofs)) return absoluteSeconds
  return proofs.some(proof => proof.kind === 'invitation') ? invitedSeconds : halfWaySeconds
}
