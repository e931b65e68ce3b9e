/** A checked token and its owner, without a session. */
import type { Proof } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'
import type { Subject } from '../identity/subject.ts'
import type { ProgramToken } from './program-token.ts'

export interface Program {
  readonly token: ProgramToken
  readonly account: Account
  readonly subject: Subject
  /** One, of the kind `token`. It meets `access: mfa` and nothing stricter. */
  readonly proofs: readonly Proof[]
}

export type TokenFailure = 'token_invalid' | 'too_many_attempts'
