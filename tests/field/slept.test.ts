/** A gate that has slept (a paused machine, SIGSTOP): whoever was shut out meanwhile gets nothing, though nobody could tell the gate. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import http, { type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { Standstill } from '../../src/watchers/standstill.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { ok, startUpstream } from '../fixtures/in-process/upstream.ts'
import { readsTypeScript } from '../fixtures/process/program.ts'
import { startRedisProxy } from '../fixtures/process/redis-proxy.ts'
import { startRedis, until } from '../fixtures/process/redis-server.ts'

const lmdb = new URL('../../src/store/lmdb/lmdb.ts', import.meta.url).href

t.test('a look that comes late says for how long nothing was done, also where the machine slept', t => {
  const now = { running: 0, wall: 0, machine: 0 }
  const stood: number[] = []
  const standstill = new Standstill({
    onStood: ms => stood.push(ms),
    clocks: { running: () => now.running, wall: () => now.wall, machine: () => now.machine }
  })
  const after = (running: number, wall: number, machine: number) => {
    now.running += running
    now.wall += wall
    now.machine += machine
    standstill.look()
    return stood.splice(0)
  }
  t.same(after(500, 500, 0), [])
  t.same(after(2900, 3000, 3000), [], 'a busy process')
  t.same(after(600_000, 600_000, 600_000), [600_000], 'SIGSTOP')
  t.same(after(1, 1, 0), [], 'it is said once')
  t.same(after(10, 600_000, 600_000), [599_589], 'the machine slept')
  t.same(after(10, 10, 0), [])
  t.same(after(10, 600_000, 0), [], 'somebody has set the clock')
  t.same(after(10, -600_000, 0), [])
  t.end()
})

t.test('a slow start is no standstill', t => {
  const now = { running: 0, wall: 0, machine: 0 }
  const stood: number[] = []
  const standstill = new Standstill({
    onStood: ms => stood.push(ms),
    clocks: { running: () => now.running, wall: () => now.wall, machine: () => now.machine }
  })
  t.teardown(() => standstill.stop())
  Object.assign(now, { running: 10_000, wall: 20_000, machine: 20_000 })
  standstill.start()
  standstill.look()
  t.same(stood, [])
  Object.assign(now, { running: 10_500, wall: 31_000, machine: 31_000 })
  standstill.look()
  t.same(stood, [10_500], 'the machine slept')
  t.end()
})

t.test(
  'with the embedded store: who was signed out while the gate slept is not served once, and downloads end',
  async t => {
    const upstream = await startUpstream(t, (socket, { line }) => {
      socket.write(line.includes('/large') ? 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun' : ok)
    })
    const gate = await startGateway(t, {
      apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: mfa }] }`
    })
    const { cookies, principal } = await gate.signIn(await gate.account('alice'), 'one')
    const headers = { host: `one.localhost:${gate.port}`, cookie: cookies.one as string }
    const visit = async () => (await gate.request('GET', `${gate.origin('one')}/x`, headers)).status
    t.equal(await visit(), 200)
    const download = await new Promise<IncomingMessage>((resolve, reject) =>
      http.get({ host: '127.0.0.1', port: gate.port, path: '/large', headers }, resolve).on('error', reject)
    )
    t.equal(String((await once(download, 'data'))[0]), 'begun')
    const ended = new Promise<void>(resolve =>
      download
        .on('error', () => {})
        .on('close', resolve)
        .resume()
    )

    const { now } = performance
    t.teardown(() => Object.assign(performance, { now }))
    // Nobody hears this process: it makes a new signal file, which nobody watches.
    rmSync(join(gate.folder, 'store', 'bell'))
    const key = `session:${principal.session.id}`
    // A second store in this process would wait for the gate's writes without letting them end.
    const script = `import { openLmdb } from ${JSON.stringify(lmdb)}
      const store = openLmdb(process.argv[1])
      console.log(await store.delete(process.argv[2]))
      await store.close()`
    const run = [readsTypeScript, '--input-type=module', '--eval', script, join(gate.folder, 'store'), key]
    t.equal((await promisify(execFile)(process.execPath, run)).stdout, 'true\n')
    performance.now = () => now.call(performance) + 600_000
    gate.server.runtime.standstill.look()
    t.not(await visit(), 200)
    await ended
    t.equal(download.complete, false)
    t.equal(gate.log.filter(({ msg }) => /stood still/.test(String(msg))).length, 1)
  }
)

t.test('who was signed out while the gate slept is not served once, although Redis is gone without a word', async t => {
  const redis = await startRedis(t)
  const way = await startRedisProxy(t, redis.port)
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    store: way.url,
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: mfa }] }`
  })
  const { cookies, principal } = await gate.signIn(await gate.account('alice'), 'one')
  const visit = async () =>
    (await gate.request('GET', `${gate.origin('one')}/x`, { cookie: cookies.one as string })).status
  t.equal(await visit(), 200)
  t.equal(await visit(), 200)

  const { now } = performance
  t.teardown(() => Object.assign(performance, { now }))
  way.mode = { kind: 'silence' }
  t.equal(await redis.cli('DEL', `factorgate:session:${principal.session.id}`), '1')
  performance.now = () => now.call(performance) + 600_000
  t.equal(await visit(), 503, 'it asks, and nobody answers')
  t.ok(gate.log.some(({ msg, seconds }) => /stood still/.test(String(msg)) && Number(seconds) >= 600))
  way.mode = { kind: 'relay' }
  way.cut()
  const seen = new Set<number>()
  await until('the store answers', async () => {
    const status = await visit()
    seen.add(status)
    return status !== 503
  })
  t.notOk(seen.has(200), [...seen].join())
})

t.test('who is still signed in is served at once where Redis answers', async t => {
  const redis = await startRedis(t)
  const upstream = await startUpstream(t)
  const gate = await startGateway(t, {
    store: redis.url,
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}", rules: [{ access: mfa }] }`
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one')
  const visit = async () =>
    (await gate.request('GET', `${gate.origin('one')}/x`, { cookie: cookies.one as string })).status
  const { now } = performance
  t.teardown(() => Object.assign(performance, { now }))
  for (let n = 1; n <= 3; n++) {
    performance.now = () => now.call(performance) + n * 600_000
    t.same(await Promise.all([visit(), visit(), visit()]), [200, 200, 200])
  }
  await until('notices are heard again', async () => gate.server.runtime.cache.isTold)
})
