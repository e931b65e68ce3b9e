/** Whether a sign-in by a link from a mail may now set a new password. */
import { factorKinds, newestProof, type Proof } from '../factor/proof.ts'

const dueMs = 30 * 60_000

/** True after the link and a second factor, until the new password is set. */
export function isPasswordDue(proofs: readonly Proof[], now: number): boolean {
  const mail = newestProof(proofs, ['mail'])
  if (mail === undefined || Math.abs(now - mail.at) > dueMs) return false
  const isAfter = (proof: Proof | undefined) => proof !== undefined && proof.generation > mail.generation
  return isAfter(newestProof(proofs, factorKinds)) && !isAfter(newestProof(proofs, ['password']))
}
