/**
 * The delay of a revocation: a session ends at one gate or by command, while every other gate of the same Redis serves it under load. How
 * long until new requests are refused, and open connections are cut? The time begins with the command that removes the session's record
 * (MONITOR), so that the start of the command's process does not count.
 */
import { Person } from '../fixtures/in-process/person.ts'
import type { Gate } from '../fixtures/process/gate.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { type Guarded, guarded, joined } from './gates.ts'
import { quantile, whole } from './numbers.ts'
import { flow, lossOf } from './open-loop.ts'
import { People, type SignedIn } from './people.ts'
import { serveScript } from './processes.ts'
import { monitor } from './redis-monitor.ts'
import { type Bar, type Bench, type Found, table } from './report.ts'
import { type Kind, kinds, witness } from './witness.ts'

const limitMs = 250
const patienceMs = 5_000
/** On each gate, besides what the witnesses send. */
const rate = 1_000

const ways = ['account page of another gate', 'command line'] as const
type Way = (typeof ways)[number]

interface Run {
  /** Milliseconds, one of each other gate and revocation; `patienceMs` for what was not cut at all. */
  readonly times: Record<Way, Record<Kind, number[]>>
  readonly load: string
}

export async function revocation(bench: Bench): Promise<Found> {
  const runs = bench.isQuick ? [{ gates: 2, count: 8 }] : [2, 4].map(gates => ({ gates, count: 200 }))
  const parts: string[] = []
  const bars: Bar[] = []
  for (const { gates, count } of runs) {
    const { times, load } = await run(bench, gates, count)
    const rows = ways.flatMap(way =>
      kinds.map(kind => {
        const of = times[way][kind]
        return [way, kind, String(of.length), ...[0.5, 0.99, 1].map(share => whole(quantile(of, share)))]
      })
    )
    parts.push(
      `${gates} gates on one Redis, ${count} revocations, half of them each way. ${load}\n\n${table(['revoked by', 'cut at another gate', 'n', 'p50 ms', 'p99 ms', 'p100 ms'], rows)}`
    )
    const value = Math.max(...ways.flatMap(way => kinds.flatMap(kind => times[way][kind])))
    bars.push({
      what: `${gates} gates, everything refused or cut, p100`,
      value,
      limit: limitMs,
      better: 'less',
      unit: 'ms'
    })
  }
  return {
    title: 'Revocation under load',
    text: `From the moment Redis gives the session's record away, by its own clock, to the moment a browser sees the end: a request that is refused (the first one sent), a Close frame or the end of its connection.\n\n${parts.join('\n\n')}`,
    bars
  }
}

async function run({ end }: Bench, gates: number, count: number): Promise<Run> {
  const app = await serveScript(end, 'app.mjs')
  const redis = await startRedis(end)
  const first = await guarded(end, { upstream: app.origin, redis: redis.url })
  const others = await joined(end, first, app.origin, gates - 1)
  const { commands } = await monitor(end, redis.port)
  // A day: they are stopped before.
  const cookies = [first.people[0]!.cookie]
  const loads = [first.gate, ...others].map(({ port }) =>
    flow(end, { port, host: first.host, cookies, rate: rate / (gates / 2), seconds: 86_400 })
  )
  const times = Object.fromEntries(
    ways.map(way => [way, Object.fromEntries(kinds.map(kind => [kind, [] as number[]]))])
  ) as Run['times']

  await People.at(redis.url, async people => {
    const account = await people.add('revoked')
    const portal = await people.signIn(account, new URL(first.gate.portal).host)
    for (let i = 0; i < count; i++) {
      const way = ways[i % ways.length]!
      const victim = await people.signIn(account, first.host)
      const witnesses = await Promise.all(
        others.map(({ port }) => witness({ port, host: first.host, cookie: victim.cookie }))
      )
      commands.length = 0
      if (way === 'command line') await byCommand(first.gate, victim)
      else await byPage(first, portal, victim)
      await Promise.all(witnesses.map(each => each.all(patienceMs)))
      const from = commands.find(({ name, key }) => name === 'getdel' && key.endsWith(`:session:${victim.sessionId}`))
      if (from === undefined) throw new Error('Redis did not say when the session went')
      for (const { ended, close } of witnesses) {
        for (const kind of kinds)
          times[way][kind].push(Math.max(0, (ended.get(kind) ?? from.at + patienceMs) - from.at))
        close()
      }
    }
  })
  const flown = await Promise.all(loads.map(load => load.stop()))
  const lost = flown.reduce((sum, each) => sum + lossOf(each), 0)
  if (lost > 0) throw new Error(`of the load, ${lost} requests were not answered 200: ${JSON.stringify(flown)}`)
  const sent = flown.reduce((sum, each) => sum + each.sent, 0)
  return {
    times,
    load: `Load: ${whole(rate / (gates / 2))} requests a second on each gate, ${whole(sent)} in all, every one answered 200.`
  }
}

async function byCommand(gate: Gate, { sessionId }: SignedIn): Promise<void> {
  const { code, stderr } = await gate.run('session', 'revoke', sessionId)
  if (code !== 0) throw new Error(`session revoke ended with ${code}: ${stderr}`)
}

async function byPage({ gate }: Guarded, { cookie }: SignedIn, { sessionId }: SignedIn): Promise<void> {
  const person = new Person(gate.port)
  person.hold(new URL(gate.portal).host, cookie)
  const page = await person.open(`${gate.portal}/.factorgate/account`)
  const done = await person.submit(page, {}, new RegExp(`/${sessionId}/end$`))
  if (done.status !== 200) throw new Error(`the account page answered ${done.status}: ${done.body.slice(0, 200)}`)
}
