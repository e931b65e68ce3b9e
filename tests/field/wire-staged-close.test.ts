/** FIELD F5: whatever the gate itself answers to a body that is still coming is heard. The clients are curl, Node's own and raw ones. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { Listener } from '../../src/server/listener.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { ok, startUpstream, webSocketLines } from '../fixtures/in-process/upstream.ts'
import { Line, readReplies } from '../fixtures/in-process/wire.ts'

const run = promisify(execFile)
/** As in the row; and more than the buffers of two sockets hold. */
const big = 60_000_000
const enough = 12_000_000

t.test('FIELD F5 the gate’s answers to an upload', { timeout: 60_000 }, async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'factorgate-upload-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'upload')
  writeFileSync(file, '')
  truncateSync(file, enough)
  const large = path.join(folder, 'large')
  writeFileSync(large, '')
  truncateSync(large, big)
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const files = ['-keyout', path.join(folder, 'tls.key'), '-out', path.join(folder, 'tls.crt')]
  await run('openssl', ['req', '-x509', ...curve, '-nodes', '-days', '2', '-subj', '/CN=localhost', ...files])
  const up = await startUpstream(t, ok)
  const apps = `  - id: one
    url: "http://one.localhost:PORT"
    upstream: "${up.origin}"
    rules: [{ path: /denied/**, access: deny }, { path: /open/**, access: public }, { access: mfa }]
  - { id: closed, url: "http://closed.localhost:PORT", upstream: "${up.origin}", maintenance: { message: today }, rules: [{ access: public }] }
  - { id: dead, url: "http://dead.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ access: public }] }`
  const gate = await startGateway(t, { apps })
  const { principal, cookies } = await gate.signIn(await gate.account('alice'), 'one')
  await gate.server.runtime.sessions.end(principal.session.id, 'revoked')
  const ended = `Cookie: ${cookies.one}`
  const page = ['Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']
  /** Host, path, lines, status. */
  const table: [string, string, string[], number][] = [
    ['one', '/upload', [ended], 401],
    // A form that a person sent is lost with the session, and a page says so (FIELD F17).
    ['one', '/upload', [ended, ...page], 401],
    ['one', '/denied/x', [], 403],
    ['one', '/.factorgate/nothing', [], 404],
    ['gate', '/.factorgate/login', ['Content-Type: application/x-www-form-urlencoded'], 413],
    ['gate', '/.factorgate/login', ['Content-Type: text/plain'], 415],
    ['gate', '/elsewhere', page, 404],
    ['unknown', '/', [], 421],
    ['closed', '/', [], 503],
    ['closed', '/', page, 503],
    ['dead', '/', [], 502],
    ['one', '/x%2f..%2f.factorgate/', [], 400]
  ]

  await t.test('curl, by length and in chunks, asking first and not', async t => {
    const ask = async ([host, target, lines]: (typeof table)[number], more: string[]) => {
      const args = [
        '-s',
        '-o',
        '-',
        '-w',
        '\n%{http_code} %{exitcode}',
        '--resolve',
        `*:${gate.port}:127.0.0.1`,
        '-T',
        target === '/upload' ? large : file,
        '-X',
        'POST',
        ...more
      ]
      for (const line of lines) args.push('-H', line)
      const child = await run('curl', [...args, `http://${host}.localhost:${gate.port}${target}`]).catch(error => error)
      return String(child.stdout).trim().split('\n').at(-1)
    }
    const ways = [['-H', 'Expect:'], ['-H', 'Expect:', '-H', 'Transfer-Encoding: chunked'], []]
    for (const row of table)
      t.same(
        await Promise.all(ways.map(way => ask(row, way))),
        ways.map(() => `${row[3]} 0`),
        `${row[0]}${row[1]}`
      )
  })

  await t.test('Node’s client, which hears a reset instead of an answer where there is one', async t => {
    for (const [host, target, lines, status] of table)
      for (const isChunked of [false, true]) {
        const bytes = target === '/upload' ? big : enough
        const headers: Record<string, string> = Object.fromEntries(lines.map(line => line.split(': ')))
        headers.host = `${host}.localhost:${gate.port}`
        if (!isChunked) headers['content-length'] = String(bytes)
        t.equal(await upload(gate.port, target, headers, bytes), status, `${host}${target}`)
      }
  })

  await t.test(
    'bytes that no request is made of any more: pipelined ones, and what follows a refused handshake or a head too long',
    async t => {
      const own = `one.localhost:${gate.port}`
      const smuggled = `GET /open/smuggled HTTP/1.1\r\nHost: ${own}\r\n\r\n`
      const heads: [string, string, number][] = [
        [
          'a body, and requests behind it',
          `POST /upload HTTP/1.1\r\nHost: ${own}\r\nContent-Length: 5\r\n\r\nhello`,
          401
        ],
        ['a handshake', `GET /upload HTTP/1.1\r\nHost: ${own}\r\n${webSocketLines.join('\r\n')}\r\n\r\n`, 401],
        ['a head too long', `POST /upload HTTP/1.1\r\nHost: ${own}\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
        ['no HTTP', 'nonsense\r\n\r\n', 400],
        ['no host', 'POST /upload HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n', 400],
        [
          'an expectation',
          `POST /upload HTTP/1.1\r\nHost: ${own}\r\nExpect: a-miracle\r\nContent-Length: 999999999\r\n\r\n`,
          417
        ]
      ]
      for (const [title, head, status] of heads) {
        const line = new Line(gate.port)
        line.send(head + smuggled.repeat(20))
        for (let i = 0; i < 30; i++) line.send(smuggled.repeat(2_000))
        const replies = readReplies(await line.closed())
        t.same(
          replies.map(reply => reply.status),
          [status],
          title
        )
      }
      t.notMatch(up.bytes().toString('latin1'), /smuggled/)
    }
  )

  await t.test('a client that never stops is cut, and costs no memory', async t => {
    const before = process.memoryUsage().rss
    const socket = net.connect({ port: gate.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {}).resume()
    socket.write(`POST /upload HTTP/1.1\r\nHost: one.localhost:${gate.port}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const piece = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`)
    let sent = 0
    const more = () => {
      while (socket.writable && sent < 2e9) {
        sent += piece.length
        if (!socket.write(piece)) return socket.once('drain', more)
      }
    }
    more()
    await new Promise(resolve => socket.once('close', resolve))
    t.ok(sent > 200e6 && sent < 400e6, `cut after ${sent} bytes`)
    const grown = process.memoryUsage().rss - before
    t.ok(grown < 150e6, `${grown} bytes of memory`)
  })

  await t.test('the same with TLS', async t => {
    const refuse = (_request: http.IncomingMessage, response: http.ServerResponse) => {
      response.writeHead(401, { connection: 'close', 'content-length': '2' }).end('no')
    }
    const tls = { cert: path.join(folder, 'tls.crt'), key: path.join(folder, 'tls.key') }
    const listener = new Listener({ request: refuse, upgrade: () => {} }, { maxHeaderSize: 16_384, tls })
    const { port } = await listener.listen('127.0.0.1', 0)
    t.teardown(() => listener.close(0))
    for (const isChunked of [false, true])
      t.equal(await upload(port, '/', isChunked ? {} : { 'content-length': String(big) }, big, https), 401)
  })
})

/** Sends it all whatever comes, and answers the status, or what was heard instead. */
function upload(
  port: number,
  target: string,
  headers: Record<string, string>,
  bytes: number,
  by: typeof http | typeof https = http
): Promise<number | string> {
  return new Promise(resolve => {
    const to = { host: '127.0.0.1', port, method: 'POST', path: target, headers, agent: false }
    const request = by.request({ ...to, rejectUnauthorized: false } as https.RequestOptions, response => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0)
        request.destroy()
      })
    })
    request.on('error', error => resolve(error.message))
    const piece = Buffer.alloc(256 * 1024)
    let left = bytes
    const more = () => {
      while (left > 0 && !request.destroyed) {
        const now = Math.min(left, piece.length)
        left -= now
        if (!request.write(piece.subarray(0, now))) return request.once('drain', more)
      }
      request.end()
    }
    more()
  })
}
