/** The destinations: what they send, what they make of answers, and that lines count as sent only when somebody has read them. */
import { once } from 'node:events'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { ExportFile } from '../../src/export/export-file.ts'
import type { ExportLine, Outgoing } from '../../src/export/export-line.ts'
import { type CollectorOptions, HttpsCollector } from '../../src/export/https-collector.ts'
import { SyslogStream, type SyslogStreamOptions } from '../../src/export/syslog-stream.ts'
import { startIll } from '../fixtures/in-process/ill-server.ts'
import { Pki } from '../fixtures/process/pki.ts'

const noFiles = { ca: null, cert: null, key: null }
const sender = { host: 'gate', processId: 1 }

function outgoing(...names: string[]): Outgoing[] {
  return names.map((name, index) => {
    const entry = { at: '2026-11-28T12:00:00.000Z', kind: 'login', name }
    const line: ExportLine = { seq: index + 1, hash: 'a'.repeat(64), text: JSON.stringify(entry), entry }
    return { line, text: JSON.stringify({ name }) }
  })
}

interface Posted {
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
}

async function collector(t: Test, answer: (posted: Posted, response: http.ServerResponse) => void) {
  const posted: Posted[] = []
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', part => parts.push(part))
    request.on('end', () => {
      const one = { headers: request.headers, body: Buffer.concat(parts) }
      posted.push(one)
      answer(one, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ingest`
  const to = (more: Partial<CollectorOptions> = {}) => {
    const made = new HttpsCollector({ url, tls: noFiles, tokenFile: null, compresses: false, ...more })
    t.teardown(() => made.reset())
    return made
  }
  return { posted, to }
}

t.test('a collector gets JSON lines and the token, which may change', async t => {
  const tokenFile = path.join(t.testdir({ token: 'one\n' }), 'token')
  const { posted, to } = await collector(t, (_, response) => response.end('{}'))
  const destination = to({ tokenFile })
  await destination.send(outgoing('a', 'b'))
  writeFileSync(tokenFile, 'two')
  await destination.send(outgoing('c'))
  t.same(
    posted.map(({ headers, body }) => [headers.authorization, headers['content-type'], String(body)]),
    [
      ['Bearer one', 'application/x-ndjson', '{"name":"a"}\n{"name":"b"}\n'],
      ['Bearer two', 'application/x-ndjson', '{"name":"c"}\n']
    ]
  )
})

t.test('a collector gets packed batches where it wants them', async t => {
  const { posted, to } = await collector(t, (_, response) => response.end())
  await to({ compresses: true }).send(outgoing('a'))
  t.equal(posted[0]!.headers['content-encoding'], 'gzip')
  t.equal(String(gunzipSync(posted[0]!.body)), '{"name":"a"}\n')
})

t.test('a batch that is too large is halved', async t => {
  const taken: string[] = []
  const { to } = await collector(t, ({ body }, response) => {
    const lines = String(body).trim().split('\n')
    if (lines.length > 1) return response.writeHead(413).end()
    taken.push(...lines.map(line => JSON.parse(line).name))
    return response.end()
  })
  await to().send(outgoing('a', 'b', 'c', 'd', 'e'))
  t.same(taken, ['a', 'b', 'c', 'd', 'e'])
})

const answers: readonly (readonly [
  string,
  (response: http.ServerResponse) => void,
  message: RegExp,
  retryAfterMs: number | null
])[] = [
  ['503', r => r.writeHead(503, { 'retry-after': '7' }).end(), /answered 503$/, 7000],
  ['429 with a date', r => r.writeHead(429, { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' }).end(), /429$/, null],
  ['401', r => r.writeHead(401).end(), /does not accept the token/, null],
  ['400', r => r.writeHead(400).end(), /answered 400 to the lines from 1 on/, null],
  ['a redirect', r => r.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(), /redirects are not followed/, null],
  ['silence', () => {}, /did not answer within 0.2 s/, null],
  ['a cut', r => r.destroy(), /cannot be reached/, null],
  ['an endless answer', r => r.end('x'.repeat(300_000)), /answer is too long/, null]
]
for (const [what, answer, message, retryAfterMs] of answers)
  t.test(`a collector that answers with ${what} has not got the lines`, async t => {
    const { posted, to } = await collector(t, (_, response) => answer(response))
    const timeoutMs = what === 'silence' ? 200 : 30_000
    await t.rejects(to({ timeoutMs }).send(outgoing('a')), { name: 'ExportFailure', message, retryAfterMs })
    t.equal(posted.length, 1)
  })

t.test('a token file that is missing is named', async t => {
  const { to } = await collector(t, (_, response) => response.end())
  await t.rejects(to({ tokenFile: '/nowhere/token' }).send(outgoing('a')), { message: /cannot read \/nowhere\/token/ })
})

t.test('a file gets lines, and half a line of a crash is ended first', async t => {
  const file = path.join(t.testdir({}), 'out.ndjson')
  const destination = new ExportFile(file)
  await destination.send(outgoing('a'))
  appendFileSync(file, '{"na')
  await destination.send(outgoing('b'))
  t.equal(readFileSync(file, 'utf8'), '{"name":"a"}\n{"na\n{"name":"b"}\n')
  await t.rejects(new ExportFile(path.join(file, 'x')).send(outgoing('a')), { name: 'ExportFailure' })
})

/** The frames in a stream of RFC 5425. */
function framesOf(text: string): string[] {
  const frames: string[] = []
  for (let at = 0; at < text.length; ) {
    const space = text.indexOf(' ', at)
    const end = space + 1 + Number(text.slice(at, space))
    frames.push(text.slice(space + 1, end))
    at = end
  }
  return frames
}

async function syslogServer(t: Test, serve: (socket: net.Socket) => void, secure?: tls.TlsOptions) {
  const server =
    secure === undefined ? net.createServer({ allowHalfOpen: true }, serve) : tls.createServer(secure, serve)
  const sockets = new Set<net.Socket>()
  server.on('connection', socket => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return (more: Partial<SyslogStreamOptions> = {}) => {
    const made = new SyslogStream({ host: '127.0.0.1', port, tls: null, sender, timeoutMs: 500, ...more })
    t.teardown(() => made.reset())
    return made
  }
}

/** A server that reads everything and then ends. */
function reader(got: string[]) {
  return (socket: net.Socket) => {
    let all = ''
    socket.on('error', () => {})
    socket.on('data', part => {
      all += part
    })
    socket.on('end', () => {
      got.push(...framesOf(all))
      socket.end()
    })
  }
}

t.test('a syslog server gets counted frames, and has them when it ends the connection', async t => {
  const got: string[] = []
  const to = await syslogServer(t, reader(got))
  const destination = to()
  await destination.send(outgoing('a'))
  await destination.send(outgoing('b', 'ü'))
  t.same(got, [])
  await destination.confirm()
  t.equal(got.length, 3)
  t.match(got[2], /^<85>1 2026-11-28T12:00:00.000Z gate factorgate 1 login \[meta sequenceId="2"\] \{"name":"ü"\}$/)
  await destination.confirm()
  await destination.send(outgoing('c'))
  await destination.confirm()
  t.equal(got.length, 4, 'the next lines have a connection of their own')
})

const illnesses: readonly (readonly [string, (socket: net.Socket) => void, RegExp])[] = [
  ['resets the connection', socket => socket.once('data', () => socket.resetAndDestroy()), /cut|reached|ended/],
  ['reads nothing', socket => socket.pause(), /did not/]
]
for (const [what, serve, message] of illnesses)
  t.test(`a syslog server that ${what} has nothing`, async t => {
    const to = await syslogServer(t, socket => {
      socket.on('error', () => {})
      serve(socket)
    })
    const destination = to()
    const work = (async () => {
      await destination.send(outgoing('a', 'b'))
      await destination.confirm()
    })()
    await t.rejects(work, { name: 'ExportFailure', message })
  })

t.test('a syslog server that ends the connection by itself may not have read the last lines', async t => {
  let hasEnded = () => {}
  const ended = new Promise<void>(resolve => {
    hasEnded = resolve
  })
  const to = await syslogServer(t, socket => socket.once('data', () => socket.end(hasEnded)))
  const destination = to()
  await destination.send(outgoing('a'))
  await ended
  await t.rejects(destination.confirm(), { message: 'the syslog server ended the connection' })
})

t.test('a connection that is being opened, or waits for the end of the server, ends at once with the gate', async t => {
  const silent = await startIll(t, { illness: 'says nothing' })
  const opening = new SyslogStream({ host: '127.0.0.1', port: silent.port, tls: noFiles, sender, timeoutMs: 600_000 })
  const sent = opening.send(outgoing('a'))
  await silent.asked()
  opening.reset()
  await t.rejects(sent, { name: 'ExportFailure' }, 'a handshake that never ends')
  await silent.left()

  const to = await syslogServer(t, socket => socket.resume())
  const waiting = to({ timeoutMs: 600_000 })
  await waiting.send(outgoing('a'))
  const confirmed = waiting.confirm()
  await new Promise(resolve => setImmediate(resolve))
  waiting.reset()
  await t.rejects(confirmed, { name: 'ExportFailure' }, 'a server that does not end')
})

t.test('syslog over TLS checks the server and shows a client certificate', async t => {
  const pki = new Pki(path.join(t.testdir({}), 'pki'))
  pki.root('ca')
  pki.root('stranger')
  pki.leaf('server', { by: 'ca', san: 'IP:127.0.0.1', eku: 'serverAuth' })
  pki.leaf('gate', { by: 'ca' })
  const got: string[] = []
  const to = await syslogServer(t, reader(got), {
    cert: pki.read('server.pem'),
    key: pki.read('server.key'),
    ca: pki.read('ca.pem'),
    requestCert: true,
    rejectUnauthorized: true,
    allowHalfOpen: true
  } as tls.TlsOptions)
  const [ca, cert, key] = [pki.file('ca.pem'), pki.file('gate.pem'), pki.file('gate.key')]
  const good = to({ tls: { ca, cert, key } })
  await good.send(outgoing('a'))
  await good.confirm()
  t.equal(got.length, 1)
  await t.rejects(to({ tls: { ca: pki.file('stranger.pem'), cert, key } }).send(outgoing('b')), {
    message: /cannot be reached.*(certificate|issuer|SELF|verify)/i
  })
  const bare = to({ tls: { ca, cert: null, key: null } })
  await t.rejects(
    (async () => {
      await bare.send(outgoing('c'))
      await bare.confirm()
    })(),
    { name: 'ExportFailure' }
  )
  await t.rejects(to({ tls: { ca: '/nowhere/ca.pem', cert: null, key: null } }).send(outgoing('d')), {
    message: /cannot read \/nowhere\/ca.pem/
  })
  t.equal(got.length, 1)
})
