/**
 * WebSockets: echoes through the gate beside a bare TCP tunnel in Node, in front of the same server, turn by turn; and the memory of an
 * idle one.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { guarded } from './gates.ts'
import { median, spread, whole } from './numbers.ts'
import { alternately, ratios } from './pairs.ts'
import { memoryOfAll, program, serveScript, workScript } from './processes.ts'
import { type Bar, type Bench, type Found, table } from './report.ts'

const sizes = [32, 4096, 65_536]
const connections = 16
const depth = 16
const idleLimit = 25

export async function websockets(bench: Bench): Promise<Found> {
  const echoes = await throughput(bench)
  const idle = await resting(bench)
  return { title: 'WebSockets', text: `${echoes.text}\n\n${idle.text}`, bars: [...echoes.bars, idle.bar] }
}

async function throughput({ end, isQuick }: Bench): Promise<{ text: string; bars: Bar[] }> {
  const [rounds, seconds] = isQuick ? [2, 0.4] : [4, 3]
  // Short and middling ones show a gross loss as well.
  const measured = isQuick ? sizes.slice(0, 2) : sizes
  const app = await serveScript(end, 'echo.mjs')
  const { hostname, port } = new URL(app.origin)
  const tunnel = await serveScript(end, 'tcp-tunnel.mjs', hostname, port)
  const { gate, host, headers } = await guarded(end, { upstream: app.origin })
  const rows: string[][] = []
  const bars: Bar[] = []
  for (const bytes of measured) {
    const measure = (to: number) => async () => {
      const asked = { port: to, host, cookie: headers.Cookie, count: connections, bytes, depth, seconds }
      return (await workScript<{ perSecond: number }>(end, 'socket-load.mjs', asked).done).perSecond
    }
    const direct = await measure(Number(port))()
    // Warm: what is compiled and grown once is no cost of a message.
    for (const to of [gate.port, Number(new URL(tunnel.origin).port)]) await measure(to)()
    const [ours, theirs] = (await alternately(
      rounds,
      [gate.port, Number(new URL(tunnel.origin).port)].map(measure)
    )) as [number[], number[]]
    const ratio = ratios(ours, theirs, each => each)
    rows.push([`${whole(bytes)} B`, ...[ours, theirs, [direct]].map(each => whole(median(each))), spread(ratio)])
    bars.push({
      what: `echoes of ${whole(bytes)} B against a bare TCP tunnel`,
      value: median(ratio),
      turns: ratio,
      limit: 0.9,
      better: 'more'
    })
  }
  await gate.stop()
  return {
    text: `Echoes: ${connections} sockets with ${depth} messages under way on each, ${rounds} × ${seconds} s, turn by turn.

${table(['message', 'gate, a second', 'bare tunnel', 'no tunnel', 'gate against tunnel'], rows)}`,
    bars
  }
}

async function resting({ end, isQuick }: Bench): Promise<{ text: string; bar: Bar }> {
  const settleMs = isQuick ? 1_000 : 5_000
  const settle = () => new Promise(resolve => setTimeout(resolve, settleMs))
  const asked = isQuick ? 1_000 : 10_000
  const app = await serveScript(end, 'app.mjs')
  const allowed = socketsFor(asked)
  // A worker is a process, and has as many again.
  const workers = Math.ceil(asked / allowed)
  const { gate, host, headers } = await guarded(end, { upstream: app.origin, config: { workers } })
  const idle = (sockets: number) => {
    const words = { port: gate.port, host, cookie: headers.Cookie, count: sockets, seconds: null }
    return serveScript(end, 'socket-load.mjs', JSON.stringify(words))
  }
  // The first ones make what all share.
  await idle(100)
  await settle()
  const before = memoryOfAll(gate.pid)
  await idle(asked)
  await settle()
  const after = memoryOfAll(gate.pid)
  const each = before === null || after === null ? null : ((after - before) * 1e3) / asked
  const processes = workers > 1 ? ` in ${workers} workers (one may open ${whole(allowed)} here)` : ''
  return {
    text: `Idle: ${whole(asked)} sockets${processes} to one app, opened after a first hundred; resident memory of the gate ${settleMs / 1000} s after the last one.`,
    bar: {
      what: `resident memory of an idle WebSocket, of ${whole(asked)}`,
      value: each,
      limit: idleLimit,
      isCounted: true,
      better: 'less',
      unit: 'kB'
    }
  }
}

/**
 * How many sockets a process may have that is started from now on, once it may have as many as we can give it. A tunnel has two ends, and the
 * gate needs some besides.
 */
function socketsFor(asked: number): number {
  const wanted = 2 * asked + 1_000
  const allowed = () => Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? wanted)
  try {
    if (allowed() < wanted && program('prlimit') !== null)
      execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${wanted}:${wanted}`], { stdio: 'ignore' })
  } catch {
    // Only root may go beyond the limit.
  }
  return Math.floor((allowed() - 1_000) / 2)
}
