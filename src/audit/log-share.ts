/** The rate limit of log lines for each error code. The next line has the number of those left out. */
import type { Clock } from '../clock.ts'

const windowMs = 60_000
export const linesPerMinute = 60

export class LogShare {
  readonly #clock: Clock
  readonly #codes = new Map<string, { since: number; written: number; skipped: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** For a line about this code; null if it is left out. */
  take(code: string): { skipped?: number } | null {
    const now = this.#clock()
    const known = this.#codes.get(code)
    const isOver = known === undefined || now - known.since >= windowMs || now < known.since
    if (!isOver && known.written >= linesPerMinute) {
      known.skipped++
      return null
    }
    const skipped = known?.skipped ?? 0
    const written = isOver ? 0 : known.written
    this.#codes.set(code, { since: isOver ? now : known.since, written: written + 1, skipped: 0 })
    return skipped === 0 ? {} : { skipped }
  }
}
