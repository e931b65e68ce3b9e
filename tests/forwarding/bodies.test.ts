import { METHODS } from 'node:http'
import type { Socket } from 'node:net'
import t from 'tap'
import { ok, startApp, startUpstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { at, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

t.test('every method arrives, and every path byte', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  for (const method of METHODS.filter(one => one !== 'CONNECT' && one !== 'TRACE')) {
    await gate.ask(get('/x', [], method))
    t.equal(up.requests.at(-1)?.line, `${method} /x HTTP/1.1`)
  }
  for (const path of [
    '/caf%E9',
    '//x',
    '/a/..%5cb',
    '/%zz',
    '/a%2Fb',
    '/a;b=1/c',
    '/x?%zz;&=',
    '/.well-known/x',
    '/a/./b',
    '/%u1234'
  ]) {
    await gate.ask(get(path))
    t.equal(up.requests.at(-1)?.line, `GET ${path} HTTP/1.1`)
  }
  const before = up.requests.length
  t.equal(parse(await gate.ask(get('/', [], 'TRACE'))).status, 405)
  await gate.ask('CONNECT 127.0.0.1:6379 HTTP/1.1\r\nHost: 127.0.0.1:6379\r\n\r\n')
  t.equal(up.requests.length, before, 'TRACE and CONNECT reach nobody')
})

t.test('a body of any type, for any method, by length or in chunks', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const types = [
    'application/json',
    'application/x-www-form-urlencoded',
    'garbage',
    ';',
    'a/b; c',
    'application/json\t;x',
    ''
  ]
  for (const method of [
    'GET',
    'POST',
    'PUT',
    'DELETE',
    'PATCH',
    'OPTIONS',
    'PROPFIND',
    'QUERY',
    'LOCK',
    'MKCOL',
    'HEAD'
  ]) {
    for (const type of [...types, null]) {
      const lines = type === null ? [] : [`Content-Type: ${type}`]
      await gate.ask(`${get('/', [...lines, 'Content-Length: 7'], method)}{"a": \xe4`)
      const sized = up.requests.at(-1)!
      t.equal(sized.body.toString('latin1'), '{"a": \xe4', `${method} ${type}`)
      t.same(valuesOf(sized, 'content-length'), ['7'])
      t.same(valuesOf(sized, 'content-type'), type === null ? [] : [type])
      await gate.ask(
        `${get('/', [...lines, 'Transfer-Encoding: chunked'], method)}3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Auth-User: root\r\n\r\n`
      )
      const chunked = up.requests.at(-1)!
      t.equal(chunked.body.toString(), 'abcdefg')
      t.same(valuesOf(chunked, 'transfer-encoding'), ['chunked'])
      t.notMatch(chunked.raw.toString('latin1'), /root/, 'F6: trailers are not passed on')
    }
  }
})

t.test('no body is no body, and POST without one says so', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  for (const [method, lines, expected] of [
    ['POST', [], ['0']],
    ['POST', ['Content-Length: 0'], ['0']],
    ['POST', ['Transfer-Encoding: chunked'], ['0']],
    ['GET', [], []],
    ['MKCOL', [], []],
    ['DELETE', ['Content-Length: 0'], []]
  ] as [string, string[], string[]][]) {
    const empty = lines[0]?.startsWith('Transfer') ? '0\r\n\r\n' : ''
    await gate.ask(get('/', lines, method) + empty)
    const request = up.requests.at(-1)!
    t.same(valuesOf(request, 'content-length'), expected, `${method} ${lines}`)
    t.same(valuesOf(request, 'transfer-encoding'), [])
  }
})

