import type { Socket } from 'node:net'
import t from 'tap'
import { startUpstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { at, type Gate, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'
import { freePort } from '../fixtures/process/free-port.ts'

const chunkedHead = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'

t.test('D14: an app that cannot be reached, does not answer, or answers nonsense has its own error', async t => {
  const closed = await freePort()
  const table: [string, string | ((socket: Socket) => void) | null, number, string][] = [
    ['nobody listens', null, 502, 'app_unreachable'],
    ['it hangs up', socket => socket.destroy(), 502, 'app_unreachable'],
    ['it resets', socket => socket.resetAndDestroy(), 502, 'app_unreachable'],
    ['it says nothing', () => {}, 504, 'app_timeout'],
    ['no HTTP', 'hello\r\n\r\n', 502, 'app_reply_invalid'],
    ['HTTP/2', 'HTTP/2 200\r\n\r\n', 502, 'app_reply_invalid'],
    ['a blank before the colon', 'HTTP/1.1 200 OK\r\nX : 1\r\n\r\n', 502, 'app_reply_invalid'],
    [
      'a control byte in a value',
      'HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n',
      502,
      'app_reply_invalid'
    ],
    ['DEL in a value', 'HTTP/1.1 200 OK\r\nX: a\x7fb\r\nContent-Length: 0\r\n\r\n', 502, 'app_reply_invalid'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 502, 'app_reply_invalid'],
    [
      'length and chunks',
      `${chunkedHead.replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\n')}0\r\n\r\n`,
      502,
      'app_reply_invalid'
    ],
    ['another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx', 502, 'app_reply_invalid'],
    ['status 99', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n', 502, 'app_reply_invalid'],
    [
      'a switch nobody asked for',
      'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      502,
      'app_reply_invalid'
    ],
    ['endless headers', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 502, 'app_reply_invalid']
  ]
  for (const [title, script, status, code] of table) {
    const up = script === null ? { origin: `http://127.0.0.1:${closed}` } : await startUpstream(t, script)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)], responseTimeoutMs: 400 })])
    const answer = await gate.ask(get())
    t.equal(parse(answer).status, status, title)
    t.same(header(answer, 'factorgate-error'), [code], title)
    t.notMatch(answer, /127\.0\.0\.1|ECONN/, 'nothing of the inside shows')
    t.equal(gate.live.size, 0)
    t.ok(gate.causes.length > 0, 'the log knows why')
  }
})

t.test('the app’s error is said after its time has passed since the last byte it was sent', async t => {
  const up = await startUpstream(t, () => {}, { early: true })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)], responseTimeoutMs: 300 })])
  const client = await gate.connect()
  const started = Date.now()
  client.send(get('/', ['Content-Length: 4'], 'PUT'))
  let sent = 0
  const slowly = setInterval(() => {
    client.send('x')
    if (++sent === 4) clearInterval(slowly)
  }, 250)
  const answer = await client.rest()
  t.equal(parse(answer).status, 504)
  t.ok(Date.now() - started > 1_000, 'a slow client is no slow app')
})

