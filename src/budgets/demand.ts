/** What the watch demands before a request may pass: one more input of `authorize()`, beside the rules. */
import type { Proof, TakenFactors } from '../factor/proof.ts'
import type { Requirement } from '../policy/policy.ts'
import type { RecordTooNew } from '../store/store.ts'

/** A person who is fully signed in, or a program of theirs. */
export interface Who {
  readonly account: string
  /** Null for a program. */
  readonly session: string | null
  /** The id of a program's token; null or left out for a person. */
  readonly token?: string | null
  readonly proofs: readonly Proof[]
}

export type Demand =
  /** A fresh proof. */
  | {
      readonly kind: 'prove'
      readonly reason: 'budget_proof_required' | 'unusual_proof_required'
      readonly requirement: Requirement
    }
  /** Nothing may pass for a while; with `isQuota`, nothing with this token any more. */
  | { readonly kind: 'refuse'; readonly retryAfterSeconds: number; readonly isQuota: boolean }
  /** The counts cannot be shared, and the app is guarded. `tooNew`: a newer release has written the record. */
  | { readonly kind: 'store_unreachable'; readonly tooNew: RecordTooNew | null }

type Proving = Extract<Demand, { readonly kind: 'prove' }>

/** A proof by one of the factors that is newer than `askedAt`. */
export function proofSince(
  askedAt: number,
  now: number,
  reason: Proving['reason'],
  { factors, institution = false }: TakenFactors
): Proving {
  const withinSeconds = Math.max(1, Math.floor((now - askedAt) / 1000))
  return { kind: 'prove', reason, requirement: { factors, institution, withinSeconds } }
}