t.test('F2 F5: a message that two readers could end differently reaches nobody', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const short = Array.from({ length: 1_100 }, (_, i) => `a${i}: `)
  const table: [string, string[], number][] = [
    ['length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked'], 400],
    ['two lengths', ['Content-Length: 5', 'content-length: 6'], 400],
    ['the same length twice', ['Content-Length: 5', 'Content-Length: 5'], 400],
    ['another coding', ['Transfer-Encoding: gzip'], 400],
    ['a length hidden behind many lines', [...short, 'Content-Length: 5'], 431],
    ['chunks hidden behind many lines', [...short, 'Transfer-Encoding: chunked'], 431]
  ]
  for (const [title, lines, status] of table) {
    t.equal(parse(await gate.ask(`${get('/', lines, 'POST')}0\r\n\r\n`)).status, status, title)
  }
  t.equal(up.bytes().length, 0)
  await gate.ask(`${get('/', ['Content_Length: 9', 'Transfer_Encoding: chunked', 'Content-Length: 2'], 'POST')}ab`)
  t.notMatch(up.requests[0]?.raw.toString('latin1'), /_/, 'a spelling that folds to a framing header is dropped')
})

t.test('Expect: 100-continue is answered here, once the app is there to read, and not passed on', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const client = await gate.connect()
  client.send(get('/', ['Content-Length: 5', 'Expect: 100-continue'], 'PUT'))
  t.equal(await client.until('\r\n\r\n'), 'HTTP/1.1 100 Continue\r\n\r\n')
  client.send('hello')
  t.equal(parse(await client.rest()).status, 200)
  t.equal(up.requests[0]?.body.toString(), 'hello')
  t.same(valuesOf(up.requests[0]!, 'expect'), [])
  const old = await gate.connect()
  old.send(`PUT / HTTP/1.0\r\nHost: ${host}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello`)
  t.match(await old.rest(), /^HTTP\/1\.1 200/, 'HTTP/1.0 knows no interim answers')
  up.stop()
  const refused = await gate.ask(get('/', ['Content-Length: 5', 'Expect: 100-continue'], 'PUT'))
  t.equal(parse(refused).status, 502, 'nobody is told to send what nobody can take')
  const form = await gate.connect()
  const own = ['Content-Length: 3', 'Content-Type: text/plain', 'Expect: 100-continue']
  form.send(`POST /.factorgate/form HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${own.join('\r\n')}\r\n\r\n`)
  await form.until('100 Continue\r\n\r\n')
  form.send('abc')
  t.match(await form.rest(), /"got":"abc"/, 'pages of ours read their body')
})

t.test('replies without a body have none', async t => {
  const table: [string, string, string, string[]][] = [
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', '200', ['1234']],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '200', []],
    ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', '204', []],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', '304', []],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n', '304', ['99']]
  ]
  for (const [method, sent, status, lengths] of table) {
    const up = await startUpstream(t, sent)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    const answer = await gate.ask(get('/', [], method))
    t.equal(String(parse(answer).status), status, `${method} ${sent}`)
    t.equal(parse(answer).body, '')
    t.same(header(answer, 'content-length'), lengths)
    t.same(header(answer, 'transfer-encoding'), [])
  }
})

