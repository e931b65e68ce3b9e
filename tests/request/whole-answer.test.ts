/** A request of the gate itself: it has a whole answer, or an error that says what is missing. */
import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { wholeAnswer } from '../../src/request/whole-answer.ts'

/** A server that does `speak` once a request has come, and the address of it. */
async function start(t: Test, speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = net.createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => speak(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const head = 'HTTP/1.1 200 OK\r\nX-Seen: 1\r\n'
const calm = new AbortController().signal

t.test('a whole answer', async t => {
  const url = await start(t, socket => socket.end(`${head}Content-Length: 5\r\n\r\nwhole`))
  const answer = await wholeAnswer(url, { method: 'POST', signal: calm, agent: false, body: 'x', maxBytes: 5 })
  t.match({ ...answer, body: answer.body.toString() }, { status: 200, headers: { 'x-seen': '1' }, body: 'whole' })
})

const rows: [name: string, speak: (socket: Socket) => void, said: RegExp][] = [
  [
    'is longer than it may be',
    s => s.end(`${head}Content-Length: 6\r\n\r\ntoobig`),
    /^the answer is too long: it is larger than 5 bytes$/
  ],
  ['breaks off', s => s.end(`${head}Content-Length: 5\r\n\r\nhal`), /aborted|broke off/],
  ['never comes', s => s.destroy(), /hang up|reset/i],
  [
    'switches to another protocol',
    s => s.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    /another protocol/
  ]
]
for (const [name, speak, said] of rows)
  t.test(`an answer that ${name}`, async t => {
    const url = await start(t, speak)
    await t.rejects(wholeAnswer(url, { signal: calm, agent: false, maxBytes: 5 }), { message: said })
  })

t.test('an answer without a length that the deadline cuts off is no whole one', async t => {
  const late = new AbortController()
  const url = await start(t, socket => socket.write(`${head}Connection: close\r\n\r\nhalf`))
  const refusal = () => {
    setImmediate(() => late.abort())
    return null
  }
  const answer = wholeAnswer(url, { signal: late.signal, agent: false, maxBytes: 100, refusal })
  await t.rejects(answer, { name: 'AbortError' })
})

t.test('an answer of a refused status is not read', async t => {
  const url = await start(t, socket => socket.write('HTTP/1.1 500 Ill\r\nContent-Length: 1000\r\n\r\n'))
  const refusal = (status: number) => (status === 200 ? null : new Error(`status ${status}`))
  await t.rejects(wholeAnswer(url, { signal: calm, agent: false, maxBytes: 5, refusal }), { message: 'status 500' })
})
