import { createHash } from 'node:crypto'
import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { mock } from 'node:test'
import t from 'tap'
import { closeFrame } from '../../src/forwarding/websocket-frames.ts'
import { ReadBuffer } from '../../src/upstream/read-buffer.ts'
import { startIll } from '../fixtures/in-process/ill-server.ts'
import { type Recorded, startUpstream, type Upstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import {
  alice,
  at,
  type Gate,
  header,
  host,
  makeApp,
  parse,
  type RawClient,
  startGate
} from '../fixtures/pipeline/forwarding.ts'
import { until } from '../fixtures/process/redis-server.ts'

const key = 'dGhlIHNhbXBsZSBub25jZQ=='
const own = `https://${host}`

t.test('F10: the app gets our identity and nothing of ours or the client’s claims', async t => {
  const { up, gate } = await rig(t)
  const lines = [
    'X-Auth-User: root',
    'Remote_User: root',
    'Cookie: __Host-factorgate=x; a=1',
    'X-Forwarded-For: 6.6.6.6'
  ]
  await open(gate, [
    ...lines,
    'Sec-WebSocket-Protocol: chat, superchat',
    'Sec-WebSocket-Extensions: permessage-deflate'
  ])
  const request = up.requests[0]!
  t.equal(request.line, 'GET /chat?x=%zz HTTP/1.1')
  t.notMatch(request.raw.toString('latin1'), /root|factorgate=|6\.6\.6\.6/)
  t.same(valuesOf(request, 'remote-user'), ['alice'])
  t.same(valuesOf(request, 'x-forwarded-for'), ['127.0.0.1'])
  t.same(valuesOf(request, 'cookie'), ['a=1'])
  t.same(valuesOf(request, 'origin'), [own])
  t.same(valuesOf(request, 'host'), [host])
  t.same(valuesOf(request, 'connection'), ['Upgrade'])
  t.same(valuesOf(request, 'upgrade'), ['websocket'])
  t.same(valuesOf(request, 'sec-websocket-key'), [key])
  t.same(valuesOf(request, 'sec-websocket-protocol'), ['chat, superchat'])
  t.same(valuesOf(request, 'sec-websocket-extensions'), ['permessage-deflate'])
})

t.test(
  'the app’s own handshake comes back, with sub-protocol and extensions, and after it bytes are bytes',
  async t => {
    const extra = [
      'Sec-WebSocket-Protocol: superchat',
      'Sec-WebSocket-Extensions: permessage-deflate; x=1',
      'Set-Cookie: a=1'
    ]
    const { gate } = await rig(t, [...extra, 'Set-Cookie: __Host-factorgate=evil', 'Factorgate-Error: x'])
    const { client, head } = await open(gate)
    t.match(head, /^HTTP\/1\.1 101 /)
    t.same(header(head, 'sec-websocket-protocol'), ['superchat'])
    t.same(header(head, 'sec-websocket-extensions'), ['permessage-deflate; x=1'])
    t.same(header(head, 'sec-websocket-accept'), [acceptOf(key)])
    t.same(header(head, 'connection'), ['Upgrade'])
    t.same(header(head, 'upgrade'), ['websocket'])
    t.same(header(head, 'set-cookie'), ['a=1'])
    t.same(header(head, 'factorgate-error'), [])
    const noise = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 31) & 0xff))
    client.send(noise)
    t.ok((await client.bytes(noise.length)).equals(noise), 'an echo of every byte value')
    t.equal(gate.opened.length, 1)
    t.equal(gate.live.size, 1)
    const end = gate.nextEnd()
    client.socket.end()
    t.match((await end).summary, { status: 101, outcome: 'complete', bytesIn: 70_000, bytesOut: 70_000 })
    t.equal(gate.live.size, 0)
  }
)

