/** Which meters stay in memory although nobody uses them. */
import { isOfEarlierProof, readLedger } from './ledger.ts'
import type { Meter } from './meter.ts'

/** A day in ticks: a session is over by then, or nearly. */
const dayTicks = 345_600

/** True while the ledger holds, slows or cuts, or asks tokens that are older than a proof. The windows of sessions may last far longer than sessions. */
export function isStanding({ isStrict, ledger, budget, mode, scale, idleTicks }: Meter, now: number): boolean {
  if (!isStrict || ledger === null || (budget.per === 'session' && idleTicks >= dayTicks)) return false
  if (isOfEarlierProof(ledger, budget, 0)) return true
  return mode !== 'within' && readLedger(ledger, budget, now, scale).mode !== 'within'
}
