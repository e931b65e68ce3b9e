/**
 * THREATS 0.1 to 0.10 and 0.14: measured facts about HTTP libraries. A new version is tested here first; facts-parts.test.ts has the
 * others.
 */
import t from 'tap'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { shown } from '../fixtures/in-process/shown.ts'
import { ok, startUpstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { parse } from '../fixtures/pipeline/forwarding.ts'
import { connect, head } from './doors.ts'

t.test('the measured facts, at a running gate', async t => {
  const upstream = await startUpstream(t, (socket, { line }) => {
    if (line.includes('/socket'))
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
    else socket.write(ok)
  })
  const gate = await startGateway(t, {
    apps: `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}" }`
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one')
  const host = `one.localhost:${gate.port}`
  const cookie = `Cookie: ${cookies.one}`
  /** The bytes of one request, its answer, and what the app got. */
  const send = async (bytes: string) => {
    const before = upstream.requests.length
    const begin = upstream.bytes().length
    const client = await connect(t, gate)
    client.send(bytes)
    const answer = await client.rest()
    return {
      ...parse(answer),
      answers: answer.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0,
      got: upstream.requests.slice(before),
      bytes: upstream.bytes().subarray(begin)
    }
  }
  const request = (method: string, path: string, lines: readonly string[] = [], body = '') =>
    send(`${head(method, path, host, [cookie, 'Connection: close', ...lines])}\r\n\r\n${body}`)

  await t.test(
    '0.1 1,100 header lines before Content-Length (CVE-2026-58044) are 431, and nothing goes upstream',
    async t => {
      const many = Array.from({ length: 1_100 }, (_, n) => `a${n}:b`)
      const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
      for (const method of ['POST', 'PUT', 'DELETE', 'GET'])
        for (const lines of [
          [`Content-Length: ${smuggled.length}`],
          ['Content-Type: text/plain', `Content-Length: ${smuggled.length}`],
          ['Transfer-Encoding: chunked'],
          ['X-Id: evil', 'Remote-User: root']
        ]) {
          const { status, bytes, answers } = await request(method, '/', [...many, ...lines], smuggled)
          t.same([status, answers, bytes.length], [431, 1, 0], `${method} ${lines}`)
        }
      // 100 lines is what a request may have; the listener itself shows us every one.
      const most = Array.from({ length: 97 }, (_, n) => `a${n}:b`)
      t.equal((await request('GET', '/', most)).status, 200)
      t.equal((await request('GET', '/', [...most, 'b: c'])).status, 431)
    }
  )

  await t.test('0.2 a body arrives whole and framed once, whatever its type', async t => {
    for (const type of [[], ['Content-Type: text/plain'], ['Content-Type: application/json']])
      for (const [framing, body] of [
        ['Content-Length: 5', 'hello'],
        ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n']
      ] as const) {
        const { got } = await request('POST', '/form', [...type, framing], body)
        t.equal(got.length, 1)
        t.equal(got[0]!.body.toString(), 'hello', `${type} ${framing}`)
        const framings = [...valuesOf(got[0]!, 'content-length'), ...valuesOf(got[0]!, 'transfer-encoding')]
        t.equal(framings.length, 1)
      }
  })

  await t.test(
    '0.3 0.4 0.5 0.6 identity, our cookie and what was forwarded never come from outside, over HTTP and sockets',
    async t => {
      const lies = [
        'remote_user: evil',
        'Remote.User: evil',
        'x-forwarded-host: evil',
        'X_Forwarded_Proto: evil',
        'Forwarded: for=evil',
        'X-Real-IP: evil',
        'X-Original-URL: /evil',
        'X-Rewrite-URL: /evil',
        'X-HTTP-Method-Override: evil'
      ]
      const handshake = [
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        `Origin: http://${host}`
      ]
      const plain = await request('GET', '/', lies)
      const socket = await connect(t, gate)
      socket.send(`${head('GET', '/socket', host, [cookie, 'Connection: Upgrade', ...handshake, ...lies])}\r\n\r\n`)
      t.match(await socket.until('\r\n\r\n'), /^HTTP\/1\.1 101/)
      for (const one of [plain.got[0]!, upstream.requests.at(-1)!]) {
        t.notMatch(one.raw.toString('latin1'), /\bevil|evil\b/, one.line)
        t.notMatch(one.raw.toString('latin1'), /factorgate=/)
        t.same(valuesOf(one, 'remote-user'), ['alice'])
      }
      for (const origin of ['https://evil.example', 'null', `http://${host}.evil.example`]) {
        const lines = [cookie, 'Connection: Upgrade', ...handshake.slice(0, 3), `Origin: ${origin}`]
        const { status, bytes } = await send(`${head('GET', '/socket', host, lines)}\r\n\r\n`)
        t.same([status, bytes.length], [403, 0], origin)
      }
    }
  )

  await t.test('0.7 0.8 a target is read once; what Node lets pass and is none is 400', async t => {
    for (const target of ['/x#/y', '*', 'x', '/a\\b c', '/x\x7f', `${'/a'}\x01`]) {
      const { status, bytes } = await send(`${head('OPTIONS', target, host, [cookie, 'Connection: close'])}\r\n\r\n`)
      t.same([status, bytes.length], [400, 0], shown(target))
    }
    for (const path of ['/a%00b', '/a%2fb', '/x;a=1/y', '/a/%252e%252e/b']) {
      const { status, got } = await request('GET', path)
      if (status === 200) t.equal(got[0]!.line, `GET ${path} HTTP/1.1`, 'byte for byte')
      else t.same([status, got.length], [400, 0], path)
    }
  })

  await t.test('0.9 what Node joins or drops when it stands twice is 400', async t => {
    for (const line of ['Host: other', 'Content-Type: a/b', 'Authorization: x', 'Content-Length: 0', 'Origin: x']) {
      const lines = line.startsWith('Host') ? [line] : [line, line]
      const { status, bytes } = await request('POST', '/', lines)
      t.same([status, bytes.length], [400, 0], line)
    }
  })

  await t.test('0.10 what the parser refuses it still refuses', async t => {
    const start = `POST / HTTP/1.1\r\nHost: ${host}\r\n${cookie}\r\n`
    for (const rest of [
      'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
      'Transfer-Encoding: xchunked\r\n\r\nhello',
      'Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
      'X: a\r\n b: c\r\n\r\n',
      'X: a\nY: b\r\n\r\n',
      'X: a\r\n\rX'
    ]) {
      const { status, bytes } = await send(start + rest)
      t.same([status, bytes.length], [400, 0], JSON.stringify(rest))
    }
    const hostless = await connect(t, gate)
    hostless.send('GET / HTTP/1.1\r\n\r\n')
    t.match(await hostless.rest(), /^HTTP\/1\.1 400 [\s\S]*\r\nfactorgate-error: bad_request\r\n/i, 'no Host')
    const client = await connect(t, gate)
    client.send(`CONNECT app:80 HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    t.equal(await client.rest(), '', 'CONNECT is closed')
    const traced = await connect(t, gate)
    traced.send(`${head('TRACE', '/', host, [cookie, 'Connection: close'])}\r\n\r\n`)
    t.match(await traced.rest(), /^HTTP\/1\.1 405 [\s\S]*\r\nallow: GET, HEAD, /i, 'TRACE')
    for (const upgrade of ['h2c', 'h2c, websocket', 'TLS/1.0']) {
      const lines = [
        cookie,
        `Upgrade: ${upgrade}`,
        'Connection: Upgrade, HTTP2-Settings',
        'HTTP2-Settings: AAMAAABkAAQAAP__'
      ]
      const { got, status } = await send(`${head('GET', '/', host, lines)}\r\n\r\n`)
      t.ok(
        got.every(one => valuesOf(one, 'upgrade').length === 0 && valuesOf(one, 'http2-settings').length === 0),
        `${upgrade}: ${status}`
      )
    }
  })

  await t.test('0.14 Expect: 100-continue is one request, and the app is not asked what it did not offer', async t => {
    const { status, got, answers } = await request(
      'POST',
      '/form',
      ['Expect: 100-continue', 'Content-Length: 5'],
      'hello'
    )
    t.ok(answers <= 2)
    t.ok(status === 100 || status === 200, String(status))
    t.same([got.length, got[0]!.body.toString()], [1, 'hello'])
  })
})
