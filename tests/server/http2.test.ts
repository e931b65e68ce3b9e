/** HTTP/2 to browsers: what apps and browsers see of it. Most of it runs on Node 24 alone. */
import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { closeCodes } from '../../src/forwarding/live-connections.ts'
import { offersHttp2 } from '../../src/server/front.ts'
import {
  answerTo,
  ask,
  block,
  FrameLine,
  flag,
  frame,
  frameType,
  type Http2Answer,
  openSession,
  requestHead,
  uint32
} from '../fixtures/in-process/http2-client.ts'
import { ok, type Recorded, startUpstream, type Upstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { at, host, makeApp } from '../fixtures/pipeline/forwarding.ts'
import { startHttp2Gate } from '../fixtures/pipeline/http2.ts'
import { isOnNode24 } from '../fixtures/process/on-node-24.ts'

t.test('HTTP/2 is offered over TLS on Node 24 and newer, unless it is off', async t => {
  const tlsFiles = { cert: 'tls.crt', key: 'tls.key', acme: null }
  const rows: [sentence: string, listen: { tls: unknown; http2: 'auto' | 'off' }, node: string, offers: boolean][] = [
    ['Node 20', { tls: tlsFiles, http2: 'auto' }, '20.19.0', false],
    ['Node 22', { tls: tlsFiles, http2: 'auto' }, '22.21.1', false],
    ['Node 24', { tls: tlsFiles, http2: 'auto' }, '24.0.0', true],
    ['a later one', { tls: tlsFiles, http2: 'auto' }, '26.1.0', true],
    ['off', { tls: tlsFiles, http2: 'off' }, '24.0.0', false],
    ['plain http', { tls: null, http2: 'auto' }, '24.0.0', false]
  ]
  for (const [sentence, listen, node, offers] of rows) t.equal(offersHttp2({ listen } as never, node), offers, sentence)
})

/** Two apps in one: the path says how it answers. */
const answers: Readonly<Record<string, string>> = {
  '/plain': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '/odd':
    'HTTP/1.1 200 Fine\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nETag: "a"\r\nETag: "b"\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Name: caf\xe9\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n',
  '/range': 'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-3/10\r\nContent-Length: 2\r\n\r\n23',
  '/head': 'HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n',
  '/same': 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
  '/nothing': 'HTTP/1.1 204 No Content\r\n\r\n',
  '/reset': 'HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok',
  '/hints': `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nLink: </b.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
  '/odd-hints':
    'HTTP/1.1 103 Early Hints\r\nConstructor: a\r\n__proto__: b\r\nETag: "a"\r\nETag: "b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  '/until-close': 'HTTP/1.1 200 OK\r\n\r\nall of it',
  '/strange': 'HTTP/1.1 799 Strange\r\nContent-Length: 2\r\n\r\nok',
  '/ntlm': 'HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 2\r\n\r\nno',
  '/basic': 'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="a"\r\nContent-Length: 2\r\n\r\nno',
  '/broken-length': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
  '/broken-chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'
}

function appOf(t: Test): Promise<Upstream> {
  return startUpstream(t, (socket: Socket, { line }: Recorded) => {
    const path = /^\S+ ([^? ]+)/.exec(line)?.[1] ?? ''
    if (path === '/events') {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
      setImmediate(() => socket.write('data: 1\n\n'))
    } else if (path === '/silent') socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
    else socket.write(answers[path] ?? (answers['/plain'] as string), 'latin1')
    if (/^\/(?:until|broken)/.test(path)) setImmediate(() => socket.end())
  })
}

async function startAlone(t: Test, more: Parameters<typeof startHttp2Gate>[2] = {}) {
  const up = await appOf(t)
  return { up, gate: await startHttp2Gate(t, [makeApp({ upstreams: [at(up)] })], more) }
}

async function start(t: Test, more: Parameters<typeof startHttp2Gate>[2] = {}) {
  const { up, gate } = await startAlone(t, more)
  return { up, gate, session: await openSession(t, gate.port, host) }
}

if (isOnNode24(t, import.meta.url)) {
  t.test('a browser gets answers of every kind as the app has sent them', async t => {
    const { session, gate } = await start(t)
    const rows: [sentence: string, path: string, answer: Partial<Http2Answer>][] = [
      ['a plain one', '/plain', { status: 200, body: 'ok', code: 0 }],
      [
        'one with repeated and odd headers, without those of the connection and without trailers',
        '/odd',
        {
          status: 200,
          body: 'ok',
          code: 0,
          headers: { 'set-cookie': ['a=1', 'b=2'], 'x-name': 'caf\xe9', etag: '"a"' } as never
        }
      ],
      ['a part', '/range', { status: 206, body: '23', headers: { 'content-range': 'bytes 2-3/10' }, code: 0 }],
      ['no change', '/same', { status: 304, body: '', code: 0 }],
      ['no content', '/nothing', { status: 204, body: '', code: 0 }],
      ['a form to clear, whose body HTTP/2 does not carry', '/reset', { status: 205, body: '', code: 0 }],
      ['one that ends with its connection', '/until-close', { status: 200, body: 'all of it', code: 0 }],
      [
        'one with early hints',
        '/hints',
        { status: 200, body: 'ok', interim: [{ ':status': 103, link: '</a.css>, </b.css>' }] as never }
      ],
      [
        'one with early hints that have names of JavaScript',
        '/odd-hints',
        { status: 200, body: 'ok', interim: [{ ':status': 103, constructor: 'a', etag: '"a"' }] as never }
      ],
      ['a status that HTTP/2 does not carry', '/strange', { status: 502, code: 0 }],
      ['a demand for a password', '/basic', { status: 401, body: 'no', code: 0 }],
      ['one that breaks off before its length', '/broken-length', { status: 200, body: 'half', code: 2 }],
      ['one that breaks off between chunks', '/broken-chunks', { status: 200, body: 'half', code: 2 }]
    ]
    for (const [sentence, path, answer] of rows) t.match(await ask(session, path), answer, sentence)
    const odd = await ask(session, '/odd')
    t.strictSame(
      ['x-mine', 'connection', 'keep-alive', 'transfer-encoding', 'trailer', 'x-t'].filter(name => name in odd.headers),
      [],
      'nothing of the connection passes'
    )
    const head = await ask(session, '/head', { ':method': 'HEAD' })
    t.match(head, { status: 200, headers: { 'content-length': '4711' }, body: '', code: 0 }, 'HEAD')
    t.equal(gate.ended.filter(({ summary }) => summary.cut === 'app broke off').length, 2, 'two broke off')
    t.notOk(session.destroyed, 'all of it on one connection')
  })

  t.test('the app gets requests of every kind as HTTP/1.1', async t => {
    const { session, up } = await start(t)
    const big = Buffer.alloc(3_000_000, 'x')
    const rows: [
      sentence: string,
      headers: http2.OutgoingHttpHeaders,
      body: string | Buffer | undefined,
      wanted: Record<string, string[]>
    ][] = [
      [
        'cookies of a line each are one line, without the gate’s own',
        { cookie: ['a=1', '__Host-factorgate=secret', 'b=2'] },
        undefined,
        { cookie: ['a=1; b=2'], host: [host] }
      ],
      [
        'a host beside the same authority is one host',
        { host },
        undefined,
        { host: [host], ':authority': [], 'transfer-encoding': [], 'content-length': [] }
      ],
      [
        'a body with its length',
        { ':method': 'POST', 'content-length': 5 },
        'hello',
        { 'content-length': ['5'], 'transfer-encoding': [] }
      ],
      [
        'a body without a length',
        { ':method': 'POST' },
        'hello',
        { 'content-length': [], 'transfer-encoding': ['chunked'] }
      ],
      ['a large body without a length', { ':method': 'PUT' }, big, { 'transfer-encoding': ['chunked'] }],
      ['no body', { ':method': 'POST' }, undefined, { 'content-length': ['0'], 'transfer-encoding': [] }],
      ['a body that is empty', { ':method': 'POST' }, '', { 'content-length': ['0'], 'transfer-encoding': [] }],
      ['GET with a body', {}, 'hello', { 'transfer-encoding': ['chunked'] }],
      ['WebDAV', { ':method': 'PROPFIND', depth: '1' }, '<a/>', { depth: ['1'] }],
      ['te: trailers', { te: 'trailers' }, undefined, { te: ['trailers'] }],
      ['Latin-1 in a value', { 'x-name': 'caf\xe9' }, undefined, { 'x-name': ['caf\xe9'] }],
      ['a claimed identity', { 'remote-user': 'mallory' }, undefined, { 'remote-user': ['alice'] }]
    ]
    for (const [sentence, headers, body, wanted] of rows) {
      const answer = await ask(session, '/plain', headers, body)
      t.match(answer, { status: 200, body: 'ok', code: 0 }, `${sentence}: it is answered`)
      const request = up.requests.at(-1) as Recorded
      t.ok(request.body.equals(Buffer.from(body ?? '')), `${sentence}: the body`)
      t.strictSame(
        Object.fromEntries(Object.keys(wanted).map(name => [name, valuesOf(request, name)])),
        wanted,
        sentence
      )
    }
    t.equal(up.requests.length, rows.length)
  })

  t.test('F16: a body is asked for after the checks, and its trailers never become headers', async t => {
    const { session, up } = await start(t)
    for (const expect of ['100-continue', '100-Continue']) {
      const asking = session.request({ ':path': '/plain', ':method': 'POST', expect })
      const answer = answerTo(asking)
      await Promise.race([once(asking, 'continue'), answer])
      asking.end('hello')
      t.match(await answer, { status: 200, body: 'ok', code: 0 }, expect)
      t.equal(up.requests.at(-1)?.body.toString(), 'hello')
    }
    const sending = session.request({ ':path': '/plain', ':method': 'POST' }, { waitForTrailers: true })
    sending.on('wantTrailers', () => sending.sendTrailers({ 'remote-user': 'mallory', 'x-late': '1' }))
    sending.end('hello')
    t.match(await answerTo(sending), { status: 200 }, 'trailers')
    const request = up.requests.at(-1) as Recorded
    t.strictSame([valuesOf(request, 'x-late'), valuesOf(request, 'remote-user')], [[], ['alice']])
    t.equal(request.body.toString(), 'hello')
    t.match(await ask(session, '/plain', { expect: 'miracles' }), { status: 417 }, 'another expectation')
    t.equal(up.requests.length, 3)
  })

  t.test(
    'beside thirty-one downloads that nobody takes yet, the next request is answered, and all of them end whole',
    async t => {
      const large = 2_000_000
      const up = await startUpstream(t, (socket, { line }) => {
        if (!line.includes('/large')) return socket.write(ok)
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${large}\r\n\r\n`)
        socket.write(Buffer.alloc(large, 'x'))
      })
      const gate = await startHttp2Gate(t, [makeApp({ upstreams: [at(up)] })])
      const session = await openSession(t, gate.port, host, { settings: { initialWindowSize: 65_535 } })
      const downloads = Array.from({ length: 31 }, () => session.request({ ':path': '/large' }))
      await Promise.all(downloads.map(one => once(one, 'response')))
      for (let i = 0; i < 5; i++) t.match(await ask(session, '/plain'), { status: 200, body: 'ok' })
      for (const answer of await Promise.all(downloads.map(answerTo)))
        t.match({ code: answer.code, bytes: answer.body.length }, { code: 0, bytes: large })
    }
  )

  t.test(
    'FIELD F20: the end of an answer comes with its last byte, or with its head, so a client that has all of it resets nothing',
    async t => {
      const big = 'x'.repeat(200_000)
      const parts: Readonly<Record<string, readonly string[]>> = {
        '/at-once': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
        '/in-two': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', 'ok'],
        '/big': [`HTTP/1.1 200 OK\r\nContent-Length: ${big.length}\r\n\r\n${big}`],
        '/chunked': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
        '/empty': ['HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n'],
        '/zeros': ['HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 0\r\nContent-Length: 0\r\n\r\n']
      }
      const up = await startUpstream(t, (socket, { line }) => {
        const [head, rest] = parts[/^\S+ (\S+)/.exec(line)?.[1] ?? ''] as readonly string[]
        socket.write(head as string)
        if (rest !== undefined) setImmediate(() => socket.write(rest))
      })
      const gate = await startHttp2Gate(t, [makeApp({ upstreams: [at(up)] })])
      const line = await FrameLine.open(t, gate.port, Buffer.concat([Buffer.from([0, 4]), uint32(1_000_000)]))
      line.send(frame(frameType.window, 0, 0, uint32(1_000_000)))
      const rows: [path: string, length: number][] = [
        ...Object.keys(parts).map((path): [string, number] => [path, path === '/big' ? big.length : 2]),
        ['/.factorgate/nowhere', Number.NaN]
      ]
      let id = 1
      for (const [path, length] of rows) {
        line.send(
          frame(frameType.headers, flag.endStream | flag.endHeaders, id, block(requestHead(host, [[':path', path]])))
        )
        const { body, end } = await line.stream(id)
        t.equal(end, 'whole', path)
        const isEmpty = path === '/empty' || path === '/zeros'
        if (!Number.isNaN(length)) t.equal(body.length, isEmpty ? 0 : length, `${path}: all of it`)
        const frames = line.frames.filter(({ stream, type }) => stream === id && type <= frameType.headers)
        const last = frames.at(-1)
        t.equal(last?.type, isEmpty ? frameType.headers : frameType.data, `${path}: what ends it`)
        t.ok((last?.payload.length ?? 0) > 0, `${path}: no empty frame`)
        id += 2
      }
    }
  )

  t.test('an answer that comes before the end of a large upload arrives whole, and the connection stays', async t => {
    const big = Buffer.alloc(6_000_000)
    const refusal = 'HTTP/1.1 413 No\r\nContent-Length: 8\r\n\r\ntoo much'
    const up = await startUpstream(t, (socket, { line }) => socket.write(line.includes('/plain') ? ok : refusal), {
      early: true
    })
    const gate = await startHttp2Gate(t, [makeApp({ upstreams: [at(up)] })])
    const session = await openSession(t, gate.port, host)
    for (let i = 0; i < 12; i++) {
      const [path, status] = [['/.factorgate/nowhere', 404] as const, ['/upload', 413] as const][i % 2]!
      const answer = await ask(session, path, { ':method': 'POST' }, big)
      t.match(answer, { status, code: 0 }, path)
    }
    t.match(await ask(session, '/plain'), { status: 200 }, 'the connection has room left')
  })

  t.test(
    'F16 · an HTTP/2 client breaks off an upload, resets it, or belies its length → the app gets no complete request',
    async t => {
      const { gate, up } = await start(t)
      const post: [string, string][] = [[':method', 'POST']]
      const rows: [sentence: string, more: [string, string][], last: Buffer | null][] = [
        ['cancelled', post, frame(frameType.reset, 0, 1, uint32(8))],
        ['reset without an error', post, frame(frameType.reset, 0, 1, uint32(0))],
        ['reset as if refused', post, frame(frameType.reset, 0, 1, uint32(7))],
        ['shorter than its length', [...post, ['content-length', '10']], frame(frameType.data, flag.endStream, 1, '!')],
        [
          'longer than its length',
          [...post, ['content-length', '5']],
          frame(frameType.data, flag.endStream, 1, 'more')
        ],
        ['the connection says goodbye', post, frame(frameType.goaway, 0, 0, Buffer.alloc(8))],
        ['the connection breaks', post, null]
      ]
      for (const [sentence, more, last] of rows) {
        const line = await FrameLine.open(t, gate.port)
        const before = up.bytes().length
        line.send(
          frame(frameType.headers, flag.endHeaders, 1, block(requestHead(host, more))),
          frame(frameType.data, 0, 1, 'half')
        )
        while (!up.bytes().subarray(before).includes('half')) await new Promise(setImmediate)
        const ended = gate.nextEnd()
        if (last !== null) line.send(last)
        if (last === null || last[3] === frameType.goaway) line.socket.destroy()
        t.match((await ended).summary, { outcome: 'cut', cut: 'client left' }, sentence)
        line.socket.destroy()
      }
      await Promise.all(up.connections.map(one => one.destroyed || once(one, 'close')))
      t.equal(up.requests.length, 0, 'no request was complete')
    }
  )

  t.test('an ended session ends its streams at once, and nobody else’s', async t => {
    const { gate, session } = await start(t, {
      who: request => ({ ...(request.headers['x-who'] === 'bob' ? bob : anna) })
    })
    const streams = ['anna', 'bob'].map(name => session.request({ ':path': '/events', 'x-who': name }))
    await Promise.all(streams.map(stream => once(stream, 'data')))
    const silent = session.request({ ':path': '/silent', 'x-who': 'anna' })
    await once(silent, 'response')
    const [anna1, bob1] = streams as [http2.ClientHttp2Stream, http2.ClientHttp2Stream]
    const ends = [answerTo(anna1), answerTo(silent)]
    t.equal(gate.live.endSession('S-anna', 'signed out'), 2)
    for (const end of ends) t.equal((await end).code, 2, 'the browser sees a break')
    t.notOk(bob1.destroyed || bob1.closed, 'the other stream goes on')
    t.match(await ask(session, '/plain', { 'x-who': 'bob' }), { status: 200 }, 'and so does the connection')
    gate.live.endAll('over', closeCodes.policy)
  })

  t.test('an app that signs people in by their connection is asked over HTTP/1.1 (FIELD F1)', async t => {
    const { session } = await start(t)
    t.match(await ask(session, '/ntlm'), { status: 0, code: http2.constants.NGHTTP2_HTTP_1_1_REQUIRED })
  })

  t.test(
    'F17 · CONNECT, :protocol and Upgrade over HTTP/2 → refused; WebSockets stay on HTTP/1.1, beside HTTP/2 on one port',
    async t => {
      const { gate, session, up } = await start(t)
      t.equal(session.remoteSettings.enableConnectProtocol, false, 'nobody is told of WebSockets as streams')
      for (const [sentence, more, end] of [
        [
          'CONNECT',
          [
            [':method', 'CONNECT'],
            [':path', undefined],
            [':scheme', undefined]
          ],
          /bad_request/
        ],
        [
          'CONNECT for a WebSocket',
          [
            [':method', 'CONNECT'],
            [':protocol', 'websocket']
          ],
          /^$/
        ],
        ['Upgrade', [['upgrade', 'websocket']], /^$/],
        ['Connection', [['connection', 'upgrade']], /^$/]
      ] as [string, [string, string | undefined][], RegExp][]) {
        const line = await FrameLine.open(t, gate.port)
        line.send(frame(frameType.headers, flag.endStream | flag.endHeaders, 1, block(requestHead(host, more))))
        t.match(await line.stream(1), { body: end }, sentence)
        line.socket.destroy()
      }
      t.equal(session.remoteSettings.maxConcurrentStreams, 32)
      for (const [sentence, offered] of [
        ['HTTP/1.1 by ALPN', ['http/1.1']],
        ['without ALPN', undefined]
      ] as const) {
        const socket = tls.connect({
          port: gate.port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          ...(offered === undefined ? {} : { ALPNProtocols: [...offered] })
        })
        t.teardown(() => socket.destroy())
        let heard = ''
        socket.setEncoding('latin1').on('data', (part: string) => {
          heard += part
        })
        const until = async (what: RegExp) => {
          while (!what.test(heard)) await once(socket, 'data')
        }
        socket.write(`GET /plain HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
        await until(/\r\n\r\nok$/)
        t.match(heard, /^HTTP\/1\.1 200 OK\r\n/, sentence)
        heard = ''
        socket.write('GET /plain HTTP/1.1\r\n\r\n')
        await until(/\r\n/)
        t.match(heard, /^HTTP\/1\.1 400 /, `${sentence}: without Host`)
      }
      t.equal(up.requests.length, 2)
    }
  )

  t.test('H28: behind a balancer with the PROXY protocol the app gets the address of the browser', async t => {
    const { gate, up } = await startAlone(t, { listener: { proxyProtocol: { from: ['127.0.0.1'], warn: () => {} } } })
    const balancer = net.connect(gate.port, '127.0.0.1')
    balancer.write('PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\r\n')
    const session = await openSession(t, gate.port, host, {
      createConnection: () => tls.connect({ socket: balancer, ALPNProtocols: ['h2'], rejectUnauthorized: false })
    })
    for (let i = 0; i < 2; i++) t.match(await ask(session, '/plain'), { status: 200 })
    t.strictSame(
      up.requests.map(request => valuesOf(request, 'x-forwarded-for')),
      [['192.0.2.7'], ['192.0.2.7']]
    )
  })

  t.test('a gate that ends lets open requests finish, and takes no new ones', async t => {
    const { gate, session } = await start(t)
    const events = session.request({ ':path': '/events' })
    await once(events, 'data')
    const idle = await openSession(t, gate.port, host)
    // One that never closes its end of the connection.
    const deaf = await FrameLine.open(t, gate.port)
    const ends = [once(idle, 'close'), once(session, 'goaway'), deaf.find(({ type }) => type === frameType.goaway)]
    const began = performance.now()
    // Long enough for what is looked at before it is over, on a busy machine too.
    const closed = gate.listener?.close(3000)
    await Promise.all(ends)
    t.match(await ask(session, '/plain'), { status: 0 }, 'no new request')
    t.notOk(events.destroyed, 'an open stream goes on')
    t.not((await answerTo(events)).code, 0, 'until the grace is over, and then breaks')
    await closed
    t.ok(performance.now() - began >= 2950)
  })
}

const anna = { id: 'anna', name: 'anna', displayName: 'Anna', email: 'anna@lab.example', groups: [] }
const bob = { ...anna, id: 'bob', name: 'bob' }
