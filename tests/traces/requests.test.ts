/** Traces of the whole gate: parentage, what apps get, what spans say and do not say, and reloads. */
import { readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import t, { type Test } from 'tap'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { ok, type Script, startUpstream, webSocketLines } from '../fixtures/in-process/upstream.ts'
import { type Collector, type SeenSpan, startCollector } from './collector.ts'

const theirs = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' }
const theirParent = `00-${theirs.trace}-${theirs.span}-01`

interface Lab {
  readonly gate: Running
  readonly collector: Collector
  readonly upstream: Awaited<ReturnType<typeof startUpstream>>
  /** The cookie of a person who is signed in. */
  readonly cookie: string
  url(path: string): string
  /** The span of this kind with this name. */
  span(kind: number, name: string | RegExp): Promise<SeenSpan>
}

const server = 2
const client = 3
const internal = 1

async function lab(
  t: Test,
  { script = ok, extra = '', traces = 'sample: 1' }: { script?: Script; extra?: string; traces?: string | null } = {}
): Promise<Lab> {
  const upstream = await startUpstream(t, script)
  const collector = await startCollector(t)
  const line = traces === null ? '' : `traces: { endpoint: "${collector.endpoint}", ${traces} }`
  const gate = await startGateway(t, {
    apps: `  - { id: wiki, url: "http://wiki.localhost:PORT/nb", upstream: "${upstream.origin}", rules: [{ path: /nb/open/**, access: public }, { path: /open/**, access: public }, { access: mfa }] }`,
    extra: `${extra}\n${line}`
  })
  const { cookies } = await gate.signIn(await gate.account('zacharias'), 'wiki')
  return {
    gate,
    collector,
    upstream,
    cookie: cookies.wiki!,
    url: path => `${gate.origin('wiki')}${path}`,
    span: (kind, name) =>
      collector.until(
        span => span.kind === kind && (typeof name === 'string' ? span.name === name : name.test(span.name))
      )
  }
}

const headerOf = (request: { headers: readonly (readonly [string, string])[] } | undefined, name: string) =>
  request?.headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value)

t.test('a request is a span, its upstream request a child, and the app continues the child', async t => {
  const { gate, upstream, cookie, url, span } = await lab(t)
  const path = '/nb/users/zacharias?token=secret'
  t.equal((await gate.request('GET', url(path), { cookie, 'user-agent': 'Mozilla/5.0 Test' })).status, 200)
  const [outer, inner] = [await span(server, 'GET wiki'), await span(client, 'GET')]
  t.equal(inner.traceId, outer.traceId)
  t.equal(inner.parentSpanId, outer.spanId)
  t.equal(outer.parentSpanId, undefined)
  t.same(headerOf(upstream.requests[0], 'traceparent'), [`00-${outer.traceId}-${inner.spanId}-01`])
  t.same(headerOf(upstream.requests[0], 'tracestate'), [])
  t.same(
    { ...outer.attributes, 'factorgate.reference': 'x', 'server.port': 0 },
    {
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'http.route': '/nb/*',
      'server.address': 'wiki.localhost',
      'server.port': 0,
      'network.protocol.version': '1.1',
      'http.response.status_code': 200,
      'http.request.body.size': 0,
      'http.response.body.size': 2,
      'factorgate.app': 'wiki',
      'factorgate.reference': 'x',
      'factorgate.decision': 'forward'
    }
  )
  t.same(inner.attributes, {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'server.address': '127.0.0.1',
    'server.port': upstream.port,
    'http.response.status_code': 200
  })
  t.ok(BigInt(inner.startTimeUnixNano) >= BigInt(outer.startTimeUnixNano), 'the child begins later')
  t.ok(BigInt(inner.endTimeUnixNano) <= BigInt(outer.endTimeUnixNano), 'and ends earlier')
})

t.test('spans name no person, no address, no query and no path', async t => {
  const { gate, collector, cookie, url, span } = await lab(t)
  const headers = { cookie, 'user-agent': 'Mozilla/5.0 Test', referer: 'http://x.example/zacharias' }
  await gate.request('GET', url('/nb/users/zacharias?token=secret'), headers)
  await gate.request('GET', `${gate.portal}/.factorgate/login?rd=http://zacharias.example/`, headers)
  await span(server, 'GET /.factorgate/login')
  await span(server, 'GET wiki')
  t.notMatch(collector.bodies.join(), /zacharias|secret|127\.0\.0\.1:|Mozilla|users|factorgate=/)
  const reference = collector.spans.find(({ name }) => name === 'GET wiki')?.attributes['factorgate.reference']
  await gate.server.runtime.journal.flush()
  t.match(
    readFileSync(`${gate.folder}/journal.jsonl`, 'utf8'),
    `"request":"${reference}"`,
    'the journal names the same'
  )
})

