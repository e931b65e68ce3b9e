/**
 * Many sign-ins with password and TOTP in a minute, beside a constant flow of signed-in requests, whose latency counts from the due time,
 * with and without the sign-ins, turn by turn. Nobody may be refused.
 */
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Ender } from '../fixtures/process/gate.ts'
import { readsTypeScript } from '../fixtures/process/program.ts'
import { guarded } from './gates.ts'
import type { Arrived, Crowd } from './newcomers.ts'
import { serveSmall } from './nginx.ts'
import { median, quantile, short, spread, whole } from './numbers.ts'
import { type Flown, flow, lossOf } from './open-loop.ts'
import { alternately, ratios } from './pairs.ts'
import { People } from './people.ts'
import { kill, program, serveScript } from './processes.ts'
import { type Bench, type Found, table } from './report.ts'

/** A second: 500 in a minute. */
const signInsPerSecond = 500 / 60
const rate = 2_000
const working = 50
const leadSeconds = 0.5
/** Who come before all others, so that the gate has compiled what a sign-in takes, as it has after its first morning. */
const warming = 20

export async function storm({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, perRound] = isQuick ? [2, 30] : [2, 250]
  const seconds = perRound / signInsPerSecond
  const quietSeconds = isQuick ? 1.5 : seconds
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const { gate, host, store, people } = await guarded(end, { upstream: app.origin, people: working })
  const names = await People.at(store, at =>
    at.enrolled(warming + rounds * perRound, `${gate.folder}/factorgate.key`, 'newcomer')
  )
  const cookies = people.map(({ cookie }) => cookie)
  const took: number[] = []
  const refused: string[] = []

  const measure = async (seconds: number, during: () => Promise<unknown>) => {
    const { done } = flow(end, { port: gate.port, host, cookies, rate, leadSeconds, seconds })
    await new Promise(resolve => setTimeout(resolve, leadSeconds * 1000))
    await during()
    const flown = await done
    for (let i = 0; i < lossOf(flown); i++) refused.push(`a request of the flow: ${JSON.stringify(flown.refused)}`)
    return flown
  }
  const stormily = async (count: number) => {
    const newcomers = await gather(end)
    return measure(count / signInsPerSecond, async () => {
      const arrived = await newcomers({
        port: gate.port,
        host,
        names: names.splice(0, count),
        perSecond: signInsPerSecond
      })
      took.push(...arrived.took)
      refused.push(...arrived.refused)
    })
  }
  await stormily(warming)
  took.length = 0
  const [quiet, stormy] = (await alternately(rounds, [
    () => measure(quietSeconds, async () => {}),
    () => stormily(perRound)
  ])) as [Flown[], Flown[]]
  if (refused.length > 0) console.error([...new Set(refused)].slice(0, 5).join('\n'))
  const p99 = ratios(stormy, quiet, each => each.p99)
  const row = (name: string, of: readonly Flown[]) => [
    name,
    short(median(of.map(each => each.p50))),
    spread(of.map(each => each.p99)),
    whole(Math.max(...of.map(each => each.max)))
  ]
  return {
    title: 'Sign-in storm',
    text: `${rounds} × ${perRound} people in ${whole(seconds)} s (500 a minute), each from the app's address over name and password (argon2id as configured) and TOTP back to the app; ${whole(rate)} signed-in requests a second meanwhile, and in quiet, turn by turn; ${warming} people have come before. Embedded store; the newcomers' own work has idle cores only. A sign-in took ${took.length === 0 ? 'for ever' : `${whole(median(took))} ms (p99 ${whole(quantile(took, 0.99))})`}, all six requests of it.

${table(['flow', 'p50 ms', 'p99 ms', 'longest ms'], [row('quiet', quiet), row('storm', stormy), ['ratio', spread(ratios(stormy, quiet, each => each.p50)), spread(p99), '']])}`,
    bars: [
      {
        what: 'refused, of newcomers and of the flow',
        value: refused.length,
        limit: 0,
        better: 'less',
        isCounted: true
      },
      { what: 'p99 of the flow, storm against quiet', value: median(p99), turns: p99, limit: 2, better: 'less' }
    ]
  }
}

/**
 * A crowd that waits to be told where to go. In a process of its own, and on idle cores only where the system can: in life their browsers run
 * elsewhere.
 */
async function gather(end: Ender): Promise<(crowd: Crowd) => Promise<Arrived>> {
  const child = fork(new URL('newcomers.ts', import.meta.url), { execArgv: [readsTypeScript] })
  end.teardown(() => kill(child))
  await once(child, 'message')
  if (program('chrt') !== null) execFileSync('chrt', ['-a', '-i', '-p', '0', String(child.pid)])
  return async crowd => {
    const arrived = once(child, 'message')
    child.send(crowd)
    return (await arrived)[0] as Arrived
  }
}
