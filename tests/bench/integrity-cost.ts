/** What reading the pages of apps costs: a page of 20 kB through a gate with `integrity`, beside the same gate without. */
import { explained, guarded } from './gates.ts'
import { generator, type Measured, press } from './load.ts'
import { median, short, spread, whole } from './numbers.ts'
import { alternately, ratios } from './pairs.ts'
import { processorSeconds, serveScript } from './processes.ts'
import { type Bench, type Found, table } from './report.ts'

const connections = 16
const people = 10

interface Round extends Measured {
  /** Microseconds of processor time a request, all threads. */
  readonly processor: number
}

export async function integrityCost({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, seconds, warmUpSeconds] = isQuick ? [2, 2, 2] : [6, 6, 5]
  const app = await serveScript(end, 'pages-app.mjs')
  const { origin: upstream } = app
  const one = { id: 'app', title: 'App', url: 'http://app.localhost:HOST', upstream }
  const sides = [
    await guarded(end, { upstream, people, apps: [one] }),
    await guarded(end, { upstream, people, apps: [{ ...one, integrity: { learn: '1s' } }] })
  ]
  const pressOn = (side: (typeof sides)[number], seconds: number) => {
    const cookies = side.people.map(({ cookie }) => cookie)
    return press({ origin: side.origin, path: '/page', headers: side.headers, cookies, connections, seconds }).catch(
      async error => Promise.reject(await explained(side.gate, error))
    )
  }
  // What the reading may save up is used up first.
  for (const side of sides) await pressOn(side, warmUpSeconds)
  const measured = await alternately(
    rounds,
    sides.map(side => async (): Promise<Round> => {
      const before = processorSeconds(side.gate.pid) ?? Number.NaN
      const found = await pressOn(side, seconds)
      const used = (processorSeconds(side.gate.pid) ?? Number.NaN) - before
      return { ...found, processor: (used * 1e6) / found.requests }
    })
  )
  const [off, on] = measured as [Round[], Round[]]
  const throughput = ratios(on, off, each => each.perSecond)
  const p99 = ratios(on, off, each => each.p99)
  const processor = ratios(on, off, each => each.processor)
  const row = (name: string, of: Round[]) => [
    name,
    whole(median(of.map(each => each.perSecond))),
    short(median(of.map(each => each.p99))),
    whole(median(of.map(each => each.processor)))
  ]
  const against = 'with integrity against without'
  return {
    title: 'What reading the pages of apps costs',
    text: `A page of 20 kB for ${people} people, ${connections} connections, ${rounds} × ${seconds} s each, turn by turn. Load: ${generator}; app: ${app.name}.

${table(['', 'requests/s', 'p99 ms', 'processor µs a request'], [row('without', off), row('with integrity', on), ['ratio', spread(throughput), spread(p99)].concat(spread(processor))])}`,
    bars: [
      { what: `requests/s ${against}`, value: median(throughput), turns: throughput, limit: 0.93, better: 'more' },
      { what: `p99 ${against}`, value: median(p99), turns: p99, limit: 1.1, better: 'less' },
      {
        what: `processor time a request ${against}`,
        value: median(processor),
        turns: processor,
        limit: 1.07,
        better: 'less',
        // A short turn falls into the burst that the reading thread may take.
        isGoal: isQuick
      }
    ]
  }
}
