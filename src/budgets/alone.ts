/** What a process lets pass by its own count while the store does not answer; several gates may pass the amount each. */
import { type Slots, slotAt, slotMsOf, sumOf, withAmount } from '../metering/sliding-count.ts'
import { type Budget, has, holdMs, isSlow } from './budget.ts'

export class Alone {
  readonly #slotMs: number
  #slots: Slots
  #overSince: number | null = null
  #rateUsedUntil = 0

  /** `spent`: not confirmed by the store. */
  constructor({ windowSeconds }: Budget, spent: number, now: number) {
    this.#slotMs = slotMsOf(windowSeconds)
    this.#slots = withAmount([], slotAt(now, this.#slotMs), spent)
  }

  spend({ rate, counted }: Budget, amount: number, now: number): void {
    this.#slots = withAmount(this.#slots, slotAt(now, this.#slotMs), amount)
    if (rate === null || counted !== 'bytes' || this.#overSince === null) return
    this.#rateUsedUntil = Math.min(Math.max(this.#rateUsedUntil, now) + (amount * 1000) / rate, now + holdMs)
  }

  /** `reported`: confirmed by the store. */
  answer(budget: Budget, reported: number, limit: number, now: number): 'flow' | 'wait' | 'cut' {
    if (reported + sumOf(this.#slots, slotAt(now, this.#slotMs)) <= limit) {
      this.#overSince = null
      return 'flow'
    }
    this.#overSince ??= now
    if (has(budget, 'step-up') && now < this.#overSince + holdMs) return 'wait'
    if (!isSlow(budget)) return 'cut'
    return now >= this.#rateUsedUntil ? 'flow' : 'wait'
  }
}
