/** What one worker has seen of an upstream is known to the others: a dead address costs one wait, not one for each worker. */
import http from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { App, Upstream } from '../../src/apps/route-table.ts'
import { type UpstreamNews, UpstreamStates } from '../../src/forwarding/upstream-states.ts'
import type { UpstreamState } from '../../src/upstream/upstream-state.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { type Gate, startGate } from '../fixtures/process/gate.ts'

/** Accepts connections and never answers: with `https:` the connection is not open before the timeout. */
async function silent(t: Test): Promise<{ readonly url: string; readonly count: () => number }> {
  const sockets: Socket[] = []
  const server = createServer(socket => sockets.push(socket.on('error', () => {})))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, count: () => sockets.length }
}

/** On a connection of its own, which goes to the next worker. */
function get(gate: Gate): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: new URL(gate.origin('one')).host }
    http
      .get({ host: '127.0.0.1', port: gate.port, agent: false, headers }, async response => {
        let body = ''
        for await (const part of response) body += part
        resolve(`${response.statusCode} ${body}`)
      })
      .on('error', reject)
  })
}

t.test('four workers wait once for an upstream that does not answer', async t => {
  const dead = await silent(t)
  const live = await startUpstream(t, socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
  const upstream = [dead.url, live.origin]
  const app = { id: 'one', url: 'http://one.localhost:HOST', upstream, rules: [{ access: 'public' }] }
  const gate = await startGate(t, {
    apps: [{ ...app, timeouts: { connect: '1s' } }],
    config: { workers: 4 }
  })
  t.equal(await get(gate), '200 ok')
  t.equal(dead.count(), 1, 'the first request of the first worker waits')
  // The primary asks every worker after it has passed on what it was told before.
  const metrics = async () => (await fetch(`http://127.0.0.1:${gate.adminPort}/metrics`)).text()
  await metrics()
  t.match(await metrics(), `factorgate_upstream_up{app="one",upstream="${dead.url}"} 0`)
  // Each worker would begin with the first upstream. At load, two trials may fall due.
  for (let i = 0; i < 8; i++) t.equal(await get(gate), '200 ok')
  t.ok(dead.count() < 4, `${dead.count()} connections to it, from four workers`)
  t.equal(await gate.stop(), 0)
})

const address = { origin: 'http://127.0.0.1:1', basePath: '', socketPath: null } as Upstream
const oneApp = { id: 'one', upstreams: [address] } as unknown as App
const thresholds = { rise: 1, fall: 1 }

/** The states of two workers of one gate, and what each logs. */
function two() {
  const logs: [string[], string[]] = [[], []]
  const told: UpstreamNews[] = []
  const states: UpstreamStates[] = [0, 1].map(
    i =>
      new UpstreamStates(
        (_, problem) => logs[i as 0 | 1].push(problem ?? 'up'),
        news => {
          told.push(news)
          states[1 - i]?.hear(news, time.now)
        }
      )
  )
  const time = { now: 0 }
  const [a, b] = states.map(each => each.of(oneApp, address)) as [UpstreamState, UpstreamState]
  return { a, b, logs, told, time, states }
}

t.test('a refusal, a trial and a success of one worker hold for the other, which logs nothing', async t => {
  const { a, b, logs, told, time } = two()
  a.refused(0, 'ECONNREFUSED')
  t.equal(b.isUp, false)
  t.equal(b.mayBeAsked(999), false)
  t.equal(b.mayBeAsked(1000), true)
  time.now = 1000
  a.asked(1000)
  t.equal(b.mayBeAsked(2999), false, 'the trial of one pauses the other, twice as long')
  t.equal(b.mayBeAsked(3000), true)
  b.reached()
  t.equal(a.isUp, true)
  t.same(logs, [['ECONNREFUSED'], ['up']], 'who sees it logs it')
  t.same(
    told.map(({ sighting }) => sighting),
    ['refused', 'asked', 'reached'],
    'and nobody repeats what was heard'
  )
})

t.test('an upstream asked by every request is told of once a second', async t => {
  const { a, told } = two()
  a.refused(0, 'ECONNREFUSED')
  for (let now = 1; now < 900; now++) a.asked(now)
  t.equal(told.length, 1)
})

t.test('a failed health check of one worker holds for the other, whose own checks may refute it', async t => {
  const { a, b, logs } = two()
  b.checked(null, thresholds)
  a.checked('status 503', thresholds)
  t.equal(b.isHealthy, false)
  t.equal(b.mayBeAsked(1e9), false)
  b.checked(null, thresholds)
  t.equal(a.isHealthy, true)
  t.same(logs, [['status 503'], ['up']])
})

t.test('news of an upstream that this worker does not have is dropped', async t => {
  const { b, states } = two()
  states[1]?.hear({ key: 'of an older configuration', sighting: 'refused' }, 0)
  t.equal(b.isUp, true)
})
