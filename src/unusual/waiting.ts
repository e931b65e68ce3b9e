/** Observations that wait for the person's stored record. Without it everything would be new. */
import type { Live } from './live.ts'
import type { UsageObservation } from './observation.ts'

/** More are counted at once, otherwise a flood would take the memory. */
const maxWaiting = 256
const maxAllWaiting = 20_000

export class Waiting {
  #count = 0

  /** False if there is no room. */
  add(live: Live, observation: UsageObservation): boolean {
    if (this.#count >= maxAllWaiting || (live.waiting?.length ?? 0) >= maxWaiting) return false
    this.#count++
    live.waiting ??= []
    // The observer reuses the object.
    live.waiting.push({ ...observation })
    return true
  }

  take(live: Live): readonly UsageObservation[] {
    const taken = live.waiting ?? []
    this.#count -= taken.length
    live.waiting = null
    return taken
  }
}