t.test('what either side sends together with its handshake is not lost', async t => {
  const up = await startUpstream(t, (socket, request) => {
    socket.write(`${accepted(request)}app first`)
    echo(socket)
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const client = await gate.connect()
  client.send(`${handshake()}client first`)
  await client.until('\r\n\r\n')
  t.equal((await client.bytes(21)).toString(), 'app firstclient first')
})

t.test('a large transfer both ways keeps its bytes', async t => {
  const { gate } = await rig(t)
  const { client } = await open(gate)
  const size = 20_000_000
  const sent = createHash('sha256')
  const got = createHash('sha256')
  let left = size
  const done = new Promise<void>(resolve => {
    client.socket.removeAllListeners('data')
    client.socket.on('data', chunk => {
      got.update(chunk)
      left -= chunk.length
      if (left === 0) resolve()
    })
  })
  for (let i = 0; i < size / 100_000; i++) {
    const chunk = Buffer.alloc(100_000, i)
    sent.update(chunk)
    if (!client.socket.write(chunk)) await new Promise(resolve => client.socket.once('drain', resolve))
  }
  await done
  t.equal(got.digest('hex'), sent.digest('hex'))
})

t.test('whoever reads slowly gets their own bytes, in their order, whatever passes meanwhile', async t => {
  for (const piece of [20_000, 200_000]) {
    // More bytes than the system buffers for a client that does not read.
    const sizes = { a: 16_000_000, b: 1_000_000, c: 1_000_000 }
    const up = await startUpstream(t, async (socket, request) => {
      socket.write(accepted(request))
      const letter = request.line.slice(5, 6) as keyof typeof sizes
      const all = numbered(letter, sizes[letter])
      for (let sent = 0; sent < all.length; sent += piece) {
        socket.write(all.subarray(sent, sent + piece))
        await new Promise(setImmediate)
      }
    })
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    const isWhole = async (client: RawClient, letter: keyof typeof sizes) =>
      (await client.bytes(sizes[letter])).equals(numbered(letter, sizes[letter]))
    const slow = await openAt(gate, '/a')
    slow.socket.pause()
    await until('the slow one is stuck', async () => up.connections[0]!.writableLength > 1_000_000)
    t.ok(await isWhole(await openAt(gate, '/b'), 'b'))
    t.ok(await isWhole(await openAt(gate, '/c'), 'c'))
    slow.socket.resume()
    t.ok(await isWhole(slow, 'a'), `in pieces of ${piece} bytes`)
  }
})

t.test('what is on its way when a right ends is nobody else’s either', async t => {
  const frame = (letter: string) => {
    const bytes = Buffer.alloc(65_536, letter)
    bytes[0] = 0x82
    bytes[1] = 127
    bytes.writeBigUInt64BE(65_526n, 2)
    return bytes
  }
  const up = await startUpstream(t, async (socket, request) => {
    socket.write(accepted(request))
    const letter = request.line.slice(5, 6)
    for (let i = 0; i < (letter === 'A' ? 400 : 50); i++) {
      socket.write(frame(letter))
      await new Promise(setImmediate)
    }
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const slow = await openAt(gate, '/A')
  slow.socket.pause()
  await until('the slow one is stuck', async () => up.connections[0]!.writableLength > 1_000_000)
  gate.live.endAll('over')
  for (const letter of ['B', 'C']) await (await openAt(gate, `/${letter}`)).bytes(50 * 65_536)
  slow.socket.resume()
  t.notMatch(await slow.rest(), /B{4}|C{4}/)
})

t.test('big messages go through memory that is used again, small ones do not', async t => {
  const { gate } = await rig(t)
  const { client } = await open(gate)
  const take = ReadBuffer.prototype.take
  let leased = 0
  ReadBuffer.prototype.take = function (this: ReadBuffer) {
    const leave = take.call(this)
    if (leave !== null) leased++
    return leave
  }
  t.teardown(() => {
    ReadBuffer.prototype.take = take
  })
  client.send(Buffer.alloc(100))
  await client.bytes(100)
  t.equal(leased, 0)
  client.send(Buffer.alloc(2_000_000))
  await client.bytes(2_000_000)
  t.ok(leased > 0)
})

t.test('F9: a page of another origin opens no socket, and the app hears nothing of it', async t => {
  const up = await startUpstream(t, webSocketApp())
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)], allowedOrigins: ['https://lab.example'] })])
  const foreign = [
    'https://evil.example',
    'null',
    `${own}.evil.example`,
    `http://${host}`,
    `${own}:8443`,
    `${own}/`,
    `HTTPS://${host}`
  ]
  for (const origin of [...foreign, `${own} https://evil.example`, '', null]) {
    const answer = await gate.ask(handshake({ origin }))
    t.equal(parse(answer).status, 403, String(origin))
    t.same(header(answer, 'factorgate-error'), ['foreign_origin'])
  }
  t.equal(up.bytes().length, 0)
  for (const origin of [own, 'https://lab.example']) {
    const client = await gate.connect()
    client.send(handshake({ origin }))
    t.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 101/, origin)
  }
  const open = await startGate(t, [makeApp({ upstreams: [at(up)] })], { who: null })
  const client = await open.connect()
  client.send(handshake({ origin: null }))
  t.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 101/, 'nobody is signed in: programs say no Origin')
  t.equal(parse(await open.ask(handshake({ origin: 'https://evil.example' }))).status, 403)
})

