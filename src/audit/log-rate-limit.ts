/** Limits log lines for each error code or sentence. The next line has the number of those left out. */
import type { Clock } from '../clock.ts'

interface WarnLog {
  warn(fields: object, sentence: string): void
}

const windowMs = 60_000
export const linesPerMinute = 60

export class LogRateLimit {
  readonly #clock: Clock
  readonly #codes = new Map<string, { since: number; written: number; skipped: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Null if the line is left out. */
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

/** For lines that strangers can cause, with a share for each sentence, institution and code. */
export function limitedLog(log: WarnLog, clock: Clock): WarnLog {
  const share = new LogRateLimit(clock)
  return {
    warn(fields, sentence) {
      const { institution = '', code = '' } = fields as { institution?: string; code?: string }
      const more = share.take(`${institution} ${code} ${sentence}`)
      if (more !== null) log.warn({ ...fields, ...more }, sentence)
    }
  }
}
