/** What a process keeps of decoys over reloads. */
import type { Demand, Who } from '../budgets/demand.ts'
import type { DecoyWatch } from './decoy-watch.ts'

export interface RunningDecoys {
  readonly watch: DecoyWatch
  /** What must happen before a request of this person may pass, after a touch with `step-up`. */
  demandOn(who: Who | null): Demand | null
}
