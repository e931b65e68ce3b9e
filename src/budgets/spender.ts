/** Who spends a budget, and what a meter answers. */
import type { Proof } from '../factor/proof.ts'
import type { Budget } from './budget.ts'

/** One exchange that spends. */
export interface Spender {
  readonly session: string | null
  readonly proofs: readonly Proof[]
  /** True for a request that has not begun. */
  readonly isNew?: true
  /** The hash of the path of a request that has not begun. */
  readonly path?: number
  /** True if the app refuses where the store does not answer. */
  readonly isGuarded: boolean
  /** The newest proof of one of the budget's factors, in milliseconds since the epoch; 0 for none. */
  provedAt(budget: Budget): number
  /** The newest proof of any kind. */
  readonly signedInAt: number
  /** Asks again whether more may flow, after `wait`. */
  goOn(): void
  cut(): void
}

/** `draw`: it waits for a settlement, which is to come at once. `wait`: for a proof, for other gates, or for its time. */
export type Answer = 'flow' | 'draw' | 'wait' | 'cut'
