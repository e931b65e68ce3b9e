/** Which unused meters stay in memory. */
import { isOfEarlierProof, readLedger } from './ledger.ts'
import type { Meter } from './meter.ts'

/** A session is over by then. */
const dayTicks = 345_600

/** True while the ledger holds, slows, cuts, or asks tokens older than a proof. A session's window may outlast the session. */
export function isStanding({ isStrict, ledger, budget, mode, scale, idleTicks }: Meter, now: number): boolean {
  if (!isStrict || ledger === null || (budget.per === 'session' && idleTicks >= dayTicks)) return false
  if (isOfEarlierProof(ledger, budget, 0)) return true
  return mode !== 'within' && readLedger(ledger, budget, now, scale).mode !== 'within'
}
