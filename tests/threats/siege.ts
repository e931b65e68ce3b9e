/** The longer attacks of A8, one function each: half heads, stalled handshakes, floods of hashes, full disks. */
import { renameSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Test } from 'tap'
import { pipelineOf } from '../../plugins/forward.ts'
import { buildGateway } from '../../src/gateway.ts'
import { Listener } from '../../src/listener.ts'
import { parse, RawClient } from '../forwarding/gate.ts'
import type { Running } from '../helpers/gateway.ts'
import { makeCertificates, until } from '../helpers/redis-server.ts'
import type { Upstream } from '../helpers/upstream.ts'
import { guess, type HeldForm, head, password, readyz, timed } from './doors.ts'

export interface Ground {
  readonly gate: Running
  readonly upstream: Upstream
  readonly form: HeldForm
  /** Host of the app, with its port. */
  readonly host: string
  /** The line of a signed-in person, and of the page of ours. */
  readonly cookie: string
  readonly portalHost: string
  /** Bytes that `/endless` and `/large` have produced so far. */
  readonly produced: () => number
}

/** Somebody who is signed in gets their page, whatever else goes on. */
export async function served(t: Test, { gate, cookie }: Ground): Promise<void> {
  const { status } = await gate.request('GET', `${gate.origin('one')}/`, { cookie: cookie.slice('Cookie: '.length) })
  t.equal(status, 200, 'the good client is served')
}

