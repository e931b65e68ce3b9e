/**
 * Signed-in requests through the gate, on either store, beside the same through bare @fastify/http-proxy. nginx as a plain proxy is the
 * upper bound.
 */
import { startRedis } from '../fixtures/process/redis-server.ts'
import { explained, guarded } from './gates.ts'
import { generator, type Measured, press } from './load.ts'
import { serveProxy, serveSmall } from './nginx.ts'
import { median, short, spread, whole } from './numbers.ts'
import { alternately, ratios } from './pairs.ts'
import { processorDuring, serveScript } from './processes.ts'
import { type Bench, type Found, table } from './report.ts'

const connections = 32

interface Round extends Measured {
  /** Microseconds of processor time a request, all threads; null where the system does not tell. */
  readonly processor: number | null
}

export async function requests({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, seconds, warmUpSeconds] = isQuick ? [2, 1, 1] : [15, 2, 3]
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const embedded = await guarded(end, { upstream: app.origin })
  const redis = await guarded(end, { upstream: app.origin, redis: (await startRedis(end)).url })
  const bare = await serveScript(end, 'bare-proxy.mjs', app.origin)
  const nginx = await serveProxy(end, app.origin)
  // nginx, the bare proxy and the app ignore the cookie.
  const strangers = { headers: embedded.headers }
  const sides = [
    { ...bare, name: 'bare @fastify/http-proxy', ...strangers, gate: null },
    { name: 'Factorgate, embedded store', ...embedded, pid: embedded.gate.pid },
    { name: 'Factorgate, Redis', ...redis, pid: redis.gate.pid }
  ]
  const pressOn = (side: (typeof sides)[number], seconds: number) =>
    press({ origin: side.origin, path: '/data', headers: side.headers, connections, seconds }).catch(async error =>
      Promise.reject(side.gate === null ? error : await explained(side.gate, error))
    )
  for (const side of sides) await pressOn(side, warmUpSeconds)
  const measured = await alternately(
    rounds,
    sides.map(side => async (): Promise<Round> => {
      const { found, seconds: used } = await processorDuring(side.pid, () => pressOn(side, seconds))
      return { ...found, processor: used === null ? null : (used * 1e6) / found.requests }
    })
  )
  const ceilings = []
  for (const each of nginx === null || isQuick
    ? []
    : [
        { ...nginx, name: `${nginx.name} as plain proxy` },
        { ...app, name: 'the app itself' }
      ])
    ceilings.push({ name: each.name, found: await pressOn({ ...each, ...strangers, gate: null }, warmUpSeconds) })

  const [theirs, ...ours] = measured as [Round[], ...Round[][]]
  const compared = ours.map((of, i) => ({
    name: sides[i + 1]!.name,
    throughput: ratios(of, theirs, round => round.perSecond),
    p99: ratios(of, theirs, round => round.p99),
    processor: of.flatMap((round, i) =>
      round.processor === null ? [] : round.processor / (theirs[i]!.processor ?? Number.NaN)
    )
  }))
  return {
    title: 'Signed-in requests',
    text: `100-byte replies, ${connections} connections, ${rounds} × ${seconds} s each, turn by turn; one process each. Load: ${generator}; app: ${app.name}.

${table(
  ['', 'requests/s', 'p50 ms', 'p99 ms', 'processor µs a request'],
  [
    ...sides.map(({ name }, i) => [
      name,
      whole(median(measured[i]!.map(each => each.perSecond))),
      short(median(measured[i]!.map(each => each.p50))),
      short(median(measured[i]!.map(each => each.p99))),
      processorOf(measured[i]!)
    ]),
    ...ceilings.map(({ name, found }) => [name, whole(found.perSecond), short(found.p50), short(found.p99), ''])
  ]
)}

${table(
  ['against bare @fastify/http-proxy', 'requests/s', 'p99', 'processor time'],
  compared.map(({ name, throughput, p99, processor }) => [
    name,
    spread(throughput),
    spread(p99),
    processor.length === 0 ? '' : spread(processor)
  ])
)}`,
    bars: compared.flatMap(({ name, throughput, p99 }) => [
      {
        what: `${name}: requests/s against bare http-proxy`,
        value: median(throughput),
        turns: throughput,
        limit: 1.5,
        better: 'more'
      },
      { what: `${name}: p99 against bare http-proxy's`, value: median(p99), turns: p99, limit: 1, better: 'less' }
    ])
  }
}

function processorOf(of: readonly Round[]): string {
  const values = of.flatMap(each => each.processor ?? [])
  return values.length === 0 ? '' : whole(median(values))
}
