/** The shutdown of a gate: requests under way, late requests, and connections that do not end by themselves. */
import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Listener } from '../../src/server/listener.ts'
import { type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { startUpstream, webSocketLines } from '../fixtures/in-process/upstream.ts'
import { freePort } from '../fixtures/process/free-port.ts'

/** An app that accepts every WebSocket and begins every other response; `finish` ends the responses. */
async function start(t: Test) {
  const open: Socket[] = []
  const upstream = await startUpstream(t, (socket, request) => {
    if (request.headers.some(([name]) => name.toLowerCase() === 'upgrade'))
      return void socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'
      )
    open.push(socket)
    if (request.line.includes('/begun')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbegin')
  })
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${upstream.origin}" }`
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one')
  return { gate, upstream, open, cookie: cookies.one as string }
}

/** A connection to the gate that collects all bytes; `head` makes a request of alice's. */
async function connect(gate: Running, cookie: string) {
  const socket = net.connect(gate.port, '127.0.0.1')
  await once(socket, 'connect')
  let heard = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', part => {
    heard = Buffer.concat([heard, part])
  })
  const ended = new Promise<string>(resolve => socket.once('close', () => resolve(heard.toString('latin1'))))
  const head = (path: string, ...lines: string[]) =>
    `${[`GET ${path} HTTP/1.1`, `Host: one.localhost:${gate.port}`, `Cookie: ${cookie}`, ...lines].join('\r\n')}\r\n\r\n`
  const until = async (text: string) => {
    while (!heard.includes(text)) await once(socket, 'data')
  }
  const upgrade = [...webSocketLines, `Origin: http://one.localhost:${gate.port}`]
  return { socket, ended, head, until, upgrade }
}

t.test('ends in order: requests finish, sockets get 1001, then nobody answers', async t => {
  const { gate, open, upstream, cookie } = await start(t)
  const [client, download] = [await connect(gate, cookie), await connect(gate, cookie)]
  client.socket.write(client.head('/', ...client.upgrade))
  await client.until('101 Switching Protocols')
  download.socket.write(download.head('/waiting'))
  await upstream.request(2)
  const closing = gate.server.close()
  open[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole')
  const answer = await download.ended
  t.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*whole$/)
  t.match(answer, /\r\nConnection: close\r\n/i, 'and nothing may follow it')
  const frame = Buffer.from((await client.ended).split('\r\n\r\n')[1] ?? '', 'latin1')
  t.equal(frame[0], 0x88, 'a Close frame')
  t.equal(frame.readUInt16BE(2), 1001)
  await closing
  await t.rejects(gate.request('GET', `${gate.origin('one')}/`), { code: 'ECONNREFUSED' })
})

t.test('a connection that is silent until the end has begun may ask, once, and opens no socket', async t => {
  const { gate, open, upstream, cookie } = await start(t)
  const [asking, opening] = [await connect(gate, cookie), await connect(gate, cookie)]
  const looking = await connect(gate, cookie)
  const running = await connect(gate, cookie)
  running.socket.write(running.head('/begun'))
  await running.until('begin')
  const closing = gate.server.close()
  opening.socket.write(opening.head('/', ...opening.upgrade))
  const refused = await opening.ended
  t.match(refused, /^HTTP\/1\.1 503 .*\r\nFactorgate-Error: shutting_down\r\n[\s\S]*Connection: close\r\n/)
  looking.socket.write(looking.head('/', ...looking.upgrade).replace('GET', 'HEAD'))
  t.match(await looking.ended, /^HTTP\/1\.1 503 .*\r\n[\s\S]*\r\n\r\n$/, 'the answer to HEAD has no body')
  asking.socket.write(asking.head('/begun'))
  await upstream.request(2)
  t.match(await asking.ended, /\r\nConnection: close\r\n[\s\S]*begin$/i)
  open[0]?.end()
  await running.ended
  await closing
  t.equal(upstream.requests.length, 2, 'the app saw no handshake')
})

t.test('a socket whose handshake is under way when the end begins does not outlive it', async t => {
  const { gate, upstream, cookie } = await start(t)
  const client = await connect(gate, cookie)
  client.socket.write(client.head('/', ...client.upgrade))
  while (gate.server.runtime.live.size === 0 && upstream.requests.length === 0) await new Promise(setImmediate)
  await gate.server.close()
  await client.ended
  t.equal(gate.server.runtime.live.size, 0)
})

t.test('what has become of a connection does not matter once the patience is over', async t => {
  const upgraded: net.Socket[] = []
  const listener = new Listener(
    { request: () => {}, upgrade: (_request, socket) => void upgraded.push(socket as net.Socket) },
    { maxHeaderSize: 16_384, tls: null }
  )
  const port = await freePort()
  await listener.listen('127.0.0.1', port)
  const connections = ['', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'GET / HTTP/1.1\r\nHo'].map(text => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {}).write(text)
    return socket
  })
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n')
  while (upgraded.length === 0) await new Promise(setImmediate)
  const gone = [...connections, socket].map(each => once(each, 'close'))
  await listener.close(50)
  await Promise.all(gone)
  t.pass('every one of them is gone')
})

t.test('who has asked nothing does not hold up the end for the whole patience', async t => {
  const listener = new Listener({ request: () => {}, upgrade: () => {} }, { maxHeaderSize: 16_384, tls: null })
  const port = await freePort()
  await listener.listen('127.0.0.1', port)
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  await listener.close(86_400_000)
  t.pass('it has ended within this test, and not after a day')
})
