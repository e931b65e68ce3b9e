/** Decides which touches get a line in the journal: the first of a person at a decoy, then one in ten minutes, with the number of those between. */
import type { Clock } from '../clock.ts'

const everyMs = 600_000
/** The greatest number of keys. The oldest are forgotten first. */
const maxKnown = 5_000

export class Repeats {
  readonly #clock: Clock
  readonly #known = new Map<string, { readonly since: number; left: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The number of touches since the last line; null if this one gets none. */
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
