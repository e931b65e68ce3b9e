/**
 * The cost of a request with many apps, rules, people and sessions. Each row is a gate with few beside one with many, turn by turn, by
 * throughput and by processor time. revocation.ts covers several gates.
 */
import { startRedis } from '../fixtures/process/redis-server.ts'
import { fill } from './crowd.ts'
import { explained, type Guarded, type GuardedOptions, guarded } from './gates.ts'
import { press } from './load.ts'
import { serveSmall } from './nginx.ts'
import { median, spread, whole } from './numbers.ts'
import { alternately, ratios } from './pairs.ts'
import { processorDuring, serveScript } from './processes.ts'
import { type Bar, type Bench, type Found, table } from './report.ts'

const connections = 32
const active = 100
/** Noise of the measurement: the cost must not grow. */
const limit = 1.1

interface Side extends Guarded {
  readonly path: string
  readonly cookies?: readonly string[]
}

interface Row {
  readonly name: string
  readonly little: Side
  readonly much: Side
}

interface Cost {
  readonly perSecond: number
  /** Microseconds a request; NaN where the system does not tell. */
  readonly processor: number
}

export async function scale({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, seconds, warmUpSeconds] = isQuick ? [2, 1, 1] : [4, 3, 2]
  const [users, sessions] = isQuick ? [5_000, 50_000] : [100_000, 1_000_000]
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const upstream = app.origin
  const alone = (options: Partial<GuardedOptions>) => guarded(end, { upstream, ...options })
  const one = await alone({})

  const crowded = async (accounts: number, each: number, kept: number): Promise<Side> => {
    const redis = await startRedis(end, { args: ['--appendfsync', 'no', '--auto-aof-rewrite-percentage', '0'] })
    const side = await alone({ redis: redis.url })
    if (accounts === 0) return { ...side, path: '/data' }
    const { port, url } = redis
    const cookies = await fill({ port, url, like: side.people[0]!, host: side.host, accounts, sessions: each }, kept)
    return { ...side, path: '/data', cookies }
  }
  const few = await crowded(active, 1, active)
  const many = await crowded(sessions / 10, 10, 10 * active)
  const rows: Row[] = [
    {
      name: 'apps: 1, 1,000',
      little: { ...one, path: '/data' },
      much: { ...(await alone({ apps: apps(upstream) })), path: '/data' }
    },
    {
      name: 'rules of an app: 1, 10,000',
      little: { ...(await alone({ apps: rules(upstream, 1) })), path: '/part-0/data' },
      much: { ...(await alone({ apps: rules(upstream, 10_000) })), path: '/part-9999/data' }
    },
    {
      name: `sessions: ${active}, ${whole(sessions)}; requests of ${active}`,
      little: few,
      much: { ...many, cookies: many.cookies!.slice(0, active) }
    }
  ]
  if (!isQuick)
    rows.push(
      { name: `people: 1, ${whole(users)}`, little: await crowded(0, 0, 0), much: withOne(await crowded(users, 0, 0)) },
      {
        name: `sessions: ${active}, ${whole(sessions)}; requests of ${active}, ${10 * active}`,
        little: few,
        much: many
      }
    )

  const told: string[][] = []
  const bars: Bar[] = []
  for (const { name, little, much } of rows) {
    for (const side of [little, much]) await cost(side, warmUpSeconds)
    const [small, large] = (await alternately(rounds, [() => cost(little, seconds), () => cost(much, seconds)])) as [
      Cost[],
      Cost[]
    ]
    const throughput = ratios(large, small, each => each.perSecond)
    const processor = ratios(large, small, each => each.processor)
    const isTold = processor.every(Number.isFinite)
    const micro = (costs: readonly Cost[]) => (isTold ? whole(median(costs.map(each => each.processor))) : '')
    told.push([name, spread(throughput), isTold ? spread(processor) : 'not told', micro(small), micro(large)])
    bars.push({
      what: `processor time a request, ${name}`,
      value: isTold ? median(processor) : null,
      turns: processor,
      limit,
      better: 'less'
    })
  }
  return {
    title: 'Scale',
    text: `${connections} connections, ${rounds} × ${seconds} s a side, turn by turn. The app, rule and people asked for are the last of their kind; people and sessions lie in Redis.

${table(['', 'throughput, much / little', 'processor time, much / little', 'µs, little', 'µs, much'], told)}`,
    bars
  }
}

async function cost(side: Side, seconds: number): Promise<Cost> {
  const { gate, origin, path, headers, cookies } = side
  const asked = { origin, path, headers, connections, seconds, ...(cookies === undefined ? {} : { cookies }) }
  const work = () => press(asked).catch(async error => Promise.reject(await explained(gate, error)))
  const { found, seconds: used } = await processorDuring(gate.pid, work)
  return { perSecond: found.perSecond, processor: ((used ?? Number.NaN) * 1e6) / found.requests }
}

/** People without sessions: the one who asks is the one who was there before. */
function withOne({ cookies: _, ...side }: Side): Side {
  return side
}

function apps(upstream: string) {
  const others = Array.from({ length: 999 }, (_, i) => ({
    id: `app-${i}`,
    title: `App ${i}`,
    // Half of them on hosts of their own, half on one.
    url: i % 2 === 0 ? `http://app-${i}.localhost:HOST` : `http://many.localhost:HOST/app-${i}`,
    upstream
  }))
  return [...others, { id: 'app', title: 'App', url: 'http://app.localhost:HOST', upstream }]
}

function rules(upstream: string, count: number) {
  // Short ones: a configuration has at most 1 MiB.
  const each = Array.from({ length: count }, (_, i) => ({ path: `/part-${i}/**`, access: 'mfa' }))
  return [{ id: 'app', title: 'App', url: 'http://app.localhost:HOST', upstream, rules: [...each, { access: 'mfa' }] }]
}
