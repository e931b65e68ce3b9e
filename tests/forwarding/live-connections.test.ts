import type { Socket } from 'node:net'
import t from 'tap'
import { closeCodes, LiveConnections, type LiveEntry } from '../../src/forwarding/live-connections.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { alice, at, get, makeApp, startGate } from '../fixtures/pipeline/forwarding.ts'

const half = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'

t.test('ends exactly the connections of a session, of a person, or of an expired permission', t => {
  const ended: string[] = []
  const live = new LiveConnections({ clock: () => 0 })
  t.teardown(() => live.close())
  const add = (name: string, entry: Partial<LiveEntry>) =>
    live.add({
      ...{ sessionId: null, accountId: null, appId: 'app', groups: [], endsAt: null, isSocket: false, bytesMoved: 0 },
      ...entry,
      end: (reason, code) => ended.push(`${name}: ${reason} ${code}`)
    })
  const release = add('one', { sessionId: 'S1', accountId: 'A1', groups: ['x', 'y'] })
  add('two', { sessionId: 'S1', accountId: 'A1', groups: ['y', 'x'], isSocket: true })
  add('three', { sessionId: 'S2', accountId: 'A1', groups: ['x'], endsAt: 100 })
  add('four', { sessionId: 'S3', accountId: 'A2', isSocket: true })
  add('five', {})
  t.equal(live.size, 5)
  t.same(live.sessionIds(), ['S1', 'S2', 'S3'])
  t.ok(live.hasSession('S1') && live.hasAccount('A2'))
  const table: [string, () => number, string[]][] = [
    ['a session', () => live.endSession('S1', 'a'), ['one: a 1008', 'two: a 1008']],
    ['a person', () => live.endAccount('A1', 'b'), ['one: b 1008', 'two: b 1008', 'three: b 1008']],
    ['lost groups', () => live.endAccountUnless('A1', ['x', 'y'], 'c'), ['three: c 1008']],
    [
      'won groups',
      () => live.endAccountUnless('A1', ['x', 'y', 'z'], 'd'),
      ['one: d 1008', 'two: d 1008', 'three: d 1008']
    ],
    ['sockets', () => live.drain(), ['two: shutting down 1001', 'four: shutting down 1001']],
    ['before its time', () => live.expire(99), []],
    ['at its time', () => live.expire(100), ['three: time is up 1008']],
    [
      'nobody',
      () => live.endSession('S9', 'f') + live.endAccount('A9', 'f') + live.endAccountUnless('A9', [], 'f'),
      []
    ],
    [
      'everything',
      () => live.endAll('g', closeCodes.goingAway),
      ['one', 'two', 'three', 'four', 'five'].map(n => `${n}: g 1001`)
    ]
  ]
  for (const [title, end, expected] of table) {
    ended.length = 0
    t.equal(end(), expected.length, title)
    t.same(ended, expected, title)
  }
  release.release()
  release.release()
  t.equal(live.size, 4)
  t.ok(live.hasSession('S1'), 'two is still there')
  t.equal(live.endSession('S1', 'h'), 1)
  t.end()
})

t.test('while draining, a late socket ends and a request may finish', async t => {
  const ended: string[] = []
  const live = new LiveConnections({ clock: () => 0 })
  t.teardown(() => live.close())
  const base = { sessionId: null, accountId: null, appId: 'app', groups: [], endsAt: null, bytesMoved: 0 }
  live.drain()
  live.add({ ...base, isSocket: true, end: (reason, code) => ended.push(`socket: ${reason} ${code}`) })
  live.add({ ...base, isSocket: false, end: () => ended.push('request') })
  await Promise.resolve()
  t.same(ended, ['socket: shutting down 1001'])
  t.equal(live.size, 1)
})

t.test('the timer ends expired connections', async t => {
  let now = 0
  const live = new LiveConnections({ clock: () => now })
  t.teardown(() => live.close())
  const ended = new Promise<string>(resolve => {
    const rest = {
      sessionId: null,
      accountId: null,
      appId: 'app',
      groups: [],
      endsAt: 50,
      isSocket: true,
      bytesMoved: 0
    }
    live.add({ ...rest, end: resolve })
  })
  now = 50
  // The timer of LiveConnections does not keep the process alive, so this one must.
  const awake = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(awake))
  t.equal(await ended, 'time is up')
})

t.test('a revoked session cuts its downloads, uploads and pending requests, and none looks complete', async t => {
  const table: [string, string, ((socket: Socket) => void) | string, string][] = [
    ['download', get(), half, 'half'],
    ['upload', `${get('/', ['Content-Length: 100'], 'PUT')}some`, () => {}, ''],
    ['waiting', get(), () => {}, '']
  ]
  for (const [title, request, script, mark] of table) {
    const up = await startUpstream(t, script)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    const client = await gate.connect()
    client.send(request)
    if (mark !== '') await client.until(mark)
    while (up.bytes().length === 0) await new Promise(resolve => setImmediate(resolve))
    const connection = up.connections[0]!
    const gone = new Promise(resolve => connection.once('close', resolve))
    const end = gate.nextEnd()
    t.equal(gate.live.endSession('S-bob', 'x'), 0, 'somebody else’s')
    t.equal(gate.live.endSession('S-alice', 'session ended'), 1, title)
    t.notMatch(await client.rest(), /0\r\n\r\n$|HTTP/)
    t.match((await end).summary, { outcome: 'cut', cut: 'session ended' })
    await gone
    t.equal(gate.live.size, 0)
  }
})

t.test('a public request without a session is never cut with a session', async t => {
  const up = await startUpstream(t, half)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { who: null })
  const client = await gate.connect()
  client.send(get())
  await client.until('half')
  t.equal(gate.live.endAccount(alice.id, 'x'), 0)
  t.equal(gate.live.size, 1)
  t.equal(gate.live.endAll('over'), 1)
})