t.test('an app that refuses the handshake is heard as it is', async t => {
  const up = await startUpstream(
    t,
    'HTTP/1.1 403 Go Away\r\nX-Reason: because\r\nSet-Cookie: factorgate=1\r\nContent-Length: 4\r\n\r\nno!\n'
  )
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const end = gate.nextEnd()
  const answer = await gate.ask(`${handshake()}GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
  t.equal(parse(answer).status, 403)
  t.same(header(answer, 'x-reason'), ['because'])
  t.same(header(answer, 'set-cookie'), [])
  t.same(header(answer, 'connection'), ['close'])
  t.equal(parse(answer).body, 'no!\n')
  t.match((await end).summary, { status: 403, outcome: 'complete', bytesOut: 4 })
  t.equal((await end).isSocket, false)
  t.equal(up.requests.length, 1)
  t.equal(gate.live.size, 0)
  await gate.ask(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  t.equal(up.connections.length, 2, 'nothing else is asked on a connection that was offered for something else')
  for (const version of ['12', '']) {
    const other = await startUpstream(
      t,
      'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n'
    )
    const another = await startGate(t, [makeApp({ upstreams: [at(other)] })])
    t.equal(parse(await another.ask(handshake({ version }))).status, 426, 'versions are between client and app')
  }
})

t.test('F8: after a refused upgrade the socket ends, and what was sent after it is nobody’s request', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const smuggled = `GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`
  const table: [string, string, number][] = [
    ['foreign origin', handshake({ origin: 'https://evil.example' }), 403],
    ['POST', handshake({ method: 'POST' }), 400],
    ['POST with a body', handshake({ method: 'POST', lines: ['Content-Length: 3'] }), 400],
    ['GET with a body', handshake({ lines: ['Content-Length: 3'] }), 400],
    ['GET with chunks', handshake({ lines: ['Transfer-Encoding: chunked'] }), 400],
    ['another host', handshake().replace(host, 'other.example'), 421],
    ['an ambiguous path', handshake({ path: '/..%2f.factorgate/x' }), 400],
    ['a path that cannot be read', handshake({ path: '/a%00b' }), 400],
    ['a page of ours', handshake({ path: '/.factorgate/nothing' }), 404]
  ]
  for (const [title, text, status] of table) {
    const client = await gate.connect()
    client.send(text + smuggled)
    const answer = await client.rest()
    t.equal(parse(answer).status, status, title)
    t.equal(answer.match(/HTTP\/1\.1/g)?.length, 1, 'one answer')
    t.same(header(answer, 'connection'), ['close'])
  }
  t.equal(up.bytes().length, 0)
  t.equal(gate.live.size, 0)
})

t.test('an app that cannot be reached, hangs, or agrees to something else', async t => {
  const table: [string, ((socket: Socket, request: Recorded) => void) | null, number, string][] = [
    ['nobody listens', null, 502, 'app_unreachable'],
    ['it hangs up', socket => socket.destroy(), 502, 'app_unreachable'],
    ['it says nothing', () => {}, 504, 'app_timeout'],
    ['no HTTP', socket => socket.write('hello\r\n\r\n'), 502, 'app_reply_invalid'],
    [
      'another protocol',
      (socket, request) => socket.write(accepted(request).replace('websocket', 'h2c')),
      502,
      'app_reply_invalid'
    ]
  ]
  for (const [title, script, status, code] of table) {
    const up = await startUpstream(t, script ?? '')
    if (script === null) up.stop()
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)], responseTimeoutMs: 100 })])
    const answer = await gate.ask(handshake())
    t.equal(parse(answer).status, status, title)
    t.same(header(answer, 'factorgate-error'), [code], title)
    t.equal(gate.live.size, 0)
  }
  const down = await startUpstream(t)
  down.stop()
  const up = await startUpstream(t, webSocketApp())
  const gate = await startGate(t, [makeApp({ upstreams: [at(down), at(up)] })])
  const { head } = await open(gate)
  t.match(head, /^HTTP\/1\.1 101/, 'the next upstream is asked')
})

t.test('F11: revocation ends the socket with a reason, on both sides', async t => {
  const { up, gate } = await rig(t)
  const { client } = await open(gate)
  const gone = closing(up.connections[0]!)
  const end = gate.nextEnd()
  t.equal(gate.live.endSession('S-alice', 'session ended'), 1)
  const frame = await client.bytes(closeFrame(1008, 'session ended').length)
  t.same(frame, closeFrame(1008, 'session ended'))
  t.equal(frame.readUInt16BE(2), 1008)
  await client.rest()
  await gone
  t.match((await end).summary, { status: 101, outcome: 'cut', cut: 'session ended' })
  t.equal(gate.live.size, 0)
})

t.test('in the middle of a frame there is no place for a reason: the connection just ends', async t => {
  let upstream: Socket | undefined
  const up = await startUpstream(t, (socket, request) => {
    upstream = socket
    socket.write(accepted(request))
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const { client } = await open(gate)
  upstream?.write(Buffer.from([0x82, 0x05, 1, 2]))
  await client.bytes(4)
  gate.live.endAccount(alice.id, 'suspended')
  t.equal(await client.rest(), '')
  t.equal(gate.ended[0]?.summary.cut, 'suspended')
})

t.test('before the app has answered, too', async t => {
  const up = await startUpstream(t, () => {})
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const client = await gate.connect()
  client.send(handshake())
  await up.request(1)
  const gone = closing(up.connections[0]!)
  gate.live.endSession('S-alice', 'session ended')
  t.equal(await client.rest(), '')
  await gone
})

t.test('shutting down says 1001, and a closed gate opens nothing', async t => {
  const { gate } = await rig(t)
  const { client } = await open(gate)
  t.equal(gate.live.drain(), 1)
  const frame = await client.bytes(4 + 'shutting down'.length)
  t.equal(frame.readUInt16BE(2), 1001)
  await client.rest()
  gate.live.close()
  t.equal(await gate.ask(handshake()), '')
})

t.test('S13: a socket ends with the session’s own time, traffic or not', async t => {
  const { up } = await rig(t)
  let now = 1_000
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { clock: () => now, expiresAt: 5_000 })
  const { client } = await open(gate)
  client.send('traffic')
  await client.bytes(7)
  t.equal(gate.live.expire(4_999), 0)
  now = 5_000
  t.equal(gate.live.expire(now), 1)
})

t.test('when one side goes, so does the other', async t => {
  const { up, gate } = await rig(t)
  const one = await open(gate)
  const gone = closing(up.connections[0]!)
  const left = gate.nextEnd()
  one.client.socket.resetAndDestroy()
  await gone
  t.match((await left).summary, { status: 101, outcome: 'cut', cut: 'client left' })
  const other = await open(gate)
  const end = gate.nextEnd()
  up.connections[1]?.resetAndDestroy()
  await other.client.rest()
  t.equal((await end).summary.cut, 'app broke off')
  const third = await open(gate)
  up.connections[2]?.end('last words')
  t.equal(await third.client.rest(), 'last words', 'what the app said last arrives')
})

t.test('a client that leaves before there is a socket is noticed, and leaves nothing at the app', async t => {
  for (const illness of ['never answers', 'a body that does not come'] as const) {
    const silent = await startIll(t, { illness })
    const gate = await startGate(t, [makeApp({ upstreams: [at({ origin: silent.address })], responseTimeoutMs: 0 })])
    for (const early of ['', 'early']) {
      const client = await gate.connect()
      const asked = silent.asked()
      client.send(handshake())
      await asked
      client.send(early)
      client.socket.end()
      await silent.left()
      t.pass(`${illness} ${early}`)
    }
  }
})

t.test('a refusal may be long', async t => {
  const body = '#'.repeat(2_000_000)
  for (const framing of [`Content-Length: ${body.length}`, 'Connection: close']) {
    const up = await startUpstream(t, `HTTP/1.1 403 No\r\n${framing}\r\n\r\n${body}`)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
    const client = await gate.connect()
    client.socket.pause()
    client.send(handshake())
    const end = gate.nextEnd()
    await up.request(1)
    if (framing.startsWith('Connection')) up.connections[0]!.end()
    client.socket.resume()
    t.equal((await client.rest()).split('#').length - 1, body.length, framing)
    t.match((await end).summary, { status: 403, outcome: 'complete', bytesOut: body.length })
  }
})

t.test('the app may end first and go on listening, for half a minute', async t => {
  const heard: Buffer[] = []
  const up = await startUpstream(t, (socket, request) => {
    socket.removeAllListeners('data')
    socket.on('data', chunk => heard.push(chunk))
    socket.end(`${accepted(request)}bye`)
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const client = net.connect({ port: gate.port, host: '127.0.0.1', allowHalfOpen: true })
  client.resume().write(handshake())
  await once(client, 'end')
  client.write('more')
  while (heard.length === 0) await new Promise(setImmediate)
  t.equal(Buffer.concat(heard).toString(), 'more')
  mock.timers.tick(29_999)
  t.equal(gate.live.size, 1)
  const end = gate.nextEnd()
  mock.timers.tick(1)
  t.match((await end).summary, { status: 101, outcome: 'complete', bytesIn: 4, bytesOut: 3 })
  client.destroy()
})

t.test('half closed: the other direction goes on', async t => {
  const up = await startUpstream(t, (socket, request) => {
    socket.write(accepted(request))
    socket.removeAllListeners('end')
    socket.on('end', () => socket.end('after your end'))
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const { client } = await open(gate)
  const end = gate.nextEnd()
  client.socket.end('mine')
  t.equal(await client.rest(), 'after your end')
  t.match((await end).summary, { outcome: 'complete', bytesIn: 4, bytesOut: 14 })
})

t.test('F12: handshakes meant to hurt end quickly', async t => {
  const { up, gate } = await rig(t)
  const many = Array.from({ length: 2_000 }, (_, i) => `a${i}:`)
  const padded = `Sec-WebSocket-Protocol: b${' '.repeat(10_000)}x`
  t.equal(parse(await gate.ask(handshake({ lines: many }))).status, 431)
  t.equal(up.requests.length, 0)
  const client = await gate.connect()
  client.send(handshake({ lines: [padded] }))
  t.match(await client.until('\r\n\r\n'), /101/)
})

t.test('sub-path apps and upstreams with a base path', async t => {
  const up = await startUpstream(t, webSocketApp())
  const gate = await startGate(t, [makeApp({ prefix: '/nb', upstreams: [at(up, '/inner')] })])
  const client = await gate.connect()
  client.send(handshake({ path: '/nb/ws' }))
  await client.until('\r\n\r\n')
  t.equal(up.requests[0]?.line, 'GET /inner/ws HTTP/1.1')
  t.same(valuesOf(up.requests[0]!, 'x-forwarded-prefix'), ['/nb'])
})

t.test('a socket at the bare prefix is opened, because no browser follows a redirect of a handshake', async t => {
  const up = await startUpstream(t, webSocketApp())
  for (const [basePath, path, line] of [
    ['', '/mqtt', 'GET / HTTP/1.1'],
    ['/ws', '/mqtt', 'GET /ws HTTP/1.1'],
    ['/ws', '/mqtt?a=1', 'GET /ws?a=1 HTTP/1.1'],
    ['/ws', '/mqtt/', 'GET /ws/ HTTP/1.1'],
    ['/mqtt', '/mqtt', 'GET /mqtt HTTP/1.1']
  ] as const) {
    const gate = await startGate(t, [makeApp({ prefix: '/mqtt', upstreams: [at(up, basePath)] })])
    const client = await gate.connect()
    client.send(handshake({ path }))
    t.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 101/, `${path} at ${basePath || '/'}`)
    t.equal(up.requests.at(-1)?.line, line)
  }
})

interface Shape {
  readonly path?: string
  readonly origin?: string | null
  readonly method?: string
  readonly version?: string
  readonly lines?: readonly string[]
}

function handshake({
  path = '/chat?x=%zz',
  origin = own,
  method = 'GET',
  version = '13',
  lines = []
}: Shape = {}): string {
  const all = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, 'Connection: keep-alive, Upgrade', 'Upgrade: WebSocket']
  all.push(`Sec-WebSocket-Key: ${key}`, `Sec-WebSocket-Version: ${version}`)
  if (origin !== null) all.push(`Origin: ${origin}`)
  return `${[...all, ...lines].join('\r\n')}\r\n\r\n`
}

async function open(gate: Gate, lines: readonly string[] = []): Promise<{ client: RawClient; head: string }> {
  const client = await gate.connect()
  client.send(handshake({ lines }))
  return { client, head: await client.until('\r\n\r\n') }
}

async function rig(
  t: Parameters<typeof startUpstream>[0],
  lines: readonly string[] = []
): Promise<{ up: Upstream; gate: Gate }> {
  const up = await startUpstream(t, webSocketApp(lines))
  return { up, gate: await startGate(t, [makeApp({ upstreams: [at(up)] })]) }
}

async function openAt(gate: Gate, path: string): Promise<RawClient> {
  const client = await gate.connect()
  client.send(handshake({ path }))
  await client.until('\r\n\r\n')
  return client
}

/** Bytes with a letter for their stream and their position. */
function numbered(letter: string, size: number): Buffer {
  const bytes = Buffer.alloc(size, letter)
  for (let at = 0; at + 8 <= size; at += 8) bytes.writeUInt32BE(at, at)
  return bytes
}

/** An app that accepts every handshake and sends every byte back. */
function webSocketApp(lines: readonly string[] = []) {
  return (socket: Socket, request: Recorded) => {
    socket.write(accepted(request, lines))
    echo(socket)
  }
}

function accepted(request: Recorded, lines: readonly string[] = []): string {
  const accept = `Sec-WebSocket-Accept: ${acceptOf(valuesOf(request, 'sec-websocket-key')[0] ?? '')}`
  return `${['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade', accept, ...lines].join('\r\n')}\r\n\r\n`
}

function echo(socket: Socket): void {
  socket.removeAllListeners('data')
  socket.pipe(socket)
}

function acceptOf(value: string): string {
  return createHash('sha1').update(`${value}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

function closing(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    if (socket.destroyed) resolve()
    else socket.once('close', () => resolve())
  })
}