t.test('with path: segment, the first segment of the path is named', async t => {
  const { gate, cookie, url, span } = await lab(t, { traces: 'sample: 1, path: segment' })
  await gate.request('GET', url('/nb/tree/notes/zacharias'), { cookie })
  const { attributes } = await span(server, 'GET wiki/tree')
  t.match(attributes, { 'url.path': '/nb/tree', 'http.route': '/nb/tree/*' })
})

t.test("a stranger's headers are ignored, and no app gets them", async t => {
  const { gate, upstream, cookie, url, span } = await lab(t)
  await gate.request('GET', url('/nb/'), { cookie, Traceparent: theirParent, tracestate: 'them=1' })
  const outer = await span(server, 'GET wiki')
  t.not(outer.traceId, theirs.trace)
  t.equal(outer.parentSpanId, undefined)
  t.match(headerOf(upstream.requests[0], 'traceparent'), [new RegExp(`^00-${outer.traceId}-`)])
  t.same(headerOf(upstream.requests[0], 'tracestate'), [])
})

const proxied = 'trustedProxies: [127.0.0.1]'

t.test("a trusted proxy's trace is continued, with its tracestate", async t => {
  const { gate, upstream, cookie, url, span } = await lab(t, { extra: proxied })
  await gate.request('GET', url('/nb/'), { cookie, traceparent: theirParent, tracestate: 'them=1' })
  const [outer, inner] = [await span(server, 'GET wiki'), await span(client, 'GET')]
  t.match(outer, { traceId: theirs.trace, parentSpanId: theirs.span, flags: 0x301 })
  t.same(headerOf(upstream.requests[0], 'traceparent'), [`00-${theirs.trace}-${inner.spanId}-01`])
  t.same(headerOf(upstream.requests[0], 'tracestate'), ['them=1'])
})

t.test("a trusted proxy's garbage begins a new trace", async t => {
  const { gate, upstream, cookie, url, span } = await lab(t, { extra: proxied })
  await gate.request('GET', url('/nb/'), { cookie, traceparent: '00-xyz', tracestate: 'them=1' })
  const outer = await span(server, 'GET wiki')
  t.match(headerOf(upstream.requests[0], 'traceparent'), [new RegExp(`^00-${outer.traceId}-[0-9a-f]{16}-01$`)])
  t.same(headerOf(upstream.requests[0], 'tracestate'), [])
})

t.test('whether a trace is kept is decided once', async t => {
  const { gate, collector, upstream, cookie, url, span } = await lab(t, { extra: proxied, traces: 'sample: 0' })
  await gate.request('GET', url('/nb/'), { cookie })
  t.match(headerOf(upstream.requests[0], 'traceparent'), [/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/], 'the app is told')
  await gate.request('GET', url('/nb/'), { cookie, traceparent: theirParent })
  t.match(headerOf(upstream.requests[1], 'traceparent'), [/-01$/], 'the proxy has decided otherwise')
  await span(server, 'GET wiki')
  t.same([...new Set(collector.spans.map(({ traceId }) => traceId))], [theirs.trace])
})

t.test('without traces an app gets what it got before', async t => {
  const { gate, upstream, cookie, url } = await lab(t, { traces: null })
  await gate.request('GET', url('/nb/'), { cookie, traceparent: theirParent, tracestate: 'them=1' })
  t.same(headerOf(upstream.requests[0], 'traceparent'), [theirParent])
  t.same(headerOf(upstream.requests[0], 'tracestate'), ['them=1'])
  t.equal(gate.server.runtime.tracing, null)
})

