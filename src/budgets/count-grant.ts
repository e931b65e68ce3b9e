/** How many requests, or new paths, one process may let begin before it hears from the store, where other processes count the same. */
import type { Clock } from '../clock.ts'
import { usedForMs } from './ledger.ts'

/** Without a grant: a part of the amount, or of what was left, and no more than `maxFloat`. */
const amountShare = 1 / 32
const leftShare = 1 / 8
const maxFloat = 16

/** What the store has granted, and when: a process that has stood still finds it over. */
interface Granted {
  readonly count: number
  readonly at: number
  readonly clock: Clock
}

/** Most people have several and draw no grant, so the times are kept with the grant. */
export class CountGrant {
  /** What is on its way to the store. */
  #reported = 0
  #granted: Granted | null = null
  #float: number

  constructor(amount: number) {
    this.#float = Math.min(maxFloat, amount * amountShare)
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

  settled(granted: number, left: number, amount: number, clock: Clock): void {
    this.#reported = 0
    this.#granted = granted > 0 ? { count: granted, at: clock(), clock } : null
    this.#float = Math.min(maxFloat, amount * amountShare, Math.max(0, left) * leftShare)
  }

  /** Returns what was on its way, which is to be reported again. */
  failed(): number {
    const reported = this.#reported
    this.#reported = 0
    return reported
  }

  /** The clock was set, so nobody knows how old the grant is. */
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
