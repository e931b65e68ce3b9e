/** The Redis commands for ten thousand signed-in requests, each with its sender. */
import { startRedis } from '../fixtures/process/redis-server.ts'
import { guarded } from './gates.ts'
import { serveSmall } from './nginx.ts'
import { flow, lossOf } from './open-loop.ts'
import { serveScript } from './processes.ts'
import { type Command, monitor } from './redis-monitor.ts'
import { type Bench, type Found, table } from './report.ts'

const requests = 10_000
const people = 100

/** Commands that no request waits for. */
const apart: readonly (readonly [string, (command: Command) => boolean])[] = [
  ['the beat of the connection that hears of changes, one a second', ({ name }) => name === 'ping'],
  ['who was seen, once a minute and session, in batches', ({ name, key }) => name === 'set' && /:seen:/.test(key)],
  ['which app somebody used, once in ten minutes', ({ name, key }) => name === 'set' && /:app-use:/.test(key)],
  [
    'whether the store is the same and has not gone back, once a second, and its progress after a write',
    ({ name, key }) => ['get', 'set'].includes(name) && /:meta:store-/.test(key)
  ],
  ['the newest checkpoint of the journal, every 30 seconds', ({ text }) => text.includes(':meta:journal-anchor:')],
  [
    'whether the store is still fit (`readyz`)',
    ({ name, key }) => ['info', 'config'].includes(name) || (name === 'set' && /:probe$/.test(key))
  ]
]

export async function store({ end, isQuick }: Bench): Promise<Found> {
  const rate = isQuick ? 4_000 : 1_000
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const redis = await startRedis(end)
  const { gate, host, people: everybody } = await guarded(end, { upstream: app.origin, redis: redis.url, people })
  const cookies = everybody.map(({ cookie }) => cookie)
  const load = { port: gate.port, host, cookies, rate }
  // Everybody once: from here on they are known.
  await flow(end, { ...load, seconds: (2 * people) / rate }).done
  const { commands } = await monitor(end, redis.port)
  const flown = await flow(end, { ...load, seconds: requests / rate }).done
  // What is sent late belongs to it, too.
  await new Promise(resolve => setTimeout(resolve, 1_000))
  if (flown.sent !== requests || lossOf(flown) > 0)
    throw new Error(`not every answer was good: ${JSON.stringify(flown)}`)

  const ofRequests = commands.filter(command => !apart.some(([, is]) => is(command)))
  const named = new Map<string, number>()
  for (const { name, key } of ofRequests) {
    const what = `\`${name} ${key.split(':').slice(0, 2).join(':')}\``
    named.set(what, (named.get(what) ?? 0) + 1)
  }
  return {
    title: 'Redis commands in steady state',
    text: `${requests} requests of ${people} people, ${rate} a second, every answer 200; all that Redis carried out meanwhile and in the second after, by its own account (MONITOR).

${table(
  ['sent by', 'commands'],
  [
    ...apart.map(([what, is]) => [what, String(commands.filter(is).length)]),
    ['requests', [String(ofRequests.length), ...[...named].map(([what, count]) => `${what} ${count}`)].join(', ')]
  ]
)}`,
    bars: [
      {
        what: `Redis commands for ${requests} signed-in requests`,
        value: ofRequests.length,
        limit: 0,
        better: 'less',
        isCounted: true
      }
    ]
  }
}
