/** Several upstreams of one app: which one is asked when another ends, refuses, or is unhealthy. */
import { mkdtempSync, rmSync } from 'node:fs'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { App } from '../../src/apps/route-table.ts'
import { UpstreamStates } from '../../src/forwarding/upstream-states.ts'
import { until } from '../fixtures/in-process/until.ts'
import { startUpstream, webSocketLines } from '../fixtures/in-process/upstream.ts'
import { alice, type Gate, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

interface Server {
  readonly name: string
  readonly upstream: App['upstreams'][number]
  /** Method and path of each request. */
  readonly asked: string[]
  /** What it answers to `/healthz`; null for nothing at all. */
  health: number | null
  /** Closes the port; open connections go on. */
  drain(): void
  /** Ends it, and every connection. */
  kill(): Promise<void>
  /** Serves again at the same address. */
  restart(): Promise<void>
}

/** A server that answers its name, on a port of the system's choice or on a Unix socket. */
async function startServer(t: Test, name: string, unix = false, basePath = ''): Promise<Server> {
  const folder = unix ? mkdtempSync(join(tmpdir(), 'several-')) : null
  const socketPath = folder === null ? null : join(folder, 'app.sock')
  const asked: string[] = []
  const open = new Set<Socket>()
  let current: http.Server | null = null
  let port = 0
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    asked.push(`${request.method} ${request.url}`)
    if (request.url?.endsWith('/healthz') !== true) return void response.end(name)
    if (made.health !== null) response.writeHead(made.health).end()
  }
  const listen = async () => {
    const server = http.createServer((request, response) => {
      request.resume().on('end', () => answer(request, response))
    })
    server.on('connection', socket => {
      open.add(socket)
      socket.on('close', () => open.delete(socket)).on('error', () => {})
    })
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      socket.write(name)
      socket.pipe(socket)
    })
    await new Promise<void>(resolve =>
      socketPath === null ? server.listen(port, '127.0.0.1', resolve) : server.listen(socketPath, resolve)
    )
    if (socketPath === null) port = (server.address() as AddressInfo).port
    current = server
  }
  const kill = async () => {
    const server = current
    current = null
    if (server === null) return
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of open) socket.destroy()
    await closed
  }
  await listen()
  t.teardown(async () => {
    await kill()
    if (folder !== null) rmSync(folder, { recursive: true })
  })
  const origin = socketPath === null ? `http://127.0.0.1:${port}` : 'http://localhost'
  const made: Server = {
    name,
    upstream: { origin, socketPath, basePath },
    asked,
    health: 200,
    // `http.Server` would close idle connections as well.
    drain: () => void net.Server.prototype.close.call(current as http.Server),
    kill,
    restart: listen
  }
  return made
}

const handshake = get('/', [...webSocketLines, `Origin: https://${host}`]).replace('Connection: close\r\n', '')

const health = {
  path: '/healthz',
  everyMs: 10_000,
  timeoutMs: 2_000,
  status: [{ from: 200, to: 299 }],
  rise: 2,
  fall: 2
}

async function several(t: Test, servers: readonly Server[], more: Partial<App> = {}, states?: UpstreamStates) {
  const time = { now: 1_000_000 }
  const who = (request: IncomingMessage) => {
    const name = request.headers['x-who']
    return name === undefined ? null : { ...alice, id: `A-${name}`, name: String(name) }
  }
  const app = makeApp({ upstreams: servers.map(({ upstream }) => upstream), ...more })
  const gate = await startGate(t, [app], { clock: () => time.now, who, ...(states === undefined ? {} : { states }) })
  return { time, gate }
}

/** Who answers: the server's name, or the gate's own code. */
async function answer(gate: Gate, text = get()): Promise<string> {
  const reply = await gate.ask(text)
  return parse(reply).status === 200
    ? parse(reply).body.replace(/^1\r\n(.)\r\n0\r\n\r\n$/, '$1')
    : (header(reply, 'factorgate-error')[0] ?? `status ${parse(reply).status}`)
}

async function answers(gate: Gate, count: number): Promise<string> {
  const all: string[] = []
  for (let i = 0; i < count; i++) all.push(await answer(gate))
  return all.join('')
}