t.test('old and sloppy servers: HTTP/1.0, no length, Connection: close, bare chunks, an unasked 100', async t => {
  const table: [string, (socket: Socket) => void][] = [
    ['HTTP/1.0 until the end', socket => socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello')],
    ['HTTP/1.1 until the end', socket => socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello')],
    ['HTTP/1.0 with a length', socket => socket.end('HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello')],
    [
      'chunks',
      socket => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n')
    ],
    ['100 unasked', socket => socket.write(`HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 100\r\n\r\n${hello}`)],
    ['100 unasked, in pieces', socket => inPieces(socket, `HTTP/1.1 100 Continue\r\n\r\n${hello}`)],
    [
      '102 and 103',
      socket => socket.write(`HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${hello}`)
    ],
    ['the head in pieces', socket => inPieces(socket, hello)],
    [
      'a body that begins like an interim reply',
      socket => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${interim.length}\r\n\r\n${interim}`)
    ]
  ]
  const interim = 'HTTP/1.1 100 Continue\r\n\r\nhello'
  for (const [title, script] of table) {
    const up = await startUpstream(t, script)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    for (const round of [1, 2]) {
      // Interim responses other than 100 are passed on (FIELD F12).
      const answer = (await gate.ask(get())).replace(/^(?:HTTP\/1\.1 10[23] [\s\S]*?\r\n\r\n)+/, '')
      t.equal(parse(answer).status, 200, `${title}, ${round}`)
      t.match(parse(answer).body, /hello/)
      if (title.startsWith('a body')) t.ok(parse(answer).body.includes(interim))
    }
  }
})

t.test('a client that speaks HTTP/1.0 gets no chunks', async t => {
  const up = await startUpstream(t, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n')
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const answer = await gate.ask(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`)
  t.equal(parse(answer).body, 'hello')
  t.same(header(answer, 'transfer-encoding'), [])
})

t.test('event streams: the head at once, then each event as it comes', async t => {
  let stream: Socket | undefined
  const up = await startUpstream(t, socket => {
    stream = socket
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const client = await gate.connect()
  client.send(get())
  t.match(await client.until('\r\n\r\n'), /text\/event-stream/, 'before there is any event')
  for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
    stream?.write(`${event.length.toString(16)}\r\n${event}\r\n`)
    await client.until(event)
  }
  stream?.write('0\r\n\r\n')
  await client.rest()
  t.equal(gate.ended[0]?.summary.outcome, 'complete')
})

t.test('an app that answers before it has read everything is heard', async t => {
  const up = await startUpstream(t, 'HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!', { early: true })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const client = await gate.connect()
  client.send(`PUT / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 3000000\r\n\r\n`)
  client.send(Buffer.alloc(1_000_000, 'x'))
  t.match(await client.until('no!'), /413 Too Large/)
  client.send(Buffer.alloc(2_000_000, 'x'))
  client.send(get())
  t.match(await client.rest(), /413/, 'the connection goes on after the rest of the body')
  t.equal(up.connections.length, 2, 'a half-read body never shares its connection with the next request')
})

t.test('both ways at once: an app may answer while it still reads', async t => {
  const app = await startApp(t, (request, response) => {
    response.writeHead(200)
    request.pipe(response)
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(app)] })])
  const client = await gate.connect()
  client.send(get('/', ['Transfer-Encoding: chunked'], 'POST'))
  for (const word of ['one', 'two', 'three']) {
    client.send(`${word.length.toString(16)}\r\n${word}\r\n`)
    await client.until(`${word}\r\n`)
  }
  client.send('0\r\n\r\n')
  await client.rest()
  const { summary } = gate.ended[0]!
  t.match(summary, { status: 200, bytesIn: 11, bytesOut: 11, outcome: 'complete', cut: null })
})

t.test('F7: what offers h2c is served as the plain HTTP it also is, and asked nothing twice', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  for (const upgrade of ['h2c', 'h2c, websocket', 'TLS/1.0', 'websocketx']) {
    const lines = [`Upgrade: ${upgrade}`, 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAAQAAP__']
    const head = `POST / HTTP/1.1\r\nHost: ${host}\r\n${lines.join('\r\n')}\r\nContent-Length: 5\r\n\r\n`
    const answer = await gate.ask(`${head}hello${get('/smuggled')}`)
    t.equal(parse(answer).status, 200, upgrade)
    t.same(header(answer, 'connection'), ['close'])
    t.equal(up.requests.at(-1)?.body.toString(), 'hello')
    t.notMatch(up.requests.at(-1)?.raw.toString('latin1'), /upgrade|http2/i)
  }
  t.notMatch(up.bytes().toString('latin1'), /smuggled/)
})

t.test('F15: pipelined requests keep their order', async t => {
  const up = await startUpstream(t, (socket, request) => {
    const path = request.line.split(' ')[1] as string
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`)
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const plain = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const answer = await gate.ask(plain('/one') + plain('/two') + plain('/three') + get('/four'))
  t.same(answer.match(/\/(?:one|two|three|four)/g), ['/one', '/two', '/three', '/four'])
})

t.test('unix sockets', async t => {
  const up = await startUpstream(t, ok, { unix: true })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  t.equal(parse(await gate.ask(get('/x'))).body, 'ok')
  t.equal(up.requests[0]?.line, 'GET /x HTTP/1.1')
})

const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'

/** Writes one byte at a time, each in a segment of its own. */
function inPieces(socket: Socket, text: string): void {
  const next = (at: number) => {
    if (at < text.length) socket.write(text.slice(at, at + 1), () => setImmediate(next, at + 1))
  }
  next(0)
}
