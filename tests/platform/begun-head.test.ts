/** What is known of a head that is not complete, in the callbacks of Node's parser. */
import type net from 'node:net'
import t from 'tap'
import { begunHead, watchHeads } from '../../src/platform/begun-head.ts'
import { serve } from './raw-server.ts'

t.test('a head is begun from its first bytes to its end, also behind another request', async t => {
  const { server, sockets, connect } = await serve(t, (_request, response) => response.end('ok'))
  server.on('connection', socket => watchHeads(socket))
  const client = await connect()
  const until = async (bytes: string, isDone: () => boolean) => {
    client.socket.write(bytes)
    while (!isDone()) await new Promise(resolve => setImmediate(resolve))
  }
  const head = () => begunHead(sockets[0] as net.Socket)
  await until('HEAD / HTTP/1.1\r\nAccept: text/', () => head() !== null)
  t.same(head(), { isHead: true, accept: ' text/' })
  await until('html\r\nHost: x\r\n\r\n', () => head() === null)
  const body = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nHEAD'
  await until(`${body}GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD /y HTTP/1.1\r\nA: b`, () => head() !== null)
  t.same(head(), { isHead: true, accept: null })
  await until('\r\nAccept: x\r\n', () => head()?.accept !== null)
  t.same(head(), { isHead: true, accept: ' x' })
  await until(`Host: x\r\n\r\n${body}GET /HEAD HTTP/1.1\r\nHost: x\r\nAccept: a\r\n`, () => head()?.isHead === false)
  t.same(head(), { isHead: false, accept: ' a' })
  await until('\r\n', () => head() === null)
})
