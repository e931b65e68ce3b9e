/** A program as the pipeline knows it: a token that was checked, and its owner. It is no session, and opens no page of the gate. */
import type { Proof } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Subject } from '../identity/subject.ts'
import type { ProgramToken } from './program-token.ts'

export interface Program {
  readonly token: ProgramToken
  readonly account: Account
  readonly subject: Subject
  /** One, of the kind `token`. Rules that ask for more than `access: mfa` are not met by it. */
  readonly proofs: readonly Proof[]
}

/** Why a token that was presented counts for nothing. */
export type TokenFailure = 'token_invalid' | 'too_many_attempts'
