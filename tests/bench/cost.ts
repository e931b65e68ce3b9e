/** What a part of the gate costs: requests through a gate with it, beside the same gate without. */
import { explained, type guarded } from './gates.ts'
import { type Measured, press } from './load.ts'
import { median, short, spread, whole } from './numbers.ts'
import { alternately, ratios } from './pairs.ts'
import { processorDuring } from './processes.ts'
import { type Bar, table } from './report.ts'

type Side = Awaited<ReturnType<typeof guarded>>

interface Round extends Measured {
  /** Microseconds of processor time a request, all threads. */
  readonly processor: number
}

interface CostInput {
  /** Starts one gate, without that part or with it. */
  readonly start: (isOn: boolean) => Promise<Side>
  /** Two processes of one gate differ by up to a tenth, by what V8 happens to optimise, so several pairs are compared. */
  readonly pairs: number
  readonly path: string
  readonly connections: number
  /** Of each pair. */
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** The names of the rows. */
  readonly names: readonly [off: string, on: string]
  /** `with the watch against without` */
  readonly against: string
  /** True if the processor time is a goal that does not fail the run. */
  readonly isProcessorGoal?: boolean
}

/** The table in Markdown, and the bars: 7 % of throughput and processor time, 10 % of p99. */
export async function costOf(input: CostInput): Promise<{ readonly table: string; readonly bars: readonly Bar[] }> {
  const {
    start,
    pairs,
    path,
    connections,
    rounds,
    seconds,
    warmUpSeconds,
    names,
    against,
    isProcessorGoal = false
  } = input
  const pressOn = (side: Side, seconds: number) => {
    const cookies = side.people.map(({ cookie }) => cookie)
    return press({ origin: side.origin, path, headers: side.headers, cookies, connections, seconds }).catch(
      async error => Promise.reject(await explained(side.gate, error))
    )
  }
  const off: Round[] = []
  const on: Round[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const sides = [await start(false), await start(true)]
    for (const side of sides) await pressOn(side, warmUpSeconds)
    const [plain, extended] = await alternately(
      rounds,
      sides.map(side => async (): Promise<Round> => {
        const { found, seconds: used } = await processorDuring(side.gate.pid, () => pressOn(side, seconds))
        return { ...found, processor: ((used ?? Number.NaN) * 1e6) / found.requests }
      })
    )
    off.push(...plain!)
    on.push(...extended!)
    for (const { gate } of sides) await gate.stop()
  }
  const throughput = ratios(on, off, each => each.perSecond)
  const p99 = ratios(on, off, each => each.p99)
  const processor = ratios(on, off, each => each.processor)
  const row = (name: string, of: Round[]) => [
    name,
    whole(median(of.map(each => each.perSecond))),
    short(median(of.map(each => each.p99))),
    whole(median(of.map(each => each.processor)))
  ]
  return {
    table: table(
      ['', 'requests/s', 'p99 ms', 'processor µs a request'],
      [row(names[0], off), row(names[1], on), ['ratio', spread(throughput), spread(p99), spread(processor)]]
    ),
    bars: [
      { what: `requests/s ${against}`, value: median(throughput), turns: throughput, limit: 0.93, better: 'more' },
      { what: `p99 ${against}`, value: median(p99), turns: p99, limit: 1.1, better: 'less' },
      {
        what: `processor time a request ${against}`,
        value: median(processor),
        turns: processor,
        limit: 1.07,
        better: 'less',
        isGoal: isProcessorGoal
      }
    ]
  }
}
