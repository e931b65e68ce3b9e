/** What the present configuration makes of sign-ins that began under an older one. */
import { isFullySignedIn, type Proof } from '../factor/proof.ts'
import type { Account } from '../identity/account.ts'

export interface SessionTerms {
  /** The account with the groups that count now; null where its directory is gone. The same object for the same account. */
  accountNow(account: Account): Account | null
  /** Ids of credentials that the policy does not accept any more. */
  readonly refused: ReadonlySet<string>
}

/** For commands. */
export const noTerms: SessionTerms = { accountNow: account => account, refused: new Set() }

const firstFactors: readonly string[] = ['password', 'directory', 'invitation', 'mail']

/** Null where no first factor is left, so the person has to sign in again. */
export function proofsUnder({ refused }: SessionTerms, proofs: readonly Proof[]): readonly Proof[] | null {
  if (refused.size === 0) return proofs
  const left = proofs.filter(({ credentialId }) => credentialId === undefined || !refused.has(credentialId))
  if (left.length === proofs.length) return proofs
  return isFullySignedIn(left) || left.some(({ kind }) => firstFactors.includes(kind)) ? left : null
}
