/** What the watch costs: signed-in requests through a gate with budgets and the judge of the unusual, beside the same gate without. */
import { explained, guarded } from './gates.ts'
import { generator, type Measured, press } from './load.ts'
import { serveSmall } from './nginx.ts'
import { median, short, spread, whole } from './numbers.ts'
import { alternately, ratios } from './pairs.ts'
import { processorSeconds, serveScript } from './processes.ts'
import { type Bench, type Found, table } from './report.ts'

const connections = 32
const people = 50

/** As the configuration writes it: an object that has the key `then` in the code would be taken for a promise. */
function budget(steps: readonly string[], keys: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries([...Object.entries(keys), ['then', steps]])
}

/** Amounts that nobody reaches here: it is the counting that costs. */
const watch = {
  budgets: [
    budget(['journal', 'step-up'], { id: 'bulk', per: 'person', app: 'app', window: '1h', bytes: '900GiB' }),
    budget(['slow'], { id: 'hoard', per: 'session', window: '10m', distinctPaths: 1000, rate: '1MiB' }),
    budget(['cut'], { id: 'many', per: 'person', window: '1h', requests: 1_000_000_000 }),
    budget(['journal', 'cut'], { id: 'all', per: 'everyone', window: '24h', bytes: '900GiB' })
  ],
  unusual: { strange: ['journal'], alarming: ['journal'], extreme: ['journal'] }
}

interface Round extends Measured {
  /** Microseconds of processor time a request, all threads. */
  readonly processor: number
}

export async function watchCost({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, seconds, warmUpSeconds] = isQuick ? [2, 2, 1] : [6, 6, 3]
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const sides = [
    await guarded(end, { upstream: app.origin, people }),
    await guarded(end, { upstream: app.origin, people, config: { watch } })
  ]
  const pressOn = (side: (typeof sides)[number], seconds: number) => {
    const cookies = side.people.map(({ cookie }) => cookie)
    return press({ origin: side.origin, path: '/data', headers: side.headers, cookies, connections, seconds }).catch(
      async error => Promise.reject(await explained(side.gate, error))
    )
  }
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
  return {
    title: 'What the watch costs',
    text: `100-byte replies for ${people} people, ${connections} connections, ${rounds} × ${seconds} s each, turn by turn; ${watch.budgets.length} budgets and the judge of the unusual. Load: ${generator}; app: ${app.name}.

${table(['', 'requests/s', 'p99 ms', 'processor µs a request'], [row('without the watch', off), row('with all of it', on), ['ratio', spread(throughput), spread(p99)].concat(spread(processor))])}`,
    bars: [
      {
        what: 'requests/s with the watch against without',
        value: median(throughput),
        turns: throughput,
        limit: 0.93,
        better: 'more'
      },
      { what: 'p99 with the watch against without', value: median(p99), turns: p99, limit: 1.1, better: 'less' },
      {
        what: 'processor time a request with the watch against without',
        value: median(processor),
        turns: processor,
        limit: 1.07,
        better: 'less'
      }
    ]
  }
}
