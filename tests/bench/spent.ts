/** Rate and processor time of one kind of work by two servers, turn by turn. */
import { median, spread, whole } from './numbers.ts'
import { ratios } from './pairs.ts'
import { processorDuring } from './processes.ts'
import type { Bar } from './report.ts'

export interface Work {
  /** Pieces done. */
  readonly count: number
  /** Pieces a second. */
  readonly rate: number
}

export interface Spent {
  readonly rate: number
  /** Microseconds of processor time a piece, all threads; null where the system does not tell. */
  readonly processor: number | null
}

export async function spentBy(pid: number, work: () => Promise<Work>): Promise<Spent> {
  const { found, seconds } = await processorDuring(pid, work)
  return { rate: found.rate, processor: seconds === null ? null : (seconds * 1e6) / found.count }
}

/** Works until `count` pieces are done, or the time is over: then the compiler of Node has done its work. */
export async function warmUp(work: () => Promise<Work>, { count, ms }: { count: number; ms: number }): Promise<void> {
  const until = performance.now() + ms
  for (let done = 0; done < count && performance.now() < until; ) done += (await work()).count
}

interface Compared {
  readonly ours: readonly Spent[]
  readonly theirs: readonly Spent[]
  /** Ours against theirs, a value a turn. */
  readonly rate: readonly number[]
  /** Empty where the system does not tell. */
  readonly processor: readonly number[]
}

export function compare(ours: readonly Spent[], theirs: readonly Spent[]): Compared {
  const processor = [...ours, ...theirs].some(each => each.processor === null)
    ? []
    : ratios(ours, theirs, each => each.processor as number)
  return { ours, theirs, rate: ratios(ours, theirs, each => each.rate), processor }
}

/** Cells: our rate, theirs, the ratio, our processor time, theirs, the ratio. `scale`: pieces in one unit of the table. */
export function cells({ ours, theirs, rate, processor }: Compared, scale = 1): string[] {
  const rates = (of: readonly Spent[]) => whole(median(of.map(each => each.rate)) / scale)
  const times = (of: readonly Spent[]) =>
    processor.length === 0 ? 'not told' : whole(median(of.map(each => each.processor as number)) * scale)
  const against = processor.length === 0 ? 'not told' : spread(processor)
  return [rates(ours), rates(theirs), spread(rate), times(ours), times(theirs), against]
}

/** `least`: of their rate. The processor time is a goal, since a rate says little while others use the machine, and the time says little of a wait. */
export function barsOf(what: string, { rate, processor }: Compared, least: number, isGoal = false): Bar[] {
  return [
    { what: `${what}: rate against nginx's`, value: median(rate), turns: rate, limit: least, better: 'more', isGoal },
    {
      what: `${what}: processor time against nginx's`,
      value: processor.length === 0 ? null : median(processor),
      turns: processor,
      limit: Number((1 / least).toFixed(2)),
      better: 'less',
      isGoal: true
    }
  ]
}