t.test('a half answer never looks whole', async t => {
  const table: [string, string, 'FIN' | 'RST', string][] = [
    ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', 'FIN', '1.1'],
    ['in chunks', `${chunkedHead}4\r\nhalf\r\n`, 'FIN', '1.1'],
    ['in chunks, reset', `${chunkedHead}4\r\nhalf\r\n`, 'RST', '1.1'],
    ['until the end, reset', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf', 'RST', '1.1'],
    ['in chunks, to an old client', `${chunkedHead}4\r\nhalf\r\n`, 'FIN', '1.0'],
    ['until the end, reset, to an old client', 'HTTP/1.0 200 OK\r\n\r\nhalf', 'RST', '1.0']
  ]
  for (const [title, text, how, version] of table) {
    let upstream: Socket | undefined
    const up = await startUpstream(t, socket => {
      upstream = socket
      socket.write(text)
    })
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    const client = await gate.connect()
    client.send(`GET / HTTP/${version}\r\nHost: ${host}\r\n\r\n`)
    const head = await client.until('half')
    if (how === 'FIN') upstream?.destroy()
    else upstream?.resetAndDestroy()
    const rest = await client.rest()
    const isChunked = /transfer-encoding: chunked/i.test(head)
    const hasLength = /content-length: 100/i.test(head)
    t.notMatch(rest, /0\r\n\r\n$/, title)
    t.ok(isChunked || hasLength || client.error?.code === 'ECONNRESET', `${title}: the client can tell`)
    t.match(gate.ended[0]?.summary, { status: 200, outcome: 'cut', cut: 'app broke off', bytesOut: 4 })
    t.equal(gate.live.size, 0)
  }
})

t.test('a client that leaves takes the request to the app with it', async t => {
  const table: [string, (socket: Socket) => void, string][] = [
    ['before the answer', () => {}, ''],
    ['in the middle of it', socket => socket.write(`${chunkedHead}4\r\nhalf\r\n`), 'half']
  ]
  for (const [title, script, mark] of table) {
    const up = await startUpstream(t, script)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    const client = await gate.connect()
    client.send(get())
    await up.request(1)
    if (mark !== '') await client.until(mark)
    const end = gate.nextEnd()
    const gone = closing(up.connections[0]!)
    client.socket.destroy()
    t.match((await end).summary, { outcome: 'cut', cut: 'client left', status: mark === '' ? null : 200 }, title)
    await gone
    t.equal(gate.live.size, 0)
  }
})

t.test('a client that leaves in the middle of its upload', async t => {
  const up = await startUpstream(t, () => {}, { early: true })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  for (const framing of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
    const client = await gate.connect()
    client.send(`${get('/', [framing], 'PUT')}3\r\nabc\r\n`)
    while (!up.connections.at(-1)) await new Promise(resolve => setImmediate(resolve))
    const end = gate.nextEnd()
    client.socket.destroy()
    t.match((await end).summary, { status: null, outcome: 'cut', cut: 'client left' }, framing)
  }
  for (const socket of up.connections) if (!socket.destroyed) await closing(socket)
  t.equal(up.requests.length, 0, 'the app never saw a whole request')
})

t.test('a pipelined request that still waits for its turn ends with its connection', async t => {
  const up = await startUpstream(t, (socket, _request, index) => {
    if (index === 2) socket.write(`${chunkedHead}4\r\nhalf\r\n`)
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const client = await gate.connect()
  client.send(`GET /1 HTTP/1.1\r\nHost: ${host}\r\n\r\n${get('/2')}`)
  await up.request(2)
  client.socket.destroy()
  while (gate.ended.length < 2) await gate.nextEnd()
  t.same(
    gate.ended.map(({ summary }) => summary.cut),
    ['client left', 'client left']
  )
  t.equal(gate.live.size, 0)
})

t.test('malformed chunks in the middle of a body end the request, and the app gets no whole one', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const client = await gate.connect()
  client.send(`${get('/', ['Transfer-Encoding: chunked'], 'POST')}3\r\nabc\r\n`)
  client.send('zz\r\nabc')
  await client.rest()
  await gate.ask(get('/after'))
  t.same(
    up.requests.map(({ line }) => line),
    ['GET /after HTTP/1.1']
  )
})

t.test('of several upstreams each is asked in turn', async t => {
  const ups = await Promise.all([1, 2, 3].map(() => startUpstream(t)))
  const gate = await startGate(t, [makeApp({ upstreams: ups.map(up => at(up)) })])
  for (let i = 0; i < 6; i++) await gate.ask(get(`/${i}`))
  t.same(
    ups.map(up => up.requests.map(({ line }) => line.split(' ')[1])),
    [
      ['/0', '/3'],
      ['/1', '/4'],
      ['/2', '/5']
    ]
  )
})

t.test('one that refuses to connect is passed over, whatever the method, and asked last for a while', async t => {
  const up = await startUpstream(t)
  let now = 1_000_000
  const dead = { origin: `http://127.0.0.1:${await freePort()}` }
  const gate = await startGate(t, [makeApp({ upstreams: [at(dead), at(up)] })], { clock: () => now })
  t.equal(parse(await gate.ask(`${get('/', ['Content-Length: 3'], 'POST')}abc`)).status, 200)
  t.equal(up.requests[0]?.body.toString(), 'abc')
  for (let i = 0; i < 4; i++) t.equal(parse(await gate.ask(get())).status, 200)
  up.stop()
  now += 10_000
  t.equal(parse(await gate.ask(get())).status, 502, 'all of them down')
})

t.test('one that has read the request is not passed over, and an app is asked once', async t => {
  const up = await startUpstream(t, socket => socket.destroy())
  const other = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up), at(other)] })])
  t.equal(parse(await gate.ask(get())).status, 502)
  t.equal(up.requests.length, 1)
  t.equal(other.requests.length, 0)
  const sick = await startUpstream(t, 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n')
  const another = await startGate(t, [makeApp({ upstreams: [at(sick)] })])
  t.equal(parse(await another.ask(get())).status, 503)
  t.equal(sick.requests.length, 1, 'a sick app is not asked again')
})

t.test('connections to the app are kept and used again, as long as it wants', async t => {
  const reply = (keepAlive: string) => `HTTP/1.1 200 OK\r\n${keepAlive}Content-Length: 2\r\n\r\nok`
  for (const [title, script, expected] of [
    ['kept', reply(''), 1],
    ['timeout=1 is as good as none', reply('Keep-Alive: timeout=1\r\n'), 3],
    ['close', reply('Connection: close\r\n'), 3]
  ] as const) {
    const up = await startUpstream(t, script)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    for (let i = 0; i < 3; i++) t.equal(parse(await gate.ask(get())).body, 'ok')
    t.equal(up.connections.length, expected, title)
  }
})