/** Heads that never end, beside a good client; a listener of the same pipeline with a shorter patience. */
export async function halfHeads(t: Test, { gate, host, cookie, upstream }: Ground): Promise<void> {
  const pipeline = await buildGateway(await gate.load(), gate.server.runtime)
  const patienceMs = 600
  const listener = new Listener(pipelineOf(pipeline), {
    maxHeaderSize: 16_384,
    tls: null,
    headersTimeoutMs: patienceMs
  })
  const { port } = await listener.listen('127.0.0.1', 0)
  t.teardown(async () => {
    await listener.close(0)
    await pipeline.close()
  })
  const before = upstream.requests.length
  const slow = await Promise.all(Array.from({ length: 500 }, () => RawClient.open(port)))
  t.teardown(() => {
    for (const client of slow) client.socket.destroy()
  })
  const began = performance.now()
  const trickle = setInterval(() => {
    for (const client of slow) if (!client.isClosed) client.send('a')
  }, 100)
  t.teardown(() => clearInterval(trickle))
  for (const client of slow) client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n${cookie}\r\nX-Slow: `)
  const times: number[] = []
  for (let n = 0; n < 100; n++) {
    const good = await RawClient.open(port)
    times.push(
      await timed(async () => {
        good.send(`${head('GET', '/', host, [cookie, 'Connection: close'])}\r\n\r\n`)
        t.equal(parse(await good.rest()).status, 200)
      })
    )
  }
  const answers = await Promise.all(slow.map(client => client.rest()))
  t.equal(answers.filter(answer => answer.startsWith('HTTP/1.1 400') || answer.startsWith('HTTP/1.1 408')).length, 500)
  const took = performance.now() - began
  t.ok(took < 15_000, `all were closed after ${took.toFixed(0)} ms of ${patienceMs} ms patience`)
  const p99 = times.sort((a, b) => a - b)[98] as number
  t.comment(`good client beside 500 half heads: p99 ${p99.toFixed(1)} ms`)
  t.ok(p99 < 5_000)
  t.equal(upstream.requests.length - before, 100, 'the app saw the good client alone')
}

export async function stalledHandshake(t: Test): Promise<void> {
  const { cert, key } = await makeCertificates(t)
  const listener = new Listener(
    { request: (_request, response) => response.end(), upgrade: (_request, socket) => socket.destroy() },
    { maxHeaderSize: 16_384, tls: { cert, key }, headersTimeoutMs: 300 }
  )
  const { port } = await listener.listen('127.0.0.1', 0)
  t.teardown(() => listener.close(0))
  for (const bytes of ['', '\x16\x03\x01', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']) {
    const client = await RawClient.open(port)
    t.teardown(() => client.socket.destroy())
    client.send(bytes)
    await client.rest()
    t.ok(client.isClosed, `${bytes.length} bytes of a handshake`)
  }
}

export async function hashFlood(t: Test, { gate, form, cookie }: Ground): Promise<void> {
  const from = (n: number) => ({ 'x-forwarded-for': `198.51.${n >> 8}.${n & 255}` })
  const lag = monitorEventLoopDelay({ resolution: 5 })
  const good: number[] = []
  let isOver = false
  const goodClient = (async () => {
    while (!isOver)
      good.push(
        await timed(() => gate.request('GET', `${gate.origin('one')}/`, { cookie: cookie.slice('Cookie: '.length) }))
      )
  })()
  lag.enable()
  const statuses = await Promise.all(
    Array.from({ length: 200 }, (_, n) => guess(gate, form, `flood-${n}`, 'x'.repeat(64), from(n)))
  )
  isOver = true
  lag.disable()
  await goodClient
  const count = (status: number) => statuses.filter(answer => answer.status === status).length
  t.equal(count(401) + count(503), 200, 'wrong, or too many at once')
  t.ok(count(401) >= 34, `${count(401)} were hashed: those who found a place are answered`)
  t.ok(count(503) > 0, `${count(503)} were told to come back`)
  t.ok(statuses.filter(answer => answer.status === 503).every(answer => Number(answer.headers['retry-after']) > 0))
  const ms = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(1)
  t.comment(
    `event loop in the flood: mean ${ms(lag.mean)} ms, p99 ${ms(lag.percentile(99))} ms, longest ${ms(lag.max)} ms; ` +
      `good client: ${good.length} answers meanwhile, longest ${Math.max(...good).toFixed(1)} ms`
  )
  t.ok(lag.mean / 1e6 < 250, 'the loop is not held up')
  t.ok(good.length >= 3, 'the good client is served meanwhile')
  const cpu = process.cpuUsage()
  for (let n = 0; n < 50; n++) {
    const { status } = await guess(gate, form, `long-${n}`, 'y'.repeat(2_000), from(1_000 + n))
    t.equal(status, 401)
  }
  const { user } = process.cpuUsage(cpu)
  t.comment(`50 passwords of 2,000 letters cost ${(user / 50_000).toFixed(1)} ms of processor each, unhashed`)
}

export async function fullDisk(t: Test, { gate, upstream, cookie, form }: Ground): Promise<void> {
  const journal = path.join(gate.folder, 'journal.jsonl')
  const kept = `${journal}.kept`
  const ask = () => gate.request('GET', `${gate.origin('one')}/`, { cookie: cookie.slice('Cookie: '.length) })
  for (const [name, target] of [
    ['a full disk', '/dev/full'],
    ['a folder in its place', '/proc']
  ] as const) {
    renameSync(journal, kept)
    symlinkSync(target, journal)
    await until(`${name} is noticed`, async () => {
      await ask()
      return !gate.server.runtime.journal.writable
    })
    const before = upstream.bytes().length
    const answers = [await ask(), await guess(gate, form, 'alice', password, { 'x-forwarded-for': '203.0.113.9' })]
    for (const { status, headers } of answers)
      t.same([status, headers['factorgate-error']], [503, 'journal_unwritable'], name)
    t.equal(await readyz(gate), 503)
    t.equal(upstream.bytes().length, before, 'nothing upstream')
    rmSync(journal)
    renameSync(kept, journal)
    await until('it serves again', async () => (await ask()).status === 200 && (await readyz(gate)) === 200)
  }
  t.ok(gate.log.some(line => line.msg === 'the journal cannot be written' && line.problem === 'ENOSPC'))
}
