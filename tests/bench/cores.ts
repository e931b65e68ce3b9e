/**
 * `workers: 2` on two cores beside `workers: 1` on one. App and load generator have the same cores, so that the generator takes its share
 * in both.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { guarded } from './gates.ts'
import { press } from './load.ts'
import { serveSmall } from './nginx.ts'
import { median, spread, whole } from './numbers.ts'
import { alternately, ratios } from './pairs.ts'
import { program, serveScript } from './processes.ts'
import { type Bench, type Found, table } from './report.ts'

const title = 'All cores'
const connections = 64

export async function cores({ end, isQuick }: Bench): Promise<Found> {
  const [rounds, seconds, warmUpSeconds] = isQuick ? [2, 1, 1] : [4, 5, 3]
  const told = (text: string): Found => ({ title, text, bars: [] })
  const available = allowedCores()
  if (program('taskset') === null || available.length < 2)
    return told('Not measured: it takes two cores and `taskset` (util-linux).')
  const app = (await serveSmall(end)) ?? (await serveScript(end, 'app.mjs'))
  const one = await guarded(end, { upstream: app.origin })
  const { stdout } = await one.gate.run('schema')
  if (JSON.parse(stdout).properties.workers === undefined) return told('`workers` is not in this version.')
  const two = await guarded(end, { upstream: app.origin, config: { workers: 2 } })

  const sides = [
    { guarded: two, cores: available.slice(0, 2) },
    { guarded: one, cores: available.slice(0, 1) }
  ]
  const measure = async ({ guarded: { gate, origin, headers }, cores }: (typeof sides)[number], seconds: number) => {
    for (const pid of [...familyOf(gate.pid), ...familyOf(app.pid)]) pin(pid, cores)
    return press({ origin, path: '/data', headers, connections, seconds, cores })
  }
  for (const side of sides) await measure(side, warmUpSeconds)
  const [both, single] = (await alternately(
    rounds,
    sides.map(side => () => measure(side, seconds))
  )) as [Awaited<ReturnType<typeof measure>>[], Awaited<ReturnType<typeof measure>>[]]
  const ratio = ratios(both, single, each => each.perSecond)
  return {
    title,
    text: `${connections} connections, ${rounds} × ${seconds} s each, turn by turn; gate, app (${app.name}) and load generator pinned together, to one core or to two.

${table(
  ['', 'requests/s', 'p99 ms'],
  [
    ['`workers: 2`, two cores', whole(median(both.map(each => each.perSecond))), spread(both.map(each => each.p99))],
    ['`workers: 1`, one core', whole(median(single.map(each => each.perSecond))), spread(single.map(each => each.p99))],
    ['ratio', spread(ratio), '']
  ]
)}`,
    bars: [
      {
        what: 'two workers on two cores against one on one',
        value: median(ratio),
        turns: ratio,
        limit: 1.7,
        better: 'more'
      }
    ]
  }
}

/** Those this process may use (proc(5), Cpus_allowed_list). */
function allowedCores(): number[] {
  const list = /Cpus_allowed_list:\s+(\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap(part => {
    const [from = Number.NaN, to = from] = part.split('-').map(Number)
    return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  })
}

/** A process and its children, and theirs. */
function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return [pid, ...children.flatMap(familyOf)]
}

/** With all its threads; those to come inherit it. */
function pin(pid: number, cores: readonly number[]): void {
  execFileSync('taskset', ['-a', '-c', '-p', cores.join(','), String(pid)], { stdio: 'ignore' })
}
