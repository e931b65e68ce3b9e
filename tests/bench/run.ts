/**
 * `npm run bench [-- quick | budgets]`: what the gate costs, in one run on one machine. Signed-in requests through the gate beside the same
 * through bare @fastify/http-proxy, turn by turn, so that whatever else the machine does meets both; then bulk, then budgets.
 * Prints Markdown; ends with 1 where a limit is broken.
 */
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { type Ender, type Gate, startGate } from '../helpers/gate.ts'
import { Person } from '../helpers/person.ts'
import { type Budget, budgets } from './budgets.ts'
import { download, upload } from './bulk.ts'
import { generator, type Measured, press } from './load.ts'
import { processorSeconds, type Served, serveNginx, serveScript } from './processes.ts'

const mode = process.argv[2] ?? 'full'
if (!['full', 'quick', 'budgets'].includes(mode)) {
  console.error('usage: npm run bench [-- quick | budgets]')
  process.exit(2)
}
const isQuick = mode === 'quick'
const rounds = isQuick ? 3 : 6
const seconds = isQuick ? 4 : 8
const warmUpSeconds = isQuick ? 2 : 4
const connections = 32
const bulkBytes = isQuick ? 5e8 : 5e9
const bulkMemoryLimit = 150

const version = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8'))
    .version as string

/** A gate in front of `upstream`, and the headers of somebody who is signed in. */
async function guarded(end: Ender, upstream: string): Promise<{ gate: Gate; headers: Record<string, string> }> {
  const gate = await startGate(end, {
    from: 'built',
    apps: [{ id: 'app', title: 'App', url: 'http://app.localhost:HOST', upstream }]
  })
  const person = new Person(gate.port)
  await person.accept(await gate.invite('bench', '--group', 'researchers'), 'a bench of good oak')
  const { host, origin } = new URL(gate.origin('app'))
  await person.open(`${origin}/data`)
  // wrk knows its own header only as `Host`; any other spelling would be sent beside it, and two are refused.
  const headers = { Host: host, Cookie: person.cookies(host) }
  const [inside, outside] = [
    await person.request('GET', `${origin}/data`),
    await new Person(gate.port).request('GET', `${origin}/data`)
  ]
  if (inside.status !== 200 || inside.body.length !== 100)
    throw new Error(`signed in, but ${inside.status}: ${inside.body.slice(0, 200)}`)
  if (outside.status !== 302) throw new Error(`a stranger was answered ${outside.status}`)
  return { gate, headers }
}

/** The same error, with what the gate's journal says happened: the load generator only counts. */
async function explained(gate: Gate, error: unknown): Promise<Error> {
  const tally: Record<string, number> = {}
  for (const { kind, status, outcome } of await gate.journal()) {
    const key = `${kind} ${status ?? ''} ${outcome ?? ''}`.trim()
    tally[key] = (tally[key] ?? 0) + 1
  }
  return new Error(`${error}\n${JSON.stringify(tally, null, 1)}\n${gate.output.slice(-2000)}`)
}

interface Round extends Measured {
  /** Microseconds of processor time a request, all threads; null where the system does not tell. */
  readonly processor: number | null
}

