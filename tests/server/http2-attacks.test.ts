/** Attacks on HTTP/2 in single frames, and a good client beside them. On Node 24 alone. */
import { once } from 'node:events'
import t, { type Test } from 'tap'
import {
  ask,
  block,
  FrameLine,
  flag,
  frame,
  frameType,
  openSession,
  requestHead,
  uint32
} from '../fixtures/in-process/http2-client.ts'
import { ok, type Recorded, startUpstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { at, host, makeApp } from '../fixtures/pipeline/forwarding.ts'
import { startHttp2Gate } from '../fixtures/pipeline/http2.ts'
import { isOnNode24 } from '../fixtures/process/on-node-24.ts'

type Pairs = readonly (readonly [string, string | undefined])[]

const both = flag.endStream | flag.endHeaders
const headersOf = (id: number, more: Pairs = [], flags: number = both) =>
  frame(frameType.headers, flags, id, block(requestHead(host, more)))

async function start(t: Test, more: Parameters<typeof startHttp2Gate>[2] = {}) {
  const up = await startUpstream(t, (socket, { line }) => {
    if (line.includes('/events')) socket.write('HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n')
    else if (line.includes('/big'))
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`)
    else socket.write(ok)
  })
  const gate = await startHttp2Gate(t, [makeApp({ upstreams: [at(up)] })], more)
  const good = await openSession(t, gate.port, host)
  /** Fails if the good client is not served, and answers the requests that the app got before. */
  const fence = async (t: Test): Promise<Recorded[]> => {
    t.match(await ask(good, '/fence'), { status: 200, body: 'ok' }, 'the good client is served')
    return up.requests.splice(0).filter(({ line }) => !line.includes('/fence'))
  }
  return { up, gate, good, fence }
}

if (isOnNode24(t, import.meta.url)) {
  t.test(
    'F18 · HTTP/2 requests whose heads and frames would mean something else in HTTP/1.1 → refused, and the app gets nothing, or one request as it is',
    async t => {
      const { gate, fence } = await start(t)
      /** A number: the status by its code in the body; `reset`, `goaway`: so it ends. */
      const rows: [sentence: string, more: Pairs, end: RegExp][] = [
        ['Transfer-Encoding', [['transfer-encoding', 'chunked']], /reset|goaway/],
        ['a length without a body', [['content-length', '5']], /reset|goaway/],
        [
          'two lengths',
          [
            ['content-length', '0'],
            ['content-length', '5']
          ],
          /reset|goaway/
        ],
        ['a length that is none', [['content-length', '+0']], /reset|goaway/],
        ['TE other than trailers', [['te', 'gzip']], /reset|goaway/],
        ['Keep-Alive', [['keep-alive', 'timeout=5']], /reset|goaway/],
        ['Proxy-Connection', [['proxy-connection', 'keep-alive']], /reset|goaway/],
        ['upper case in a name', [['X-A', '1']], /reset|goaway/],
        ['a request line in the path', [[':path', '/ HTTP/1.1\r\nHost: evil\r\n\r\nGET /']], /reset|goaway/],
        ['a blank in the path', [[':path', '/a b']], /reset|goaway/],
        ['a request line in the method', [[':method', 'GET / HTTP/1.1\r\nx:']], /reset|goaway/],
        ['a method in lower case', [[':method', 'get']], /bad_request/],
        ['an unknown method', [[':method', 'GETS']], /bad_request/],
        ['TRACE', [[':method', 'TRACE']], /method_not_allowed/],
        ['a number sign in the path', [[':path', '/a#b']], /bad_request/],
        ['the absolute form', [[':path', `https://${host}/`]], /reset|goaway|bad_request/],
        [
          'an asterisk',
          [
            [':path', '*'],
            [':method', 'OPTIONS']
          ],
          /bad_request/
        ],
        ['no path', [[':path', undefined]], /reset|goaway/],
        ['an empty path', [[':path', '']], /reset|goaway/],
        [
          'two paths',
          [
            [':path', '/a'],
            [':path', '/b']
          ],
          /reset|goaway/
        ],
        ['no method', [[':method', undefined]], /reset|goaway/],
        ['no scheme', [[':scheme', undefined]], /reset|goaway/],
        ['an unknown pseudo header', [[':evil', '1']], /reset|goaway/],
        ['another host beside the authority', [['host', 'evil.example']], /bad_request/],
        [
          'two hosts',
          [
            ['host', host],
            ['host', host]
          ],
          /reset|goaway|bad_request/
        ],
        ['user info in the authority', [[':authority', `admin@${host}`]], /reset|goaway|bad_request/],
        [
          'user info in the host alone',
          [
            [':authority', undefined],
            ['host', `admin@${host}`]
          ],
          /reset|goaway|bad_request/
        ],
        ['neither authority nor host', [[':authority', undefined]], /reset|goaway/],
        ['a host that the gate does not serve', [[':authority', 'other.example']], /misdirected/],
        [
          'two destinations',
          [
            ['destination', '/a'],
            ['destination', '/b']
          ],
          /bad_request/
        ]
      ]
      for (const [sentence, more, end] of rows) {
        const line = await FrameLine.open(t, gate.port)
        line.send(headersOf(1, more))
        const { body, end: ended } = await line.stream(1)
        t.match(`${ended} ${body}`, end, sentence)
        line.socket.destroy()
      }
      t.same(
        (await fence(t)).map(({ line }) => line),
        [],
        'the app got nothing'
      )
      const same: [sentence: string, more: Pairs, name: string, values: string[]][] = [
        ['a line with CR and LF in its value', [['x-a', '1\r\nremote-user: mallory']], 'remote-user', ['alice']],
        [
          'a line with NUL in its value',
          [
            ['x-a', '1\0'],
            ['x-b', '2']
          ],
          'x-b',
          ['2']
        ],
        ['an empty name', [['', '1']], '', []],
        ['a colon in a name', [['x-a: 1\r\nx', '1']], 'x-a', []],
        [
          'the host alone',
          [
            [':authority', undefined],
            ['host', host]
          ],
          'host',
          [host]
        ]
      ]
      for (const [sentence, more, name, wanted] of same) {
        const line = await FrameLine.open(t, gate.port)
        line.send(headersOf(1, more))
        await line.stream(1)
        line.socket.destroy()
        const requests = await fence(t)
        t.ok(requests.length <= 1, `${sentence}: one request at most`)
        for (const request of requests) t.strictSame(valuesOf(request, name), wanted, sentence)
      }
    }
  )

  t.test(
    'F19 · a head of too many lines, cookies or bytes over HTTP/2 → 431 as over HTTP/1.1, or no answer beyond',
    async t => {
      const { gate, fence } = await start(t)
      const many = (count: number, name: string): [string, string][] =>
        Array.from({ length: count }, (_, i) => [name, `a${i}=1`])
      const rows: [sentence: string, more: Pairs, end: RegExp][] = [
        ['120 cookies of a line each', many(120, 'cookie'), /whole ok/],
        ['120 other lines', many(120, 'x-a'), /headers_too_large/],
        [
          '17 kB in one line, asked by a browser',
          [
            ['accept', 'text/html'],
            ['x-a', 'x'.repeat(17_000)]
          ],
          /whole <!doctype html>.*are too long/
        ],
        [
          '17 kB of path, asked by a script',
          [
            ['accept', '*/*'],
            [':path', `/${'x'.repeat(17_000)}`]
          ],
          /headers_too_large/
        ],
        ['700 lines', many(700, 'x-a'), /reset|goaway/]
      ]
      for (const [sentence, more, end] of rows) {
        const line = await FrameLine.open(t, gate.port)
        const bytes = block(requestHead(host, more))
        const parts = []
        for (let i = 0; i < bytes.length; i += 16_000) parts.push(bytes.subarray(i, i + 16_000))
        line.send(
          ...parts.map((part, i) =>
            frame(
              i === 0 ? frameType.headers : frameType.continuation,
              (i === 0 ? flag.endStream : 0) | (i === parts.length - 1 ? flag.endHeaders : 0),
              1,
              part
            )
          )
        )
        const { body, end: ended } = await line.stream(1)
        t.match(`${ended} ${body}`, end, sentence)
        line.socket.destroy()
      }
      t.equal((await fence(t)).length, 1)
    }
  )

  t.test(
    'F20 · requests of several people and hosts, woven together on one HTTP/2 connection → each is judged alone',
    async t => {
      const who = { id: 'anna', name: 'anna', displayName: 'Anna', email: 'a@b.example', groups: [] }
      const { gate, fence } = await start(t, {
        who: ({ headers }) =>
          headers['x-who'] === undefined ? null : { ...who, id: `${headers['x-who']}`, name: `${headers['x-who']}` }
      })
      const line = await FrameLine.open(t, gate.port)
      line.send(
        headersOf(
          1,
          [
            [':method', 'POST'],
            ['x-who', 'anna']
          ],
          flag.endHeaders
        ),
        headersOf(3, [[':method', 'POST']], flag.endHeaders),
        headersOf(5, [
          [':authority', 'other.example'],
          ['x-who', 'anna']
        ]),
        frame(frameType.data, 0, 3, 'stranger'),
        frame(frameType.data, 0, 1, 'an'),
        headersOf(7, [['x-who', 'bob']]),
        frame(frameType.data, flag.endStream, 1, 'na'),
        frame(frameType.data, flag.endStream, 3, '!')
      )
      for (const id of [1, 3, 7]) t.match(await line.stream(id), { end: 'whole', body: 'ok' }, `stream ${id}`)
      t.match(await line.stream(5), { body: /misdirected/ }, 'another host')
      line.socket.destroy()
      const got = (await fence(t)).map(one => `${valuesOf(one, 'remote-user')} ${one.body}`)
      t.strictSame(got.sort(), [' stranger!', 'anna anna', 'bob '])
    }
  )

  t.test(
    'D18 · HTTP/2 connections that say nothing, little, or half a head, and open ones without a request → ended in time',
    async t => {
      const { gate } = await start(t, { listener: { headersTimeoutMs: 150 } })
      const half = headersOf(1, [], flag.endStream)
      const rows: [sentence: string, first: Buffer[], later: Buffer][] = [
        ['silence', [], Buffer.alloc(0)],
        ['pings', [], frame(frameType.ping, 0, 0, Buffer.alloc(8))],
        ['half a head, byte by byte', [half.subarray(0, 20)], half.subarray(20, 21)],
        ['a head without its end', [half], Buffer.alloc(0)]
      ]
      for (const [sentence, first, later] of rows) {
        const line = await FrameLine.open(t, gate.port)
        line.send(...first)
        const trickle = setInterval(() => line.send(later), 50)
        await line.closed()
        clearInterval(trickle)
        t.pass(`ended: ${sentence}`)
      }
      const events = await openSession(t, gate.port, host)
      const stream = events.request({ ':path': '/events' })
      await once(stream, 'data')
      const silent = await FrameLine.open(t, gate.port)
      await silent.closed()
      t.notOk(stream.destroyed || events.destroyed, 'a connection with an open stream stays')
      t.match(await ask(await openSession(t, gate.port, host), '/plain'), { status: 200 }, 'a new one is served')
    }
  )

  t.test(
    'D19 CVE-2023-44487 CVE-2025-8671 CVE-2024-27316 CVE-2019-9515 CVE-2019-9512 · floods of resets, heads, settings, pings, empty and wrong frames on one HTTP/2 connection → bounded, and the good client is served meanwhile',
    async t => {
      const { gate, good, up } = await start(t)
      const ids = Array.from({ length: 3_000 }, (_, i) => 2 * i + 1)
      const rows: [sentence: string, frames: Buffer[], most: number, isEnded?: true][] = [
        ['rapid reset', ids.flatMap(id => [headersOf(id), frame(frameType.reset, 0, id, uint32(8))]), 400, true],
        ['streams beyond the limit', ids.map(id => headersOf(id, [[':path', '/events']])), 64, true],
        [
          'resets that the gate is made to send (windows of zero)',
          ids.flatMap(id => [headersOf(id), frame(frameType.window, 0, id, uint32(0))]),
          400,
          true
        ],
        [
          'resets that the gate is made to send (data after the end)',
          ids.flatMap(id => [headersOf(id), frame(frameType.data, flag.endStream, id, 'x')]),
          400,
          true
        ],
        [
          'resets that the gate is made to send (windows that overflow)',
          ids.flatMap(id => [headersOf(id), frame(frameType.window, 0, id, uint32(0x7fffffff))]),
          400,
          true
        ],
        [
          'CONTINUATION without an end',
          [headersOf(1, [], 0), ...ids.map(() => frame(frameType.continuation, 0, 1, block([['x-a', '1']])))],
          0,
          true
        ],
        ['settings', ids.map(() => frame(frameType.settings, 0, 0)), 0],
        ['pings', ids.map(() => frame(frameType.ping, 0, 0, Buffer.alloc(8))), 0],
        [
          'empty data',
          [headersOf(1, [[':method', 'POST']], flag.endHeaders), ...ids.map(() => frame(frameType.data, 0, 1))],
          1
        ],
        ['frames of an unknown type', ids.map(() => frame(99, 0, 0, 'x')), 0],
        ['malformed requests', ids.map(id => headersOf(id, [['connection', 'x']])), 0, true],
        ['priorities', ids.map(id => frame(frameType.priority, 0, id, Buffer.alloc(5))), 0]
      ]
      for (const [sentence, frames, most, isEnded] of rows) {
        up.requests.length = 0
        const line = await FrameLine.open(t, gate.port)
        const cpu = process.cpuUsage()
        // In pieces, so that the gate begins with the first requests.
        for (let i = 0; i < frames.length; i += 60) {
          line.send(...frames.slice(i, i + 60))
          await new Promise(setImmediate)
        }
        line.send(frame(frameType.ping, 0, 0, Buffer.from('finished')))
        t.match(await ask(good, '/fence'), { status: 200, body: 'ok' }, `${sentence}: the good client`)
        const isLast = ({ type, payload }: { type: number; payload: Buffer }) =>
          type === frameType.goaway || (type === frameType.ping && payload.toString() === 'finished')
        const last = await line.find(isLast)
        if (isEnded) t.ok(last === null || last.type === frameType.goaway, `${sentence}: the connection ends`)
        // What reaches the app has reached it before this.
        await ask(good, '/fence')
        const { user, system } = process.cpuUsage(cpu)
        const got = up.requests.filter(one => !one.line.includes('/fence')).length
        t.comment(`measured: ${sentence}: ${got} requests reached the app, ${Math.round((user + system) / 1000)} ms`)
        t.ok(got <= most, `${sentence}: ${got} requests reached the app`)
        line.socket.destroy()
      }
    }
  )

  t.test(
    'D20 · an HTTP/2 client never takes its answers (windows of zero), or takes them by the byte → the app is stopped by back-pressure, and the streams end',
    async t => {
      const { gate, fence } = await start(t, { listener: { stallMs: 300 } })
      // SETTINGS_INITIAL_WINDOW_SIZE (4) of zero.
      const line = await FrameLine.open(t, gate.port, Buffer.concat([Buffer.from([0, 4]), uint32(0)]))
      const ids = Array.from({ length: 32 }, (_, i) => 2 * i + 1)
      line.send(...ids.map(id => headersOf(id, [[':path', '/big']])))
      for (const id of ids) t.match(await line.stream(id), { body: '', end: 'reset', code: 2 })
      const patient = await FrameLine.open(t, gate.port, Buffer.concat([Buffer.from([0, 4]), uint32(0)]))
      patient.send(headersOf(1, [[':path', '/big']]))
      const taking = setInterval(() => patient.send(frame(frameType.window, 0, 1, uint32(40_000))), 50)
      patient.send(frame(frameType.window, 0, 0, uint32(1_000_000)))
      t.match(await patient.stream(1), { end: 'whole' }, 'a slow client that takes something gets all of it')
      clearInterval(taking)
      await fence(t)
    }
  )
}
