/** The longer attacks on availability (THREATS D4 to D7), one function each: half heads, stalled handshakes, floods of hashes, full disks. */
import { renameSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Test } from 'tap'
import { pipelineOf } from '../../../plugins/forward.ts'
import { buildGateway } from '../../../src/gateway.ts'
import { Listener } from '../../../src/server/listener.ts'
import type { Running } from '../../fixtures/in-process/gateway.ts'
import type { Upstream } from '../../fixtures/in-process/upstream.ts'
import { parse, RawClient } from '../../fixtures/pipeline/forwarding.ts'
import { makeCertificates, until } from '../../fixtures/process/redis-server.ts'
import { formType, guess, type HeldForm, head, password, readyz, timed } from '../doors.ts'
import { hashes } from './hash-count.ts'

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
  const p99 = times.sort((a, b) => a - b)[98] as number
  t.comment(`measured: good client beside 500 half heads: p99 ${p99.toFixed(1)} ms`)
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

/** So many hashes are computed at a time (src/identity/password/password.ts). */
const atATime = 2

export async function hashFlood(t: Test, { gate, form, cookie, portalHost }: Ground): Promise<void> {
  const from = (n: number) => ({ 'x-forwarded-for': `198.51.${n >> 8}.${n & 255}` })
  const lag = monitorEventLoopDelay({ resolution: 5 })
  const before = hashes.begun
  let good = 0
  let isOver = false
  const goodClient = (async () => {
    while (!isOver) {
      const { status } = await gate.request('GET', `${gate.origin('one')}/`, {
        cookie: cookie.slice('Cookie: '.length)
      })
      if (status === 200 && hashes.running > 0) good++
    }
  })()
  hashes.most = hashes.maxBusy = 0
  lag.enable()
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, n) => guess(gate, form, `flood-${n}`, 'x'.repeat(64), from(n)))
  )
  isOver = true
  lag.disable()
  await goodClient
  const count = (status: number) => answers.filter(answer => answer.status === status).length
  t.equal(count(401) + count(503), 200, 'wrong, or too many at once')
  t.equal(hashes.begun - before, count(401), 'each that was answered was hashed once, the others not at all')
  // How many find a place is held by tests/identity/password.test.ts. On a busy machine some of them wait too long, and hear 503.
  t.ok(count(401) >= atATime, `${count(401)} were hashed`)
  t.ok(count(503) > 0, `${count(503)} were told to come back`)
  t.equal(hashes.most, atATime, 'never more than two at a time')
  t.ok(hashes.maxBusy <= 2 * atATime, `never more than two processes do the same: ${hashes.maxBusy} at once`)
  t.ok(answers.filter(answer => answer.status === 503).every(answer => Number(answer.headers['retry-after']) > 0))
  const ms = (nanoseconds: number) => (nanoseconds / 1e6).toFixed(1)
  t.comment(
    `measured: event loop in a flood of hashes: mean ${ms(lag.mean)} ms, p99 ${ms(lag.percentile(99))} ms, longest ${ms(lag.max)} ms`
  )
  t.ok(good >= 3, `${good} pages of the good client came while hashes were under way`)

  const hashed = hashes.begun
  for (let n = 0; n < 50; n++) {
    const { status } = await guess(gate, form, `long-${n}`, 'y'.repeat(n % 2 ? 1_025 : 2_000), from(1_000 + n))
    t.equal(status, 401)
  }
  t.equal(hashes.begun, hashed, 'a password of more than 1,024 bytes is not hashed')
  const bytes = `username=alice&csrf=${form.csrf}&password=${'z'.repeat(1024 * 1024)}`
  const posted = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const client = await RawClient.open(gate.port)
      t.teardown(() => client.socket.destroy())
      client.send(
        `${head('POST', '/.factorgate/login', portalHost, [
          `Origin: ${gate.portal}`,
          `Cookie: ${form.cookie}`,
          `Content-Type: ${formType}`,
          `Content-Length: ${bytes.length}`
        ])}\r\n\r\n${bytes}`
      )
      return client.until('\r\n\r\n')
    })
  )
  for (const answer of posted) t.match(answer, /^HTTP\/1\.1 413 /, 'a megabyte')
  t.equal(hashes.begun, hashed, 'and a megabyte is not hashed either')
  await guess(gate, form, 'short', 'y'.repeat(1_024), from(2_000))
  t.equal(hashes.begun, hashed + 1, '1,024 bytes are')
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
  t.ok(gate.log.some(line => String(line.msg).startsWith('the journal cannot be written') && line.problem === 'ENOSPC'))
}
