/** The person who asks, as one host sees them. */
import type { Proof } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Subject } from '../identity/subject.ts'
import type { Session } from './session.ts'

export interface Principal {
  readonly session: Session
  readonly account: Account
  readonly subject: Subject
  readonly proofs: readonly Proof[]
  readonly host: string
  /** Digest of the token. Forms are bound to it. */
  readonly csrfKey: string
  /** When the token was made, in milliseconds since the epoch; null or left out if an older release made it. */
  readonly tokenAt?: number | null
  readonly isFullySignedIn: boolean
}

export interface Entered {
  readonly principal: Principal
  /** The value of the cookie. */
  readonly token: string
}

/** The newest generation that the principal's token shows. */
export function generationOf({ proofs }: Principal): number {
  return proofs.reduce((highest, proof) => Math.max(highest, proof.generation), 0)
}
