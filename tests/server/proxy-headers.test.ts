/** Behind TCP balancers: who counts as the client, on plain connections, TLS, WebSockets and the listener for plain http, and behind a real HAProxy. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type http from 'node:http'
import net, { type Socket } from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { Listener, type ListenerOptions } from '../../src/server/listener.ts'
import { PlainHttp } from '../../src/server/plain-http.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'
import { Line } from '../fixtures/in-process/wire.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { Pki } from '../fixtures/process/pki.ts'
import { hasProgram, startHaproxy } from '../fixtures/process/proxies.ts'
import { mayInstall } from '../setup/machine.mjs'

const balancer = '127.0.0.1'
const stranger = '127.0.0.2'
const v1 = 'PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\r\n'
const signature = '\r\n\r\n\0\r\nQUIT\n'
const v2 = `${signature}\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x12\x34\x01\xbb`
const get = 'GET / HTTP/1.1\r\nHost: one\r\n\r\n'
const last = 'GET / HTTP/1.1\r\nHost: one\r\nConnection: close\r\n\r\n'

/** Answers with the address and port of the client. */
const whoPipeline = {
  request: (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { remoteAddress, remotePort } = request.socket
    request.resume().on('end', () => response.end(`<${remoteAddress} ${remotePort}>`))
  },
  upgrade: (request: http.IncomingMessage, socket: NodeJS.WritableStream) => {
    socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n<${request.socket.remoteAddress}>`)
  }
}

async function start(t: Test, more: Partial<ListenerOptions> & { headerMs?: number } = {}) {
  const warnings: string[] = []
  const { headerMs, ...options } = more
  const warn = (sentence: string) => warnings.push(sentence)
  const proxyProtocol = { from: [balancer], warn, ...(headerMs === undefined ? {} : { headerMs }) }
  const listener = new Listener(whoPipeline as never, { maxHeaderSize: 8192, tls: null, proxyProtocol, ...options })
  const { port } = await listener.listen('127.0.0.1', 0)
  t.teardown(() => listener.close(0))
  return { listener, port, warnings }
}

/** All of the answer; the connection is ended by the gate. */
async function say(port: number, from: string, ...parts: string[]): Promise<string> {
  const line = new Line(port, from)
  for (const part of parts) {
    line.send(part)
    await new Promise(setImmediate)
  }
  return line.closed()
}

t.test(
  'H28: connections of a balancer and of strangers, with headers of every kind: the client is whom a listed balancer names',
  async t => {
    const { port, warnings } = await start(t)
    const rows: [sentence: string, from: string, said: string[], answer: RegExp][] = [
      ['version 1', balancer, [v1 + last], /<192\.0\.2\.7 4660>$/],
      ['version 2', balancer, [v2 + last], /<192\.0\.2\.7 4660>$/],
      ['a header byte by byte', balancer, [...v1, last], /<192\.0\.2\.7 4660>$/],
      ['a version 2 header byte by byte', balancer, [...v2, last], /<192\.0\.2\.7 4660>$/],
      [
        'a header with the request of the next packet',
        balancer,
        [v2, last.slice(0, 9), last.slice(9)],
        /<192\.0\.2\.7 4660>$/
      ],
      ['requests on a kept connection', balancer, [v1 + get, get, last], /(<192\.0\.2\.7 4660>[\s\S]*){3}$/],
      [
        'a body',
        balancer,
        [`${v1}POST / HTTP/1.1\r\nHost: one\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab`, 'cd'],
        /<192\.0\.2\.7 4660>$/
      ],
      [
        'a WebSocket',
        balancer,
        [
          `${v1}GET / HTTP/1.1\r\nHost: one\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`
        ],
        /101[\s\S]*<192\.0\.2\.7>$/
      ],
      ['the balancer itself', balancer, [`${signature}\x20\0\0\0${last}`], /<127\.0\.0\.1 \d+>$/],
      ['a client of whom the balancer knows nothing', balancer, [`PROXY UNKNOWN\r\n${last}`], /<unknown 0>$/],
      ['no header from a balancer', balancer, [last], /^$/],
      ['half a header from a balancer, then a request', balancer, [`PROXY TCP4 ${last}`], /^$/],
      [
        'a second header, which the client wrote',
        balancer,
        [`${v1}PROXY TCP4 10.0.0.1 10.0.0.1 1 1\r\n${last}`],
        /^HTTP\/1\.1 400 /
      ],
      ['a second header of version 2', balancer, [v1 + v2 + last], /^HTTP\/1\.1 400 /],
      ['a stranger without a header', stranger, [last], /<127\.0\.0\.2 \d+>$/],
      ['a stranger with version 1', stranger, [v1 + last], /^HTTP\/1\.1 400 /],
      ['a stranger with version 2', stranger, [v2 + last], /^HTTP\/1\.1 400 /]
    ]
    for (const [sentence, from, said, answer] of rows) t.match(await say(port, from, ...said), answer, sentence)
    t.match(
      warnings,
      [/from 127\.0\.0\.1 was closed: the PROXY protocol header is missing.*send-proxy-v2/],
      'one line a minute'
    )
  }
)

t.test(
  'D4: a balancer’s connection that says nothing, little, or ends early: it is cut, and a line only if it began to speak',
  async t => {
    const { port, warnings } = await start(t, { headerMs: 500 })
    t.equal(await say(port, balancer), '', 'silence')
    const line = new Line(port)
    line.socket.end()
    t.equal(await line.closed(), '', 'a check that only connects')
    t.strictSame(warnings, [])
    t.equal(await say(port, balancer, 'PROXY TC'), '', 'half a header')
    t.match(warnings, [/not whole after 0.5 s/])
  }
)

t.test('a shutdown ends connections whose header is awaited', async t => {
  const { listener, port } = await start(t, { headerMs: 60_000 })
  const line = new Line(port)
  line.send('PROXY ')
  await new Promise<void>(resolve => setTimeout(resolve, 20))
  await listener.close(10)
  t.equal(await line.closed(), '')
})

t.test('H28: the same under TLS, also while an authority’s visitor is awaited', async t => {
  const pki = new Pki(path.join(t.testdir({}), 'pki'))
  pki.root('site')
  const files = { cert: pki.file('site.pem'), key: pki.file('site.key') }
  const pair = { cert: pki.read('site.pem'), key: pki.read('site.key') }
  const source = { pairFor: () => pair, lacks: () => false, main: pair, onChange: () => {} }
  const challenges = { isAwaitingTls: true, pairFor: async () => pair }
  const ways: [sentence: string, tls: ListenerOptions['tls']][] = [
    ['a certificate from files', files],
    ['a certificate from an authority', { source, challenges }]
  ]
  for (const [sentence, of] of ways) {
    const { port } = await start(t, { tls: of })
    t.match(await overTls(port, balancer, v1), /<192\.0\.2\.7 4660>/, `${sentence}: version 1`)
    t.match(await overTls(port, balancer, v2), /<192\.0\.2\.7 4660>/, `${sentence}: version 2`)
    t.match(await overTls(port, stranger, ''), /<127\.0\.0\.2 \d+>/, `${sentence}: a stranger without a header`)
    t.equal(await overTls(port, balancer, ''), 'closed', `${sentence}: a balancer without a header`)
    t.equal(await overTls(port, stranger, v1), 'closed', `${sentence}: a stranger with a header`)
    t.equal(await overTls(port, stranger, v2), 'closed', `${sentence}: a stranger with a header of version 2`)
    t.match(
      await overTls(port, balancer, v1, v1),
      /^HTTP\/1\.1 400 /,
      `${sentence}: a header inside TLS is a bad request`
    )
  }
})

t.test('the listener for plain http reads the same headers', async t => {
  const sites = new Map([['one', 'https://one']])
  const plain = new PlainHttp({
    sites: () => sites,
    maxHeaderSize: 8192,
    proxyProtocol: { from: [balancer], warn: () => {} }
  })
  const { port } = await plain.listen('127.0.0.1', 0)
  t.teardown(() => plain.close())
  t.match(await say(port, balancer, v2 + last), /^HTTP\/1\.1 301 /)
  t.equal(await say(port, balancer, last), '')
  t.match(await say(port, stranger, v1 + last), /^HTTP\/1\.1 400 /)
  t.match(await say(port, stranger, last), /^HTTP\/1\.1 301 /)
  const waiting = new Line(port)
  waiting.send('PROXY')
  await new Promise<void>(resolve => setTimeout(resolve, 20))
  await plain.close()
  t.equal(await waiting.closed(), '')
})

t.test(
  'FIELD F19 HAProxy passes connections on, and its clients write X-Forwarded-For: rules, journal and app have the client of the header',
  async t => {
    const upstream = await echoApp(t)
    const gate = await startGateway(t, {
      listen: `proxyProtocol: { from: ["${balancer}"] }`,
      extra: 'trustedProxies: [203.0.113.9, 127.0.0.3]',
      apps: `  - id: one
    title: One
    url: http://one.localhost:PORT
    upstream: ${upstream.url}
    rules:
      - { networks: [127.0.0.2], access: public }
      - { networks: [192.0.2.0/24], access: public }
      - { path: /own, networks: [127.0.0.1], access: public }
      - { path: /any, access: public }
      - { access: deny }`
    })
    const host = `Host: one.localhost:${gate.port}\r\nX-Forwarded-For: 192.0.2.99\r\nConnection: close\r\n\r\n`
    const asked = (target: string, header: string) =>
      say(gate.port, balancer, `${header}GET ${target} HTTP/1.1\r\n${host}`)
    t.match(await asked('/', v1), /^HTTP\/1\.1 200 [\s\S]*"x-forwarded-for":"192\.0\.2\.7"/, 'a rule’s network')
    t.match(await asked('/', v1.replace('192.0.2.7', '10.0.0.1')), /^HTTP\/1\.1 403 /, 'another network')
    t.match(await asked('/own', `PROXY UNKNOWN\r\n`), /^HTTP\/1\.1 403 /, 'no address is in no network')
    t.match(
      await asked('/', v1.replace('192.0.2.7', '203.0.113.9')),
      /^HTTP\/1\.1 200 [\s\S]*"x-forwarded-for":"192\.0\.2\.99"/,
      'a trusted proxy behind the balancer is believed'
    )
    await gate.server.runtime.journal.flush()
    t.match(readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8'), /"192\.0\.2\.7"/, 'the journal')
    if (!hasProgram('haproxy')) {
      t.equal(mayInstall(), null, 'haproxy is not here, and nothing may be installed: it is not asked')
      return
    }
    for (const way of [
      'send-proxy',
      'send-proxy-v2',
      'send-proxy-v2 proxy-v2-options crc32c,unique-id check inter 50'
    ]) {
      const port = await freePort()
      const config = `defaults
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen front
  bind 127.0.0.1:${port}
  server gate 127.0.0.1:${gate.port} ${way}
`
      await startHaproxy(t, config, '', port)
      t.match(
        await say(port, '127.0.0.2', `GET / HTTP/1.1\r\n${host}`),
        /^HTTP\/1\.1 200 [\s\S]*"x-forwarded-for":"127\.0\.0\.2"/,
        way
      )
      t.match(await say(port, '127.0.0.4', `GET / HTTP/1.1\r\n${host}`), /^HTTP\/1\.1 403 /, `${way}: another client`)
      t.match(
        await say(port, '127.0.0.3', `GET / HTTP/1.1\r\n${host}`),
        /^HTTP\/1\.1 200 [\s\S]*"x-forwarded-for":"192\.0\.2\.99"/,
        `${way}: a client that is a trusted proxy`
      )
    }
  }
)

/** The answer to a request over TLS, after `header` in the clear and `inside` within; `closed` if there is none. */
async function overTls(port: number, from: string, header: string, inside = ''): Promise<string> {
  const raw: Socket = net.connect({ port, host: '127.0.0.1', localAddress: from })
  await once(raw, 'connect')
  raw.on('error', () => {})
  if (header !== '') raw.write(header, 'latin1')
  const secure = tls.connect({ socket: raw, rejectUnauthorized: false, servername: 'site' })
  let answer = ''
  secure.setEncoding('latin1').on('data', (part: string) => {
    answer += part
  })
  secure.on('error', () => {})
  secure.on('secureConnect', () => secure.write(inside + last, 'latin1'))
  await new Promise(resolve => secure.once('close', resolve))
  return answer === '' ? 'closed' : answer
}
