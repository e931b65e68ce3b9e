/** Signed-in requests over HTTP/2, many at a time on few connections, beside HTTP/1.1 over TLS at the same gate. Only where the gate offers HTTP/2. */
import { guarded } from './gates.ts'
import { http2Generator, pressOverHttp2 } from './http2-load.ts'
import { generator, press } from './load.ts'
import { serveSmall } from './nginx.ts'
import { median, spread, whole } from './numbers.ts'
import { alternately } from './pairs.ts'
import { serveScript } from './processes.ts'
import { type Bench, type Found, table } from './report.ts'
import { compare, type Spent, spentBy, type Work, warmUp } from './spent.ts'

const title = 'HTTP/2'
const connections = 4
const streams = 8
/** The most that the gate takes. */
const mostStreams = 32
const warm = 30_000
/** The oldest Node.js on which the gate offers it. */
const least = 24

export async function http2({ end, isQuick }: Bench): Promise<Found> {
  if (Number.parseInt(process.versions.node, 10) < least)
    return { title, text: `Not measured: the gate offers HTTP/2 on Node.js ${least} and newer.`, bars: [] }
  const [rounds, seconds, warmUpMs] = isQuick ? [3, 1, 5_000] : [6, 5, 30_000]
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const { gate, origin, host, headers } = await guarded(end, { upstream: app.origin, tls: true })
  const path = '/data'
  const overHttp2 = (streams: number) => async (): Promise<Work> => {
    const load = { origin, authority: host, cookie: headers.Cookie, path, connections, streams, seconds }
    const { requests, perSecond } = await pressOverHttp2(end, load)
    return { count: requests, rate: perSecond }
  }
  const overHttp11 = async (): Promise<Work> => {
    const load = { origin, path, headers, connections: connections * streams, seconds }
    const { requests, perSecond } = await press(load)
    return { count: requests, rate: perSecond }
  }
  const ways = [overHttp2(streams), overHttp11, overHttp2(mostStreams)]
  for (const way of ways) await warmUp(way, { count: warm, ms: warmUpMs })
  const measured = await alternately(
    rounds,
    ways.map(way => () => spentBy(gate.pid, way))
  )
  const [few, plain, many] = measured as [Spent[], Spent[], Spent[]]
  const { ours, theirs, processor } = compare(few, plain)
  const most = compare(many, plain)
  const row = (name: string, of: readonly Spent[], against: readonly number[] | null) => [
    name,
    whole(median(of.map(each => each.processor ?? Number.NaN))),
    against === null ? '' : against.length === 0 ? 'not told' : spread(against)
  ]
  return {
    title,
    text: `100-byte replies over TLS from one gate, ${rounds} × ${seconds} s each, turn by turn. HTTP/2: ${connections} connections with so many requests at a time, by ${http2Generator}; HTTP/1.1: ${connections * streams} connections, by ${generator}. The clients differ, so only the gate's processor time is compared.

${table(
  ['', 'processor µs a request', 'against HTTP/1.1'],
  [
    row('HTTP/1.1', theirs, null),
    row(`HTTP/2, ${streams} at a time`, ours, processor),
    row(`HTTP/2, ${mostStreams} at a time`, most.ours, most.processor)
  ]
)}`,
    bars: [
      {
        what: 'HTTP/2, many at a time: processor time a request against HTTP/1.1',
        value: processor.length === 0 ? null : median(processor),
        turns: processor,
        limit: 1,
        better: 'less',
        isGoal: true
      }
    ]
  }
}
