/** What a ledger demands before more may pass, also for `factorgate explain`. */
import { newestAt, type Proof, takenAt } from '../factor/proof.ts'
import { type Budget, isStrict } from './budget.ts'
import { type Demand, proofSince } from './demand.ts'
import { asksFor, isConfirmable, isOfEarlierProof, isResumed, type Ledger, readLedger, roomAt } from './ledger.ts'

export function demandOfLedger(
  ledger: Ledger,
  budget: Budget,
  proofs: readonly Proof[],
  now: number,
  scale: number
): Demand | null {
  if (!isStrict(budget)) return null
  const proofAt = takenAt(proofs, budget)
  if (ledger.askedAt === null) {
    if (!isOfEarlierProof(ledger, budget, proofAt)) return null
    return proofSince(ledger.boughtWith - 1, now, 'budget_proof_required', budget)
  }
  const reading = readLedger(ledger, budget, now, scale)
  if (reading.mode === 'passed' || reading.mode === 'slow') return null
  if (isResumed(ledger, newestAt(proofs))) return null
  if (!isConfirmable(ledger, budget, now, scale)) {
    if (reading.mode === 'within') return null
    const seconds = Math.ceil((roomAt(ledger, budget, reading, now) - now) / 1000)
    return { kind: 'refuse', retryAfterSeconds: Math.max(1, seconds), isQuota: budget.isQuota === true }
  }
  if (!asksFor(ledger, budget, proofAt, now, scale)) return null
  // No proof is needed if enough has left the window.
  const { spent, limit } = readLedger({ ...ledger, boughtAt: [] }, budget, now, scale)
  if (spent <= limit) return null
  return proofSince(ledger.askedAt, now, 'budget_proof_required', budget)
}
