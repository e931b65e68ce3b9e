/** How many requests, or new paths, one process may let begin before it hears from the store, where other processes count the same. */

/** Without a grant: a part of the amount, or of what was left, and no more than `floatMost`. */
const amountShare = 1 / 32
const leftShare = 1 / 8
const floatMost = 16

export class CountGrant {
  /** What is on its way to the store. */
  #reported = 0
  #granted = 0
  #float: number

  constructor(amount: number) {
    this.#float = Math.min(floatMost, amount * amountShare)
  }

  /** `news`: what this process has counted since its last report. */
  left(news: number): number {
    return this.#allowed - this.#reported - news
  }

  /** True if half is used, so that the next should be drawn. */
  isLow(news: number): boolean {
    return this.left(news) < this.#allowed / 2
  }

  reported(news: number): void {
    this.#reported = news
  }

  settled(granted: number, left: number, amount: number): void {
    this.#reported = 0
    this.#granted = granted
    this.#float = Math.min(floatMost, amount * amountShare, Math.max(0, left) * leftShare)
  }

  failed(): void {
    this.#reported = 0
  }

  get #allowed(): number {
    return this.#granted > 0 ? this.#granted : this.#float
  }
}
