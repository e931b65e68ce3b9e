/** How many requests, or new paths, one process may let begin before it hears from the store, where other processes count the same. */
import type { Clock } from '../clock.ts'
import type { Budget } from './budget.ts'
import { usedForMs } from './ledger.ts'

/** Without a grant: a part of the amount, or of what was left, and no more than `floatMost`. */
const amountShare = 1 / 32
const leftShare = 1 / 8
const floatMost = 16

export class CountGrant {
  readonly #clock: Clock
  /** What is on its way to the store. */
  #reported = 0
  #granted = 0
  /** When the grant was drawn; a process that has stood still finds it over. */
  #grantedAt = 0
  #float: number

  constructor(amount: number, clock: Clock) {
    this.#float = Math.min(floatMost, amount * amountShare)
    this.#clock = clock
  }

  /** `news`: what this process has counted since its last report. */
  left(news: number): number {
    return this.#allowed - this.#reported - news
  }

  /** True if half is used, so that the next should be drawn. */
  isLow(news: number): boolean {
    const allowed = this.#allowed
    return allowed - this.#reported - news < allowed / 2
  }

  reported(news: number): void {
    this.#reported = news
  }

  settled(granted: number, left: number, amount: number): void {
    this.#reported = 0
    this.#granted = granted
    this.#grantedAt = granted > 0 ? this.#clock() : 0
    this.#float = Math.min(floatMost, amount * amountShare, Math.max(0, left) * leftShare)
  }

  failed(): void {
    this.#reported = 0
  }

  /** The clock was set, so nobody knows how old the grant is. */
  drop(): void {
    this.#granted = 0
  }

  get #allowed(): number {
    return this.#granted > 0 && this.#isInTime ? this.#granted : this.#float
  }

  get #isInTime(): boolean {
    const age = this.#clock() - this.#grantedAt
    return age >= 0 && age < usedForMs
  }
}

/** Null for a budget of bytes, and where no other process counts (`clock` is null). */
export function countGrantOf({ counted, amount }: Budget, clock: Clock | null): CountGrant | null {
  return counted === 'bytes' || clock === null ? null : new CountGrant(amount, clock)
}
