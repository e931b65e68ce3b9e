/**
 * The watch on programs: bytes a day of each token, of an owner's programs, and of everybody, over all gates, so new or many tokens hide nothing. Nothing
 * else of a program is compared: it has no browser and no hours, and would make the usual days of its owner's groups strange.
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

export type Counted = 'token' | 'owner' | 'everyone'

export interface UsedProgram {
  readonly account: string
  readonly name: string
  readonly token: string
  readonly app: string
  readonly address: string
}

interface ProgramUsageOptions {
  readonly store: Store
  readonly clock: Clock
  /** Called by one gate, once for each level of a day. `program` has fetched some of it. It must not reject. */
  readonly act: (verdict: ProgramVerdict, program: UsedProgram, counted: Counted) => Promise<void>
  readonly onStoreProblem: (problem: Error | null) => void
}

/** Counts go to the store after so many bytes, or so many milliseconds. */
const writeBytes = 16_000_000
const writeMs = 60_000

interface Count {
  readonly id: string
  readonly counted: Counted
  bytes: number
  since: number
  program: UsedProgram
  /** The highest level that was reported of a part. */
  said: ProgramDays['said']
}

/** No token has such ids. */
const everyone = 'all'
const idOfOwner = (account: string) => `of:${account}`

export class ProgramUsage {
  readonly #options: ProgramUsageOptions
  readonly #counts = new Map<string, Count>()
  #hasProblem = false

  constructor(options: ProgramUsageOptions) {
    this.#options = options
  }

  note({ exchange, bytesOut, at }: Told): void {
    const { person, app, address } = exchange
    if (person?.token == null || bytesOut === 0) return
    const { account, name, token } = person
    const count = this.#counts.get(token)
    if (count === undefined)
      this.#add({
        id: token,
        counted: 'token',
        bytes: bytesOut,
        since: at,
        program: { account, name, token, app, address },
        said: 0
      })
    else count.bytes += bytesOut
  }

  #add(more: Count): void {
    const count = this.#counts.get(more.id)
    if (count === undefined) this.#counts.set(more.id, more)
    else {
      count.bytes += more.bytes
      count.said = Math.max(count.said, more.said)
    }
  }

  async flush(isAll = false): Promise<void> {
    const now = this.#options.clock()
    // A Map also visits counts that are added meanwhile.
    for (const [id, count] of this.#counts) {
      if (!isAll && count.bytes < writeBytes && Math.abs(now - count.since) < writeMs) continue
      this.#counts.delete(id)
      try {
        this.#passOn(count, await this.#write(count, now), now)
        if (this.#hasProblem) this.#options.onStoreProblem(null)
        this.#hasProblem = false
      } catch (error) {
        this.#add(count)
        if (!this.#hasProblem) this.#options.onStoreProblem(error as Error)
        this.#hasProblem = true
        return
      }
    }
  }

  /** The highest reported level of today. */
  async #write({ id, counted, bytes, program, said: saidBelow }: Count, now: number): Promise<number> {
    const { store, act } = this.#options
    const result = await programDaysRecord.change(store, id, found => {
      const counts = withBytes(found, bytes, now)
      const known: ProgramDays = { ...counts, said: Math.max(counts.said, saidBelow) }
      const verdict = judgeDay(known)
      const next = verdict === null ? known : said(known, verdict)
      return { next, ttlSeconds: keepSeconds, result: { verdict, said: next.said } }
    })
    if (result.verdict !== null) await act(result.verdict, program, counted)
    return result.said
  }

  /** A part's level is not reported again for the whole. A reported owner stays out of everybody's count, otherwise it would hide others. */
  #passOn({ counted, bytes, program }: Count, said: number, now: number): void {
    const upwards = { bytes, since: now, program }
    if (counted === 'token') this.#add({ id: idOfOwner(program.account), counted: 'owner', said, ...upwards })
    else if (counted === 'owner' && said === 0) this.#add({ id: everyone, counted: 'everyone', said, ...upwards })
  }
}
