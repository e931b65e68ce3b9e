import t from 'tap'
import { writeInterim } from '../../src/platform/interim-response.ts'
import { joinBody } from '../../src/platform/joined-body.ts'
import { releaseSocket, responseToUpgrade } from '../../src/platform/upgrade-response.ts'
import { serve } from './raw-server.ts'

const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
const hints = ['Link', '</caf\xe9>']

t.test('an interim response goes before its own final one, and behind the responses before it', async t => {
  const finish: (() => void)[] = []
  let both: () => void = () => {}
  const arrived = new Promise<void>(resolve => {
    both = resolve
  })
  const { connect } = await serve(t, (_request, response) => {
    const name = ['one', 'two'][finish.length]
    writeInterim(response, 103, hints)
    finish.push(() => response.writeHead(200, { 'Content-Length': 3 }).end(name))
    if (finish.length === 2) both()
  })
  const client = await connect()
  client.send(get + get)
  await arrived
  finish[1]!()
  finish[0]!()
  const text = await client.until('two')
  const order = text.match(/HTTP\/1\.1 \d+|<\/caf\xe9>|one|two/g)
  const each = ['HTTP/1.1 103', '</caf\xe9>', 'HTTP/1.1 200']
  t.same(order, [...each, 'one', ...each, 'two'])
})

t.test('a joined body goes out with its head in one write, byte for byte', async t => {
  const writes: (string | Buffer)[] = []
  const body = 'caf\xe9 \x80\xff'
  const { server, connect } = await serve(t, (_request, response) => {
    response.writeHead(200, { 'Content-Length': body.length })
    joinBody(response, body)
    response.end()
  })
  server.on('connection', socket => {
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
    socket.write = (...args: unknown[]) => {
      writes.push(args[0] as string)
      return write(...args)
    }
  })
  const client = await connect()
  client.send(get)
  const text = await client.until(body)
  t.match(text, /^HTTP\/1\.1 200 OK\r\nContent-Length: 7\r\n/)
  t.equal(text.slice(text.indexOf('\r\n\r\n') + 4), body)
  t.equal(writes.length, 1)
})

const upgrade = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

t.test('an upgrade is refused with an ordinary response, which says that it is the last', async t => {
  const { server, connect } = await serve(t, () => {})
  server.on('upgrade', (request, socket) => {
    const response = responseToUpgrade(request, socket)
    response.on('finish', () => socket.end())
    response.writeHead(403, { 'Content-Length': 2 }).end('no')
  })
  const client = await connect()
  client.send(upgrade)
  const text = await client.rest()
  t.match(text, /^HTTP\/1\.1 403 Forbidden\r\n/)
  t.match(text, /\r\nConnection: close\r\n/i)
  t.match(text, /\r\n\r\nno$/)
})

t.test('a released socket is written to by nobody but its owner', async t => {
  const { server, connect } = await serve(t, () => {})
  server.on('upgrade', (request, socket) => {
    const response = responseToUpgrade(request, socket)
    releaseSocket(response, socket)
    response.end('never')
    socket.end('bytes')
  })
  const client = await connect()
  client.send(upgrade)
  t.equal(await client.rest(), 'bytes')
})
