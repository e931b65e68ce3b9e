/** How many requests, or new paths, one process may let begin before it hears from the store. */
import type { Clock } from '../clock.ts'
import { usedForMs } from './ledger.ts'

/** Without a grant: at most these parts of the amount and of what was left, and `maxFloat`. */
const amountShare = 1 / 32
const leftShare = 1 / 8
const maxFloat = 16

/** By `at`, a process that has stood still sees that its grant is over. */
interface Granted {
  readonly count: number
  readonly at: number
  readonly clock: Clock
}

export class CountGrant {
  /** On its way to the store. */
  #reported = 0
  #granted: Granted | null = null
  #float: number

  constructor(amount: number) {
    this.#float = Math.min(maxFloat, amount * amountShare)
  }

  /** `news`: counted since the last report. */
  left(news: number): number {
    return this.#allowed - this.#reported - news
  }

  /** True if half is used: the next should be drawn. */
  isLow(news: number): boolean {
    const allowed = this.#allowed
    return allowed - this.#reported - news < allowed / 2
  }

  reported(news: number): void {
    this.#reported = news
  }

  settled(granted: number, left: number, amount: number, clock: Clock): void {
    this.#reported = 0
    this.#granted = granted > 0 ? { count: granted, at: clock(), clock } : null
    this.#float = Math.min(maxFloat, amount * amountShare, Math.max(0, left) * leftShare)
  }

  /** Returns what was on its way, to be reported again. */
  failed(): number {
    const reported = this.#reported
    this.#reported = 0
    return reported
  }

  /** After a jump nobody knows how old the grant is. */
  drop(): void {
    this.#granted = null
  }

  get #allowed(): number {
    if (this.#granted === null) return this.#float
    const { count, at, clock } = this.#granted
    const age = clock() - at
    return age >= 0 && age < usedForMs ? count : this.#float
  }
}
