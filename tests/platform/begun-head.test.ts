/** What is known of a head that is not complete, in the callbacks of Node's parser. */
import type net from 'node:net'
import t from 'tap'
import { beginningIn, begunHead, watchHeads } from '../../src/platform/begun-head.ts'
import { growth, maxGrowth } from '../fixtures/in-process/growth.ts'
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

t.test('the last request of a piece of the stream is found', async t => {
  const table = [
    ['GET / HTTP/1.1\r\nHost: x\r\n', 0],
    ['bodyGET / HTTP/1.1\r\nHost: x', 4],
    ['GET / HTTP/1.1\r\n\r\nHEAD /y HTTP/1.0\r\nA', 18],
    ['GET / HTTP/1.1\r\nX: a HTTP/1.1 b\r\n', 0],
    ['GET / HTTP/1.1\r\n\r\n HTTP/1.1\r\n', 0],
    ['GET / HTTP/1.1\r\n\r\nget / HTTP/1.1\r\n', 0],
    ['GET / HTTP/1.1\r\n\r\nHEAD /y', 0],
    ['M-SEARCH * HTTP/1.1\r\n', 0],
    ['HEAD', 0],
    ['', 0]
  ] as const
  for (const [text, at] of table) t.equal(beginningIn(text), at, JSON.stringify(text))
})

t.test('no bytes of a stranger take time with the square of their number', async t => {
  const beginning = 'GET / HTTP/1.1\r\nX: '
  for (const part of ['A', 'A ', ' HTTP/1.1\r\n', 'A HTTP/1.1\r\n', 'x HTTP/1.1\r\n', 'HTTP/1.', 'A-'])
    t.ok(
      growth(beginningIn, size => beginning + part.repeat(size / part.length), 16_384) < maxGrowth,
      JSON.stringify(part)
    )
})
