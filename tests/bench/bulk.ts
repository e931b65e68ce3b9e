/**
 * A large download and upload through the gate, beside nginx as a plain proxy, turn by turn, with the same source, sink and client (curl);
 * and without any proxy, to show that neither end limits the result.
 */
import { waysFor } from './carry.ts'
import { guarded } from './gates.ts'
import { proxySettings, serveProxy } from './nginx.ts'
import { median, whole } from './numbers.ts'
import { alternately } from './pairs.ts'
import { type Bar, type Bench, type Found, table } from './report.ts'
import { barsOf, cells, compare, type Spent, spentBy } from './spent.ts'
import { watched } from './watched.ts'

const title = 'Bulk'
const rateLimit = 0.9
const memoryLimit = 150

export async function bulk({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, bytes] = isQuick ? [3, 5e8] : [3, 1e10]
  const ways = await waysFor(end, bytes)
  if (ways === null) return { title, text: 'Not measured: it takes nginx and curl.', bars: [] }
  const rows: string[][] = []
  const bars: Bar[] = []
  for (const { name, app, carry } of ways.all) {
    const { gate, origin, headers } = await guarded(end, { upstream: app })
    const nginx = (await serveProxy(end, app))!
    const carried = async (by: string) => ({ count: bytes, rate: await carry(by, headers) })
    // Until the compiler of Node has done its work.
    for (const by of [app, nginx.origin, origin, origin, origin]) await carry(by, headers)
    const peaks: number[] = []
    const [ours, theirs, direct] = (await alternately(rounds, [
      async () => {
        const { result, peakMemory } = await watched(gate.pid, () => spentBy(gate.pid, () => carried(origin)))
        if (peakMemory !== null) peaks.push(peakMemory)
        return result
      },
      () => spentBy(nginx.pid, () => carried(nginx.origin)),
      async () => ({ ...(await carried(app)), processor: null })
    ])) as [Spent[], Spent[], Spent[]]
    await gate.stop()
    const compared = compare(ours, theirs)
    const peak = peaks.length === 0 ? null : Math.max(...peaks)
    rows.push([
      name,
      ...cells(compared, 1e6),
      whole(median(direct.map(({ rate }) => rate)) / 1e6),
      peak === null ? 'not told' : whole(peak)
    ])
    bars.push(...barsOf(name, compared, rateLimit), {
      what: `${name}: most resident memory`,
      value: peak,
      limit: memoryLimit,
      better: 'less',
      unit: 'MB',
      isCounted: true
    })
  }
  return {
    title,
    text: `${bytes / 1e9} GB each, ${rounds} times, turn by turn. nginx: one process, ${proxySettings}. Source: ${ways.source} with a sparse file by sendfile, read by curl; sink: raw TCP in Node.js, filled by curl.

${table(['', 'gate MB/s', 'nginx MB/s', 'gate against nginx', 'gate, processor µs a MB', 'nginx', 'processor time against nginx', 'no proxy MB/s', 'gate, most resident MB'], rows)}`,
    bars
  }
}
