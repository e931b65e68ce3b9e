/**
 * The cost of two hundred slow downloads for somebody else: the latency of another person's requests with them and without, turn by turn.
 */
import { Ends } from './ends.ts'
import { guarded } from './gates.ts'
import { serveSmall } from './nginx.ts'
import { median, short, spread, whole } from './numbers.ts'
import { type Flown, flow, lossOf } from './open-loop.ts'
import { inOwnNet, networkOf } from './own-net.ts'
import { alternately, ratios } from './pairs.ts'
import { processorDuring, serveScript } from './processes.ts'
import { type Bar, type Bench, type Found, table } from './report.ts'

const downloads = 200
const bytesPerSecond = 50_000
const rate = 500
const leadSeconds = 0.5
const limit = 1.25

/** Until what the kernel takes ahead of the readers has gone through. */
async function calm(pid: number): Promise<void> {
  for (let looks = 0; looks < 40; looks++) {
    const { seconds } = await processorDuring(pid, () => new Promise(resolve => setTimeout(resolve, 250)))
    if (seconds === null || seconds < 0.05) return
  }
}

export async function bystander(bench: Bench): Promise<Found> {
  return (await inOwnNet(bench, import.meta.url, bystander.name)) ?? measured(bench)
}

async function measured(bench: Bench): Promise<Found> {
  const { end, isQuick } = bench
  const [rounds, seconds] = isQuick ? [2, 1.5] : [4, 5]
  // The other client's app is a fast one of its own: what it takes under the downloads would not be the gate's time.
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const source = await serveScript(end, 'app.mjs')
  const { gate, host, people } = await guarded(end, {
    upstream: app.origin,
    people: 2,
    apps: [
      { id: 'app', title: 'App', url: 'http://app.localhost:HOST', upstream: app.origin },
      { id: 'files', title: 'Files', url: 'http://app.localhost:HOST/files', upstream: source.origin }
    ]
  })
  const [reader, other] = people.map(({ cookie }) => cookie) as [string, string]
  const at = { port: gate.port, host }
  const measure = async () => {
    const flown = await flow(end, { ...at, cookies: [other], rate, leadSeconds, seconds }).done
    if (lossOf(flown) > 0) throw new Error(`not every answer was good: ${JSON.stringify(flown)}`)
    return flown
  }
  await measure()
  const [busy, quiet] = (await alternately(rounds, [
    async () => {
      const passing = new Ends()
      end.teardown(() => passing.all())
      const asked = { ...at, path: '/files/source?bytes=1000000000', cookie: reader, count: downloads, bytesPerSecond }
      await serveScript(passing, 'slow-readers.mjs', JSON.stringify(asked))
      await calm(gate.pid)
      const flown = await measure()
      await passing.all()
      return flown
    },
    measure
  ])) as [Flown[], Flown[]]
  const p50 = ratios(busy, quiet, each => each.p50)
  const p99 = ratios(busy, quiet, each => each.p99)
  const row = (name: string, of: readonly Flown[]) => [
    name,
    short(median(of.map(each => each.p50))),
    spread(of.map(each => each.p99))
  ]
  return {
    title: 'Slow downloads beside another client',
    text: `${downloads} downloads at ${whole(bytesPerSecond / 2000)} to ${whole((bytesPerSecond * 1.5) / 1000)} kB/s, and ${rate} requests a second of somebody else, at a constant rate, their latency from the moment they were due; ${rounds} × ${seconds} s with and without, turn by turn. ${networkOf(bench)}

${table(['', 'p50 ms', 'p99 ms'], [row('with the downloads', busy), row('without', quiet), ['ratio', spread(p50), spread(p99)]])}`,
    bars: [bar('p50', p50), bar('p99', p99)]
  }
}

function bar(name: string, turns: readonly number[]): Bar {
  return {
    what: `${name} of others beside ${downloads} slow downloads`,
    value: median(turns),
    turns,
    limit,
    better: 'less'
  }
}