t.test(
  'F14: an app that leaves a body unread finds no second request in it, since nothing follows on that connection',
  async t => {
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\nRemote-User: root\r\n\r\n'
    for (const method of ['GET', 'POST', 'PUT', 'PROPFIND', 'OPTIONS'])
      for (const [line, body] of [
        [`Content-Length: ${smuggled.length}`, smuggled],
        ['Transfer-Encoding: chunked', `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`]
      ] as const) {
        const up = await startUpstream(t)
        const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
        t.equal(parse(await gate.ask(get('/1', [line], method) + body)).status, 200)
        t.same(valuesOf(up.requests[0]!, 'connection'), ['close'], `${method}: the app is told so`)
        t.equal(parse(await gate.ask(get('/2'))).status, 200)
        t.equal(up.connections.length, 2, 'and it is so')
        t.equal(parse(await gate.ask(get('/3', ['Content-Length: 0'], method))).status, 200)
        // An unsafe request gets a new connection (FIELD F13), which is kept.
        const { length } = up.connections
        t.equal(parse(await gate.ask(get('/4'))).status, 200)
        t.equal(up.connections.length, length, 'no body, no end')
      }
  }
)

t.test(
  'a kept connection that the app has let go of is replaced for GET; what must not be asked twice is asked on a new one',
  async t => {
    const used = new Set<Socket>()
    const up = await startUpstream(t, socket => {
      // The app closes the connection instead of answering the second request on it.
      if (used.has(socket)) return socket.end()
      used.add(socket)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    t.equal(parse(await gate.ask(get('/1'))).status, 200)
    t.equal(parse(await gate.ask(get('/2'))).status, 200)
    t.same(
      up.requests.map(({ line }) => line.split(' ')[1]),
      ['/1', '/2', '/2']
    )
    t.equal(parse(await gate.ask(`${get('/4', ['Content-Length: 1'], 'POST')}x`)).status, 200)
    t.equal(up.requests.length, 4)
  }
)

t.test('where an app has let go of all its kept connections, none of them is tried twice', async t => {
  const up = await startUpstream(t, (socket, _request, index) => {
    // The first three requests get connections of their own, which the app closes just when the next request is sent.
    if (index !== 4) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    else for (const one of up.connections.slice(0, 3)) one.destroy()
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  for (const answer of await Promise.all([1, 2, 3].map(i => gate.ask(get(`/${i}`))))) t.equal(parse(answer).status, 200)
  t.equal(parse(await gate.ask(get('/4'))).status, 200)
})

t.test('many small chunks and a slow client leave one listener', async t => {
  const chunks = '1\r\nx\r\n'.repeat(200_000)
  const up = await startUpstream(t, `${chunkedHead}${chunks}0\r\n\r\n`)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const warnings: string[] = []
  const warn = (warning: Error) => warnings.push(warning.name)
  process.on('warning', warn)
  t.teardown(() => process.off('warning', warn))
  const client = await gate.connect()
  client.socket.pause()
  client.send(get())
  await up.request(1)
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate)
  client.socket.resume()
  await client.rest()
  t.same(warnings, [])
  t.match(gate.ended[0]?.summary, { bytesOut: 200_000, outcome: 'complete' })
})

t.test('H26: bytes that nobody asked for never reach the next person', async t => {
  const extra = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstaged'
  for (const [title, when] of [
    ['in the same segment', 0],
    ['in the next one', 1],
    ['a moment later', 30]
  ] as const) {
    const up = await startUpstream(t, (socket, _request, index) => {
      const reply = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
      if (index > 1) socket.write(reply)
      else if (when === 0) socket.write(reply + extra)
      else socket.write(reply, () => setTimeout(() => socket.write(extra), when))
    })
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    t.equal(parse(await gate.ask(get('/1'))).body, 'ok', title)
    await (when === 0 ? undefined : closing(up.connections[0]!))
    t.equal(parse(await gate.ask(get('/2'))).body, 'ok')
    t.equal(up.connections.length, 2, 'that connection is not used again')
  }
})

t.test('D10 F13: what is inside a body is not looked at', async t => {
  const encodings = Array(1_000).fill('gzip').join(',')
  const up = await startUpstream(
    t,
    `HTTP/1.1 200 OK\r\nContent-Encoding: ${encodings}\r\nContent-Length: 4\r\n\r\nplop`
  )
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const answer = await gate.ask(get('/', ['Accept-Encoding: gzip']))
  t.equal(parse(answer).body, 'plop')
  t.same(header(answer, 'content-encoding'), [encodings])
  t.same(valuesOf(up.requests[0]!, 'accept-encoding'), ['gzip'])
})

t.test('the gate closes while something runs: what is idle goes at once, what runs may finish', async t => {
  let upstream: Socket | undefined
  const up = await startUpstream(t, socket => {
    upstream = socket
    socket.write(`${chunkedHead}4\r\nhalf\r\n`)
  })
  const gate: Gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const client = await gate.connect()
  client.send(get())
  await client.until('half')
  await gate.close()
  upstream?.write('4\r\nrest\r\n0\r\n\r\n')
  t.match(await client.rest(), /rest/)
  await closing(up.connections[0]!)
})

function closing(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.destroyed || socket.closed) resolve()
    else socket.once('close', () => resolve())
  })
}
