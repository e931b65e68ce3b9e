/** Which touches get a line in the journal: a person's first at a decoy, then one in ten minutes. */
import type { Clock } from '../clock.ts'

const everyMs = 600_000
const maxKnown = 5_000

export class Repeats {
  readonly #clock: Clock
  readonly #known = new Map<string, { readonly since: number; left: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Touches since then; null for no line. */
  take(key: string): number | null {
    const now = this.#clock()
    const known = this.#known.get(key)
    if (known !== undefined && now - known.since < everyMs && now >= known.since) {
      known.left++
      return null
    }
    this.#known.delete(key)
    this.#known.set(key, { since: now, left: 0 })
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.keys().next().value as string)
    return known?.left ?? 0
  }
}