for (const unix of [false, true])
  t.test(`one is killed and started again (${unix ? 'Unix sockets' : 'ports'}): nobody notices`, async t => {
    const [a, b] = [await startServer(t, 'a', unix), await startServer(t, 'b', unix)]
    const { gate, time } = await several(t, [a, b])
    t.equal(await answers(gate, 4), 'abab')
    await a.kill()
    t.equal(await answers(gate, 4), 'bbbb', 'the first of them has met a closed door')
    t.equal(await answer(gate, `${get('/', ['Content-Length: 3'], 'POST')}abc`), 'b', 'a body as well')
    time.now += 1000
    for (let i = 0; i < 2; i++) {
      const client = await gate.connect()
      client.send(handshake)
      await client.until('\r\n\r\n')
      t.equal((await client.bytes(1)).toString(), 'b', 'and a WebSocket')
    }
    await a.restart()
    t.equal(await answers(gate, 2), 'bb', 'it is not asked yet')
    time.now += 4000
    t.equal((await answers(gate, 4)).replace(/b/g, ''), 'aa', 'and takes its turn again')
  })

t.test('a request that was read is never sent to another one, whatever its method', async t => {
  let isClosing = true
  const first = await startUpstream(t, socket =>
    isClosing ? socket.destroy() : socket.write('HTTP/1.1 204 No\r\n\r\n')
  )
  const second = await startServer(t, 'b')
  const upstream = { origin: first.origin, socketPath: null, basePath: '' }
  const { gate } = await several(t, [{ ...second, upstream }, second])
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
    const reply = await gate.ask(get('/', [], method))
    t.same([parse(reply).status, header(reply, 'retry-after')], [502, []], `${method}: nobody knows what was done`)
    await gate.ask(get('/turn'))
  }
  t.equal(first.requests.length, 4)
  t.same(
    second.asked.filter(line => !line.endsWith('/turn')),
    []
  )
  isClosing = false
  t.equal(await answer(gate), 'status 204', 'it is no refusal to connect, so it has its turn')
})

t.test('all are down: 502 at once, with Retry-After; the first to come back serves', async t => {
  const [a, b] = [await startServer(t, 'a'), await startServer(t, 'b')]
  const changes: string[] = []
  const states = new UpstreamStates((state, problem) => changes.push(`${state.address} ${problem === null}`))
  const { gate, time } = await several(t, [a, b], {}, states)
  await Promise.all([a.kill(), b.kill()])
  for (let i = 0; i < 3; i++) {
    const reply = await gate.ask(`${get('/', ['Content-Length: 3'], 'POST')}abc`)
    t.same([parse(reply).status, header(reply, 'factorgate-error')], [502, ['app_unreachable']])
    t.same(header(reply, 'retry-after'), ['2'])
  }
  const socket = await gate.ask(handshake)
  t.same([parse(socket).status, header(socket, 'retry-after')], [502, ['2']], 'a WebSocket too')
  t.same(
    [...states.all()].map(({ isUp }) => isUp),
    [false, false]
  )
  await b.restart()
  time.now += 1000
  t.equal(await answers(gate, 3), 'bbb')
  t.same(
    changes,
    [`${a.upstream.origin} false`, `${b.upstream.origin} false`, `${b.upstream.origin} true`],
    'each change once'
  )
})

t.test(
  'an upstream that closes its port and still answers on kept connections is down until it accepts a new one',
  async t => {
    const [a, b] = [await startServer(t, 'a'), await startServer(t, 'b')]
    const changes: (string | null)[] = []
    const { gate, time } = await several(t, [a, b], {}, new UpstreamStates((_, problem) => changes.push(problem)))
    t.equal(await answers(gate, 2), 'ab')
    a.drain()
    t.equal(await answers(gate, 2), 'ab', 'by the kept connection')
    const post = () => answer(gate, get('/', ['Content-Length: 0'], 'POST'))
    t.same([await post(), await post()], ['b', 'b'], 'a POST has met the closed port')
    time.now += 1000
    t.equal(await answers(gate, 4), 'bbbb', 'the trial asks for a new connection')
    t.match(changes, [/ECONNREFUSED/], 'it is not up in between')
    t.equal(changes.length, 1)
  }
)

t.test('a single upstream that is back is asked at once', async t => {
  const a = await startServer(t, 'a')
  const { gate } = await several(t, [a])
  await a.kill()
  t.equal(await answer(gate), 'app_unreachable')
  await a.restart()
  t.equal(await answer(gate), 'a')
})

t.test('two connections that time out are enough for one person', async t => {
  // A TLS handshake that nobody answers is a connection that does not come about.
  const silent = await Promise.all(
    [1, 2, 3].map(async () => {
      const server = net.createServer(socket => socket.on('error', () => {}).resume())
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      const sockets: Socket[] = []
      server.on('connection', socket => sockets.push(socket))
      t.teardown(() => {
        for (const socket of sockets) socket.destroy()
        server.close()
      })
      return {
        sockets,
        upstream: {
          origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
          socketPath: null,
          basePath: ''
        }
      }
    })
  )
  const gate = await startGate(t, [
    makeApp({ upstreams: silent.map(({ upstream }) => upstream), connectTimeoutMs: 100 })
  ])
  const reply = await gate.ask(get())
  t.same([parse(reply).status, header(reply, 'factorgate-error')], [502, ['app_unreachable']])
  t.same(
    silent.map(({ sockets }) => sockets.length),
    [1, 1, 0]
  )
})

