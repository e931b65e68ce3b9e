/** What the watch demands before a request may pass: an input of `authorize()`. */
import type { Proof, TakenFactors } from '../factor/proof.ts'
import type { Requirement } from '../policy/policy.ts'
import type { RecordTooNew } from '../store/store.ts'

/** A fully signed-in person, or their program. */
export interface Who {
  readonly account: string
  /** Null for a program. */
  readonly session: string | null
  readonly token?: string | null
  readonly proofs: readonly Proof[]
}

export type Demand =
  | {
      readonly kind: 'prove'
      readonly reason: 'budget_proof_required' | 'unusual_proof_required'
      readonly requirement: Requirement
    }
  /** Nothing passes for a while; with `isQuota`, nothing ever with this token. */
  | { readonly kind: 'refuse'; readonly retryAfterSeconds: number; readonly isQuota: boolean }
  /** The counts cannot be shared, and the app is guarded. `tooNew`: a newer release wrote the record. */
  | { readonly kind: 'store_unreachable'; readonly tooNew: RecordTooNew | null }

type Proving = Extract<Demand, { readonly kind: 'prove' }>

export function proofSince(
  askedAt: number,
  now: number,
  reason: Proving['reason'],
  { factors, institution = false }: TakenFactors
): Proving {
  const withinSeconds = Math.max(1, Math.floor((now - askedAt) / 1000))
  return { kind: 'prove', reason, requirement: { factors, institution, withinSeconds } }
}