t.test("the gate's own answers are spans", async t => {
  const { gate, cookie, url, span } = await lab(t)
  t.equal((await gate.request('GET', url('/nb/'), { accept: 'text/html' })).status, 302)
  t.match((await span(server, 'GET wiki')).attributes, {
    'http.response.status_code': 302,
    'factorgate.decision': 'challenge',
    'factorgate.refusal': 'sign_in_required'
  })
  await gate.request('PROPFIND', url('/elsewhere'), { cookie })
  const { attributes, isError } = await span(server, 'HTTP')
  t.match(attributes, { 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' })
  t.match(attributes, { 'http.response.status_code': 404, 'factorgate.refusal': 'no_such_app' })
  t.equal(isError, false, 'a refusal is no fault of the gate')
  t.equal(attributes['url.path'], undefined)
})

t.test('a session that is read from the store is a span', async t => {
  const { gate, collector, cookie, url, span } = await lab(t)
  const [, first = ''] = /=(.)/.exec(cookie) ?? []
  await gate.request('GET', url('/nb/'), { cookie: cookie.replace(/=./, first === 'a' ? '=b' : '=a') })
  const outer = await span(server, 'GET wiki')
  const asked = collector.spans.find(({ kind }) => kind === internal)
  t.match(asked, { name: 'find the session', parentSpanId: outer.spanId, traceId: outer.traceId })
})

t.test('an app that breaks off, or is not there, is an error of both spans', async t => {
  const { gate, collector, cookie, url, span, upstream } = await lab(t, {
    script: socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
  })
  await gate.request('GET', url('/nb/'), { cookie }).catch(() => {})
  t.match(await span(client, 'GET'), { isError: true, attributes: { 'error.type': 'connection_closed' } })
  t.match(await span(server, 'GET wiki'), { isError: true, attributes: { 'factorgate.cut': 'app broke off' } })
  upstream.stop()
  t.equal((await gate.request('POST', url('/nb/'), { cookie })).status, 502)
  const outer = await span(server, 'POST wiki')
  t.match(outer, { isError: true, attributes: { 'error.type': 'app_unreachable', 'http.response.status_code': 502 } })
  t.match(
    collector.spans.find(one => one.parentSpanId === outer.spanId),
    { kind: client, isError: true, attributes: { 'error.type': 'connect_failed' } }
  )
})

/** A request over a raw socket; resolves when the first bytes of the answer are there. */
async function open(t: Test, gate: Running, lines: readonly string[]): Promise<net.Socket> {
  const socket = net.connect(gate.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(`${[...lines, `Host: wiki.localhost:${gate.port}`].join('\r\n')}\r\n\r\n`)
  await new Promise(resolve => socket.once('data', resolve))
  return socket
}

t.test('a download that the client leaves ends its spans', async t => {
  const { gate, cookie, span } = await lab(t, {
    script: socket => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n')
  })
  const socket = await open(t, gate, ['GET /nb/big HTTP/1.1', `Cookie: ${cookie}`])
  socket.destroy()
  t.match(await span(server, 'GET wiki'), { isError: false, attributes: { 'factorgate.cut': 'client left' } })
  t.match(await span(client, 'GET'), { attributes: { 'http.response.status_code': 200 } })
})

t.test('a WebSocket is one span until it ends, also after a reload without traces', async t => {
  const { gate, collector, upstream, cookie, span } = await lab(t, {
    script: socket =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
  })
  const lines = ['GET /nb/ws HTTP/1.1', `Cookie: ${cookie}`, `Origin: http://wiki.localhost:${gate.port}`]
  const first = await open(t, gate, [...lines, ...webSocketLines])
  t.match(headerOf(upstream.requests[0], 'traceparent'), [/-01$/])
  const second = await open(t, gate, [...lines, ...webSocketLines])
  first.destroy()
  const outer = await span(server, 'GET wiki')
  t.match(outer.attributes, { 'http.response.status_code': 101, 'factorgate.app': 'wiki' })
  t.equal((await span(client, 'GET')).parentSpanId, outer.spanId)

  const text = readFileSync(gate.configFile, 'utf8')
  writeFileSync(gate.configFile, text.replace(/^traces:.*$/m, ''))
  const seen = collector.spans.length
  t.same(await gate.server.reload(await gate.load()), [], 'no restart is needed')
  await gate.request('GET', `${gate.origin('wiki')}/nb/`, { cookie, traceparent: theirParent })
  t.same(headerOf(upstream.requests.at(-1), 'traceparent'), [theirParent], 'as without traces')
  const ended = new Promise(resolve => upstream.connections[1]?.once('close', resolve))
  second.destroy()
  await ended

  writeFileSync(gate.configFile, text)
  await gate.server.reload(await gate.load())
  await gate.request('POST', `${gate.origin('wiki')}/nb/`, { cookie })
  await span(server, 'POST wiki')
  t.same(
    collector.spans.slice(seen).filter(({ name }) => name === 'GET wiki'),
    [],
    'what ended while traces were off is not sent'
  )
})

t.test('what waits is sent when the gate ends, and the metrics count it', async t => {
  const { gate, collector, cookie, url } = await lab(t)
  await gate.request('GET', url('/nb/'), { cookie })
  await gate.server.close()
  t.ok(collector.spans.some(({ name }) => name === 'GET wiki'))
  t.match(gate.server.runtime.metrics.render(), /factorgate_trace_spans_total\{outcome="sent"\} [1-9]/)
})