t.test('sticky: a session or a person stays with one upstream, without any state', async t => {
  for (const sticky of ['session', 'person'] as const) {
    const servers = [await startServer(t, 'a'), await startServer(t, 'b'), await startServer(t, 'c')]
    const { gate, time } = await several(t, servers, { sticky })
    const people = Array.from({ length: 40 }, (_, i) => `p${i}`)
    const whoServes = async () => {
      const names: string[] = []
      for (const name of people) names.push(await answer(gate, get('/', [`X-Who: ${name}`])))
      return names
    }
    const before = await whoServes()
    t.equal(new Set(before).size, 3, 'they are spread')
    t.same(await whoServes(), before, 'and stay')
    const [lost, ...others] = ['a', 'b', 'c'].map((_, i) => servers[i] as Server)
    await lost?.kill()
    const meanwhile = await whoServes()
    before.forEach((name, i) => {
      t.equal(meanwhile[i] === name, name !== 'a', `${people[i]} moves only if it must`)
    })
    t.same(await whoServes(), meanwhile)
    await lost?.restart()
    time.now += 1000
    t.same(await whoServes(), before, 'and comes back')
    t.equal(new Set([await answer(gate), await answer(gate), await answer(gate)]).size, 1, 'strangers stay by address')
    const second = await several(t, [...others, lost as Server], { sticky })
    t.equal(await answer(second.gate, get('/', ['X-Who: p0'])), before[0], 'another gate chooses the same')
  }
})

t.test('a WebSocket stays where it is while its upstream is down for new requests', async t => {
  const [a, b] = [await startServer(t, 'a'), await startServer(t, 'b')]
  const { gate, time } = await several(t, [a, b], { health })
  await until(() => a.asked.length === 1 && b.asked.length === 1, 'both were checked')
  const client = await gate.connect()
  client.send(handshake)
  await client.until('\r\n\r\n')
  const name = (await client.bytes(1)).toString()
  const [mine, other] = name === 'a' ? [a, b] : [b, a]
  mine.health = 503
  for (let i = 2; i < 4; i++) {
    time.now += 10_000
    gate.upstreams.tick()
    await until(() => mine.asked.length >= i && other.asked.length >= i, 'both were checked')
  }
  await until(() => gate.live.size === 1, 'only the socket is open')
  await untilAnswers(gate, other.name)
  client.send('still here')
  t.equal((await client.bytes(10)).toString(), 'still here')
})

/** Until the result of a check has arrived: four answers in a row. */
async function untilAnswers(gate: Gate, name: string): Promise<void> {
  const end = Date.now() + 15_000
  while ((await answers(gate, 4)) !== name.repeat(4)) if (Date.now() > end) throw new Error(`not only ${name} answers`)
}

t.test('health checks: what is down is not asked, and is asked again once it is well', async t => {
  const servers = [await startServer(t, 'a'), await startServer(t, 'b', true, '/base')]
  const [a, b] = servers as [Server, Server]
  const problems: string[] = []
  const states = new UpstreamStates(({ appId, address }, problem) => problems.push(`${appId} ${address} ${problem}`))
  const { gate, time } = await several(t, servers, { health, addHeaders: { 'X-Secret': 'x' } }, states)
  const round = async () => {
    const before = servers.map(({ asked }) => asked.length)
    time.now += 10_000
    gate.upstreams.tick()
    await until(() => servers.every(({ asked }, i) => asked.length > (before[i] as number)), 'both were asked')
  }
  await until(() => a.asked.length + b.asked.length === 2, 'both were checked at the start')
  t.same([a.asked, b.asked], [['GET /healthz'], ['GET /base/healthz']], 'behind the base path')
  t.equal((await answers(gate, 4)).split('').sort().join(''), 'aabb')
  gate.upstreams.tick()
  time.now += 9_999
  gate.upstreams.tick()
  t.equal(a.asked.filter(line => line.endsWith('/healthz')).length, 1, 'not before its time')
  time.now -= 9_999

  a.health = 503
  await round()
  t.match(await answers(gate, 4), 'a', 'one failed check is not enough')
  await round()
  await untilAnswers(gate, 'b')
  t.same(problems, [`app ${a.upstream.origin} status 503 for the health check /healthz`])
  a.health = 204
  await round()
  t.equal(await answers(gate, 4), 'bbbb')
  await round()
  await until(() => [...states.all()].every(({ isUp }) => isUp), 'it is up again')
  t.equal((await answers(gate, 4)).split('').sort().join(''), 'aabb')
})