async function requests(end: Ender): Promise<string> {
  const app: Served = (await serveNginx(end)) ?? (await serveScript(end, 'app.mjs'))
  const { gate, headers } = await guarded(end, app.origin)
  const bare = await serveScript(end, 'bare-proxy.mjs', app.origin)
  const sides = [
    { origin: `http://127.0.0.1:${gate.port}`, pid: gate.pid, rounds: [] as Round[] },
    { origin: bare.origin, pid: bare.pid, rounds: [] as Round[] }
  ]
  // Both get the very same bytes; to the bare proxy the cookie means nothing.
  const load = { path: '/data', headers, connections }
  const pressOn = (origin: string, seconds: number) =>
    press({ ...load, origin, seconds }).catch(async error => Promise.reject(await explained(gate, error)))
  for (const side of sides) await pressOn(side.origin, warmUpSeconds)
  for (let round = 0; round < rounds; round++)
    for (const side of sides) {
      const before = processorSeconds(side.pid)
      const measured = await pressOn(side.origin, seconds)
      const after = processorSeconds(side.pid)
      const processor = before === null || after === null ? null : ((after - before) * 1e6) / measured.requests
      side.rounds.push({ ...measured, processor })
    }
  const direct = await press({ ...load, origin: app.origin, seconds: warmUpSeconds })
  const [ours, theirs] = [sides[0]!.rounds, sides[1]!.rounds]
  const row = (name: string, of: readonly Round[]) =>
    `| ${name} | ${whole(median(of.map(each => each.perSecond)))} | ${median(of.map(each => each.p50)).toFixed(1)} | ${median(of.map(each => each.p99)).toFixed(1)} | ${processorOf(of)} |`
  const ratios = ours.map((each, i) => each.perSecond / theirs[i]!.perSecond)
  return `### Signed-in requests

100-byte replies, ${connections} connections, ${rounds} × ${seconds} s each, turn by turn; medians. Load: ${generator}; app: ${app.name}.

| | requests/s | p50 ms | p99 ms | processor µs a request |
|---|---|---|---|---|
${row(`Factorgate ${readVersion()}`, ours)}
${row(`bare @fastify/http-proxy ${version('@fastify/http-proxy')}`, theirs)}
| the app itself | ${whole(direct.perSecond)} | ${direct.p50.toFixed(1)} | ${direct.p99.toFixed(1)} | |

**Ratio: ${median(ratios).toFixed(2)}** (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)} over ${rounds} pairs)${processorRatio(ours, theirs)}
`
}

function processorOf(of: readonly Round[]): string {
  const values = of.flatMap(each => each.processor ?? [])
  return values.length === 0 ? '' : whole(median(values))
}

function processorRatio(ours: readonly Round[], theirs: readonly Round[]): string {
  const ratios = ours.flatMap((each, i) => (each.processor === null ? [] : theirs[i]!.processor! / each.processor))
  return ratios.length === 0 ? '' : `; by processor time ${median(ratios).toFixed(2)}`
}

async function bulk(end: Ender): Promise<{ text: string; isOver: boolean }> {
  const app = await serveScript(end, 'app.mjs')
  const { gate, headers } = await guarded(end, app.origin)
  const input = { port: gate.port, headers, bytes: bulkBytes, pid: gate.pid }
  const rows: string[] = []
  let isOver = false
  for (const [name, carry] of [
    ['upload', upload],
    ['download', download]
  ] as const) {
    const { seconds: took, peakMemory } = await carry(input)
    isOver ||= peakMemory !== null && peakMemory >= bulkMemoryLimit
    rows.push(
      `| ${name} | ${whole(bulkBytes / 1e6 / took)} | ${peakMemory === null ? 'not told' : whole(peakMemory)} | ${bulkMemoryLimit} |`
    )
  }
  return {
    text: `### ${bulkBytes / 1e9} GB through the gate

| | MB/s | most resident MB | limit |
|---|---|---|---|
${rows.join('\n')}
`,
    isOver
  }
}

function budgetTable(all: readonly Budget[]): string {
  return `### Budgets

| | value | limit | |
|---|---|---|---|
${all.map(({ what, value, limit, unit, note }) => `| ${what} | ${value === null ? 'not told' : `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`} | ${limit} ${unit} | ${note} |`).join('\n')}
`
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}

const whole = (value: number) => Math.round(value).toLocaleString('en')

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const ends: (() => unknown)[] = []
const end: Ender = { teardown: fn => ends.unshift(fn) }
const endAll = async () => {
  for (const fn of ends.splice(0)) await fn()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => endAll().then(() => process.exit(1)))

try {
  const machine = `${os.cpus().length} × ${os.cpus()[0]?.model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}`
  console.log(
    `## Bench (${mode})\n\nNode.js ${process.versions.node}, Fastify ${version('fastify')}, undici ${version('undici')}; ${machine}; load average before ${os.loadavg()[0]!.toFixed(1)}.\n`
  )
  let isOver = false
  if (mode !== 'budgets') {
    console.log(await requests(end))
    await endAll()
    const carried = await bulk(end)
    isOver ||= carried.isOver
    console.log(carried.text)
    await endAll()
  }
  const limits = await budgets(end)
  isOver ||= limits.some(({ value, limit }) => value !== null && value >= limit)
  console.log(budgetTable(limits))
  if (isOver) {
    console.error('A limit is broken.')
    process.exitCode = 1
  }
} finally {
  await endAll()
}
