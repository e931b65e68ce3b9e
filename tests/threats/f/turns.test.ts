/** Many requests on one client's connection (THREATS D5, F15): few of them under way at a time, all of them answered, in their order. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { Listener } from '../../../src/server/listener.ts'
import { maxConcurrent } from '../../../src/server/pipelining-limiter.ts'
import { startGateway } from '../../fixtures/in-process/gateway.ts'
import { webSocketLines } from '../../fixtures/in-process/upstream.ts'
import { head, Line, readReplies } from '../../fixtures/in-process/wire.ts'
import { until } from '../../fixtures/process/redis-server.ts'
import { standstill } from '../doors.ts'

/** An app that answers when it is told to, and counts who is connected. */
async function patientApp(t: Test) {
  const held: { path: string; answer: () => void }[] = []
  let connections = 0
  let most = 0
  const server = net.createServer(socket => {
    connections++
    most = Math.max(most, connections)
    socket
      .on('data', data => {
        for (const [, path = ''] of data.toString('latin1').matchAll(/^(?:GET|POST) (\S+) HTTP/gm)) {
          const body = path.endsWith('/ws') ? '' : path
          const answer = () =>
            socket.write(
              path.endsWith('/ws')
                ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfrom the app'
                : `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
            )
          if (path.includes('/quick') || path.endsWith('/ws')) answer()
          else held.push({ path, answer })
        }
      })
      .on('error', () => {})
      .on('close', () => connections--)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return {
    origin: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    held,
    get most() {
      return most
    },
    answerAll() {
      for (const { answer } of held.splice(0)) answer()
    }
  }
}

t.test('one client connection', async t => {
  const app = await patientApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.origin}", rules: [{ path: /public/**, access: public }, { access: mfa }] }`
  })
  const host = `one.localhost:${gate.port}`
  const get = (path: string, lines: readonly string[] = []) => head(host, path, lines, { keep: true })
  const paths = (replies: readonly { body: string }[]) => replies.map(({ body }) => body)

  t.test('3,000 requests in one piece: a few upstream at a time, every one answered in its order', async t => {
    const line = new Line(gate.port)
    t.teardown(() => line.socket.destroy())
    const asked = Array.from({ length: 3_000 }, (_, n) => `/public/${n}`)
    line.send(asked.map(path => get(path)).join(''))
    await until('the first are there', async () => app.held.length === maxConcurrent)
    await standstill(() => app.held.length)
    t.equal(app.held.length, maxConcurrent, 'no more than that at once')
    const good = new Line(gate.port)
    good.send(head(host, '/public/quick'))
    t.match(await good.closed(), /200 OK[\s\S]*\/public\/quick/, 'others are served meanwhile')
    const answering = setInterval(() => {
      t.ok(app.held.length <= maxConcurrent)
      app.answerAll()
    }, 1)
    t.teardown(() => clearInterval(answering))
    await line.until(received => received.includes('/public/2999'))
    clearInterval(answering)
    t.same(paths(readReplies(line.received)), asked)
    t.ok(app.most <= maxConcurrent + 1, `${app.most} connections to the app`)
    line.send(get('/public/quick'))
    await line.until(received => received.endsWith('/public/quick'))
    t.pass('and the connection goes on')
  })

  t.test('a client that leaves takes what waits with it', async t => {
    const line = new Line(gate.port)
    line.send(Array.from({ length: 100 }, (_, n) => get(`/public/gone/${n}`)).join(''))
    await until('the first are there', async () => app.held.length === maxConcurrent)
    line.socket.destroy()
    app.answerAll()
    await standstill(() => app.held.length)
    t.ok(app.held.length <= maxConcurrent, 'at most the next few had begun')
    app.answerAll()
    await until('all of it has ended', async () => gate.server.runtime.live.size === 0)
  })

  t.test('bodies between them arrive whole, and garbage behind them ends the connection after its answers', async t => {
    const line = new Line(gate.port)
    const body = 'x'.repeat(100_000)
    const post = (n: number) =>
      head(host, `/public/quick/${n}`, [`Content-Length: ${body.length}`], { method: 'POST', keep: true }) + body
    line.send(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? get(`/public/quick/${n}`) : post(n))).join(''))
    line.send('\x01garbage\r\n\r\n')
    t.same(
      paths(readReplies(await line.closed())).slice(0, 20),
      Array.from({ length: 20 }, (_, n) => `/public/quick/${n}`)
    )
  })

  t.test('a handshake behind unanswered requests waits for its turn and takes nothing down', async t => {
    for (const before of [1, maxConcurrent, maxConcurrent + 5])
      for (const [path, expected] of [
        ['/public/ws', /101 Switching[\s\S]*from the app$/],
        ['/ws', /401 Unauthorized[\s\S]*sign_in_required/]
      ] as const) {
        const line = new Line(gate.port)
        line.send(Array.from({ length: before }, (_, n) => get(`/public/${n}`)).join('') + get(path, webSocketLines))
        await until('they are there', async () => app.held.length > 0)
        await standstill(() => app.held.length)
        t.notMatch(line.received, /101|401/, 'not before its turn')
        const answering = setInterval(() => app.answerAll(), 1)
        const received = await line.until(text => expected.test(text))
        clearInterval(answering)
        t.match(received, expected, `${path} behind ${before}`)
        t.equal(received.match(/HTTP\/1\.1 200/g)?.length, before, 'all before it are answered')
        line.socket.destroy()
      }
    const gone = new Line(gate.port)
    gone.send(get('/public/1') + get('/public/ws', webSocketLines))
    await until('it is there', async () => app.held.length > 0)
    gone.socket.resetAndDestroy()
    await new Promise(setImmediate)
    app.answerAll()
    const good = new Line(gate.port)
    good.send(head(host, '/public/quick'))
    t.match(await good.closed(), /200 OK/, 'the gate lives')
  })
})

t.test('over TLS it is the same', async t => {
  const folder = t.testdir({})
  const files = { cert: path.join(folder, 'tls.crt'), key: path.join(folder, 'tls.key') }
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=gate -keyout ${files.key} -out ${files.cert}`
  execFileSync('openssl', words.split(' '), { stdio: 'ignore' })
  let underWay = 0
  let most = 0
  const listener = new Listener(
    {
      request: (request, response) => {
        most = Math.max(most, ++underWay)
        setTimeout(() => {
          underWay--
          response.end(request.url)
        }, 1)
      },
      upgrade: (_request, socket) => socket.destroy()
    },
    { maxHeaderSize: 16_384, tls: files }
  )
  const { port } = await listener.listen('127.0.0.1', 0)
  t.teardown(() => listener.close(0))
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    ca: readFileSync(files.cert),
    checkServerIdentity: () => undefined
  })
  let received = ''
  socket.setEncoding('latin1').on('data', text => {
    received += text
  })
  socket.write(Array.from({ length: 2_000 }, (_, n) => head('gate', `/${n}`, [], { keep: true })).join(''))
  await until('all are answered', async () => received.endsWith('/1999'))
  socket.destroy()
  t.equal(readReplies(received).length, 2_000)
  t.equal(most, maxConcurrent)
})