t.test('a check that gets no answer has failed after its time limit', async t => {
  const a = await startServer(t, 'a')
  a.health = null
  const problems: (string | null)[] = []
  const states = new UpstreamStates((_, problem) => problems.push(problem))
  const { gate, time } = await several(t, [a], { health: { ...health, rise: 1 } }, states)
  await until(() => a.asked.length === 1, 'it was asked')
  time.now += 1_999
  gate.upstreams.tick()
  t.same(problems, [])
  time.now += 1
  gate.upstreams.tick()
  t.same(problems, ['no answer to the health check within 2 s'])
  t.equal(await answer(gate), 'app_unreachable')
  a.health = 200
  time.now += 10_000
  gate.upstreams.tick()
  await until(() => problems.length === 2, 'it is up again')
  t.equal(await answer(gate), 'a')
})

t.test('all checks fail: 502 at once without a connection, and Retry-After is the next check', async t => {
  const a = await startServer(t, 'a')
  a.health = 500
  const { gate, time } = await several(t, [a], { health })
  await until(() => a.asked.length === 1, 'it was checked')
  let reply = await gate.ask(get())
  const end = Date.now() + 15_000
  while (parse(reply).status !== 502 && Date.now() < end) reply = await gate.ask(get())
  const before = a.asked.length
  time.now += 3_000
  reply = await gate.ask(get())
  t.same([parse(reply).status, header(reply, 'retry-after')], [502, ['7']])
  t.equal(a.asked.length, before, 'it was not asked')
})

t.test('a reload keeps what is known, and stops the checks of the configuration before', async t => {
  const [a, b] = [await startServer(t, 'a'), await startServer(t, 'b')]
  a.health = 503
  const states = new UpstreamStates()
  const before = await several(t, [a, b], { health }, states)
  await until(() => [...states.all()].some(({ isUp }) => !isUp), 'the first check has failed')
  const after = await several(t, [b, a], { health, title: 'Another' }, states)
  await before.gate.close()
  t.equal(await answers(after.gate, 4), 'bbbb', 'known from before')
  t.equal(a.asked.length, 1, 'and not checked anew')
  before.time.now += 20_000
  before.gate.upstreams.tick()
  after.time.now += 10_000
  after.gate.upstreams.tick()
  await until(() => a.asked.length === 2, 'the new configuration checks')
  const gone = await several(t, [b], { health }, states)
  t.equal([...states.all()].length, 1, 'what is no upstream any more is forgotten')
  t.equal(await answer(gone.gate), 'b')
})

t.test('a check sends what a request would send, and nobody’s identity', async t => {
  const up = await startUpstream(t)
  const upstreams = [{ origin: up.origin, socketPath: null, basePath: '/x' }]
  const app = makeApp({ upstreams, health, prefix: '/nb', addHeaders: { 'X-Secret': 's' } })
  await startGate(t, [app], { clock: () => 1 })
  const { line, headers } = await up.request(1)
  t.equal(line, 'GET /x/healthz HTTP/1.1')
  t.same(headers, [
    ['Host', host],
    ['User-Agent', 'Factorgate'],
    ['Accept', '*/*'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', host],
    ['X-Forwarded-Port', '443'],
    ['X-Forwarded-Prefix', '/nb'],
    ['X-Secret', 's'],
    ['Connection', 'keep-alive']
  ])
})

t.test('a check whose body has no end does not stay open, and NTLM does not disturb it', async t => {
  const endless = await startUpstream(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n')
    socket.write(Buffer.alloc(200_000))
  })
  const states = new UpstreamStates()
  const app = (origin: string) => makeApp({ upstreams: [{ origin, socketPath: null, basePath: '' }], health })
  await startGate(t, [app(endless.origin)], { clock: () => 1, states })
  await until(
    () => endless.connections[0]?.destroyed === true || endless.connections[0]?.readableEnded === true,
    'it ended'
  )
  t.same(
    [...states.all()].map(({ isUp }) => isUp),
    [true]
  )
  const ntlm = await startUpstream(t, 'HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n')
  const other = new UpstreamStates()
  await startGate(t, [app(ntlm.origin)], { clock: () => 1, states: other })
  await until(() => [...other.all()].some(({ isUp }) => !isUp), '401 is no good status')
})
