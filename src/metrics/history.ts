/** The numbers of the last day in steps of five minutes. A timer reads existing counters once a minute, so requests pay nothing. */
import type { Clock } from '../clock.ts'
import { durationBuckets } from './declarations.ts'
import type { Metrics } from './metrics.ts'
import { separator, type Values } from './snapshot.ts'

export const stepMs = 5 * 60_000
const steps = 288
const sampleMs = 60_000

export interface Step {
  /** Its beginning, in milliseconds since the epoch. */
  readonly at: number
  readonly signIns: number
  readonly refusedSignIns: number
  readonly refusals: number
  readonly bytesOut: number
  /** One number a bucket of `durationBuckets`, and one for longer requests. */
  readonly durations: readonly number[]
}

type Totals = Omit<Step, 'at'>

export class History {
  readonly #metrics: Pick<Metrics, 'counters'>
  readonly #clock: Clock
  #steps: Step[] = []
  #last: Totals
  #timer: NodeJS.Timeout | undefined

  constructor(metrics: Pick<Metrics, 'counters'>, clock: Clock) {
    this.#metrics = metrics
    this.#clock = clock
    this.#last = this.#totals()
  }

  start(): void {
    this.#timer = setInterval(() => this.sample(), sampleMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Adds what has happened since the last call to the present step. */
  sample(): void {
    const totals = this.#totals()
    const at = Math.floor(this.#clock() / stepMs) * stepMs
    const change = difference(totals, this.#last)
    this.#last = totals
    const newest = this.#steps.at(-1)
    if (newest?.at === at) this.#steps[this.#steps.length - 1] = { at, ...sum(newest, change) }
    else this.#steps.push({ at, ...change })
    // Steps of the future come from a clock that was set back.
    this.#steps = this.#steps.filter(step => step.at <= at && step.at > at - steps * stepMs)
  }

  /** Oldest first. Steps without the process are missing. */
  read(): readonly Step[] {
    this.sample()
    return this.#steps
  }

  #totals(): Totals {
    const { values, histograms } = this.#metrics.counters()
    let signIns = 0
    let refusedSignIns = 0
    for (const [key, value] of values.get('factorgate_sign_ins_total') ?? [])
      if (key.endsWith(`${separator}accepted`)) signIns += value
      else refusedSignIns += value
    const durations = new Array<number>(durationBuckets.length + 1).fill(0)
    for (const { counts } of histograms.get('factorgate_request_duration_seconds')?.values() ?? [])
      counts.forEach((value, i) => {
        durations[i]! += value
      })
    return {
      signIns,
      refusedSignIns,
      refusals: sumOf(values.get('factorgate_refusals_total')),
      bytesOut: sumOf(values.get('factorgate_sent_bytes_total')),
      durations
    }
  }
}

function sumOf(values: Values | undefined): number {
  return [...(values?.values() ?? [])].reduce((total, value) => total + value, 0)
}

function combined(a: Totals, b: Totals, of: (a: number, b: number) => number): Totals {
  return {
    signIns: of(a.signIns, b.signIns),
    refusedSignIns: of(a.refusedSignIns, b.refusedSignIns),
    refusals: of(a.refusals, b.refusals),
    bytesOut: of(a.bytesOut, b.bytesOut),
    durations: a.durations.map((value, i) => of(value, b.durations[i] ?? 0))
  }
}

const sum = (a: Totals, b: Totals) => combined(a, b, (one, other) => one + other)
const difference = (a: Totals, b: Totals) => combined(a, b, (one, other) => Math.max(0, one - other))

/** Over several processes, in steps of `width` milliseconds; missing steps are zero. */
export function mergeSteps(all: readonly (readonly Step[])[], from: number, to: number, width: number): Step[] {
  const empty: Totals = {
    signIns: 0,
    refusedSignIns: 0,
    refusals: 0,
    bytesOut: 0,
    durations: new Array<number>(durationBuckets.length + 1).fill(0)
  }
  const first = Math.floor(from / width) * width
  const merged: Step[] = []
  for (let at = first; at <= to; at += width) merged.push({ at, ...empty })
  for (const step of all.flat()) {
    const i = Math.floor((step.at - first) / width)
    const before = merged[i]
    if (before !== undefined) merged[i] = { at: before.at, ...sum(before, step) }
  }
  return merged
}

/** The duration in seconds that this share of the requests did not exceed, estimated within a bucket. Null without requests, infinity beyond the last bound. */
export function quantile(durations: readonly number[], share: number): number | null {
  const total = durations.reduce((all, value) => all + value, 0)
  if (total === 0) return null
  let left = share * total
  for (let i = 0; i < durationBuckets.length; i++) {
    const here = durations[i] ?? 0
    const [low, high] = [i === 0 ? 0 : (durationBuckets[i - 1] as number), durationBuckets[i] as number]
    if (here >= left && here > 0) return low + ((high - low) * left) / here
    left -= here
  }
  return Number.POSITIVE_INFINITY
}
