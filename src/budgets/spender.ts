/** Who spends a budget, and what a meter answers. */
import type { Proof } from '../factor/proof.ts'
import type { Budget } from './budget.ts'

export interface Spender {
  readonly session: string | null
  readonly proofs: readonly Proof[]
  /** It has not begun. */
  readonly isNew?: true
  /** The hash of such a request's path. */
  readonly path?: number
  readonly isGuarded: boolean
  /** The newest proof by the budget's factors, in milliseconds since the epoch; 0 for none. */
  provedAt(budget: Budget): number
  /** The newest proof of any kind. */
  readonly signedInAt: number
  /** Called after `wait`. */
  goOn(): void
  cut(): void
}

/** `draw`: it waits for an immediate settlement. `wait`: for a proof, other gates, or time. */
export type Answer = 'flow' | 'draw' | 'wait' | 'cut'
