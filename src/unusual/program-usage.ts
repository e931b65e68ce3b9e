/**
 * The watch on programs: how much each token fetches on a day, shared by all gates of a store. Nothing else of a program is compared. It has
 * no browser and no hours, and it would make the usual days of its owner's groups strange.
 */
import type { Clock } from '../clock.ts'
import type { Observation as Told } from '../metering/observation.ts'
import type { Store } from '../store/store.ts'
import {
  judgeDay,
  keepSeconds,
  type ProgramDays,
  type ProgramVerdict,
  programDaysRecord,
  said,
  withBytes
} from './program-days.ts'

export interface UsedProgram {
  readonly account: string
  readonly name: string
  /** The token's id. */
  readonly token: string
  readonly app: string
  readonly address: string
}

interface ProgramUsageOptions {
  readonly store: Store
  readonly clock: Clock
  /** Called once for each level of a day, by one gate. It must not reject. */
  readonly act: (verdict: ProgramVerdict, program: UsedProgram) => Promise<void>
  /** Called with the error when the store does not take the counts, and with null when it does again. */
  readonly onStoreProblem: (problem: Error | null) => void
}

/** Counts go to the store after this many bytes, or this many milliseconds. */
const writeBytes = 16_000_000
const writeMs = 60_000

interface Count {
  bytes: number
  since: number
  program: UsedProgram
}

export class ProgramUsage {
  readonly #options: ProgramUsageOptions
  readonly #counts = new Map<string, Count>()
  #hasProblem = false

  constructor(options: ProgramUsageOptions) {
    this.#options = options
  }

  /** Counts what is told of an exchange of a program. */
  note({ exchange, bytesOut, at }: Told): void {
    const { person, app, address } = exchange
    if (person?.token == null || bytesOut === 0) return
    const { account, name, token } = person
    const count = this.#counts.get(token)
    if (count === undefined)
      this.#counts.set(token, { bytes: bytesOut, since: at, program: { account, name, token, app, address } })
    else count.bytes += bytesOut
  }

  /** Writes what is due, or everything. */
  async flush(isAll = false): Promise<void> {
    const now = this.#options.clock()
    for (const [token, count] of [...this.#counts]) {
      if (!isAll && count.bytes < writeBytes && Math.abs(now - count.since) < writeMs) continue
      this.#counts.delete(token)
      try {
        await this.#write(count, now)
        if (this.#hasProblem) this.#options.onStoreProblem(null)
        this.#hasProblem = false
      } catch (error) {
        this.#putBack(token, count)
        if (!this.#hasProblem) this.#options.onStoreProblem(error as Error)
        this.#hasProblem = true
        return
      }
    }
  }

  async #write({ bytes, program }: Count, now: number): Promise<void> {
    const { store, act } = this.#options
    const verdict = await programDaysRecord.change<ProgramVerdict | null>(store, program.token, found => {
      const next: ProgramDays = withBytes(found, bytes, now)
      const judged = judgeDay(next)
      return { next: judged === null ? next : said(next, judged), ttlSeconds: keepSeconds, result: judged }
    })
    if (verdict !== null) await act(verdict, program)
  }

  #putBack(token: string, count: Count): void {
    const since = this.#counts.get(token)
    if (since === undefined) this.#counts.set(token, count)
    else since.bytes += count.bytes
  }
}
