/** The answer to a question that takes many reads of the store, kept for a short time. An answer that failed is not kept. */
import type { Clock } from '../clock.ts'

export class KeptAnswer<Answer> {
  readonly #clock: Clock
  readonly #keptMs: number
  #kept: { readonly at: number; readonly answer: Promise<Answer> } | null = null

  constructor(clock: Clock, keptMs: number) {
    this.#clock = clock
    this.#keptMs = keptMs
  }

  /** `now` is in milliseconds since the epoch. It asks again if the clock was put back. */
  get(ask: (now: number) => Promise<Answer>): Promise<Answer> {
    const now = this.#clock()
    if (this.#kept === null || Math.abs(now - this.#kept.at) > this.#keptMs) {
      const kept = { at: now, answer: ask(now) }
      this.#kept = kept
      kept.answer.catch(() => {
        if (this.#kept === kept) this.#kept = null
      })
    }
    return this.#kept.answer
  }

  forget(): void {
    this.#kept = null
  }
}
