/** A person as one host sees them. Pure values: what a token shows, and no more. */

import type { Proof } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Subject } from '../identity/subject.ts'
import type { Session } from './session.ts'

/** A person as one host sees them: the session, and of its proofs those that this host's token may show. */
export interface Principal {
  readonly session: Session
  readonly account: Account
  readonly subject: Subject
  readonly proofs: readonly Proof[]
  readonly host: string
  /** Digest of the token: what forms are bound to. */
  readonly csrfKey: string
  readonly isFullySignedIn: boolean
}

export interface Entered {
  readonly principal: Principal
  /** For the cookie; nobody else ever sees it. */
  readonly token: string
}

/** The generation a principal's token may show: that of its youngest visible proof. */
export function generationOf({ proofs }: Principal): number {
  return proofs.reduce((highest, proof) => Math.max(highest, proof.generation), 0)
}
