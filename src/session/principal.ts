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
  /** The token's digest, to which forms are bound. */
  readonly csrfKey: string
  /** Milliseconds since the epoch. Null or absent if an older release made the token. */
  readonly tokenAt?: number | null
  readonly isFullySignedIn: boolean
}

export interface Entered {
  readonly principal: Principal
  readonly token: string
}

export function generationOf({ proofs }: Principal): number {
  return proofs.reduce((highest, proof) => Math.max(highest, proof.generation), 0)
}
