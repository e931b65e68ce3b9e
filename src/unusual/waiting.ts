/**
 * Observations of people of whom this gate knows nothing yet. Compared with nothing, every address and area would be new. They are counted once
 * what the store knows is there, a second later.
 */
import type { Live } from './live.ts'
import type { UsageObservation } from './observation.ts'

/** More are counted at once, so that neither a flood nor a store that is down takes the memory. */
const maxWaiting = 256
const maxAllWaiting = 20_000

export class Waiting {
  #count = 0

  /** False if there is no room. */
  add(live: Live, observation: UsageObservation): boolean {
    if (this.#count >= maxAllWaiting || (live.waiting?.length ?? 0) >= maxWaiting) return false
    this.#count++
    live.waiting ??= []
    // The observer writes the next one over it.
    live.waiting.push({ ...observation })
    return true
  }

  /** What has waited, in order. */
  take(live: Live): readonly UsageObservation[] {
    const taken = live.waiting ?? []
    this.#count -= taken.length
    live.waiting = null
    return taken
  }
}
