/** JSON whose end comes alone, over HTTP/2: its last byte has the end of the stream with it, where that comes in time. On Node 24 alone. */
import t, { type Test } from 'tap'
import { LateEnd } from '../../src/forwarding/late-end.ts'
import { isJson } from '../../src/forwarding/response-type.ts'
import { block, FrameLine, flag, frame, frameType, requestHead } from '../fixtures/in-process/http2-client.ts'
import { until } from '../fixtures/in-process/until.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'
import { at, host, makeApp } from '../fixtures/pipeline/forwarding.ts'
import { startHttp2Gate } from '../fixtures/pipeline/http2.ts'
import { isOnNode24 } from '../fixtures/process/on-node-24.ts'

t.test('which responses are JSON', t => {
  const of = (type: string) => isJson(['X', 'application/json', 'Content-Type', type])
  for (const type of ['application/json', 'Application/JSON; charset=utf-8', 'application/problem+json'])
    t.ok(of(type), type)
  for (const type of [
    'text/event-stream',
    'application/jsonp',
    'application/json-seq',
    'application/json.lines',
    'text/html',
    ''
  ])
    t.notOk(of(type), type)
  t.end()
})

t.test('what is kept comes before what follows', t => {
  const written: string[] = []
  const end = new LateEnd(bytes => written.push(bytes.toString()))
  t.equal(end.keep(Buffer.from('abc')).length, 0)
  t.equal(end.keep(Buffer.from('d')).length, 0)
  t.same(written, ['abc'])
  const large = Buffer.alloc(20_000, 'x')
  t.equal(end.keep(large).length, 19_999, 'of a large piece the last byte')
  t.same(written, ['abc', 'd'])
  t.equal(end.take()?.toString(), 'x')
  t.equal(end.take(), null)
  t.end()
})

async function gateOf(t: Test, ends: boolean) {
  const up = await startUpstream(t, socket => {
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n'
    )
    if (ends) setTimeout(() => socket.write('0\r\n\r\n'))
  })
  const gate = await startHttp2Gate(t, [makeApp({ upstreams: [at(up)] })])
  const line = await FrameLine.open(t, gate.port)
  /** The data of stream `id` until `isOver`. */
  const ask = async (id: number, isOver: (text: string, ended: boolean) => boolean) => {
    line.send(frame(frameType.headers, flag.endHeaders | flag.endStream, id, block(requestHead(host))))
    const frames = () => line.frames.filter(({ type, stream }) => type === frameType.data && stream === id)
    const text = () => Buffer.concat(frames().map(({ payload }) => payload)).toString()
    await line.find(() =>
      isOver(
        text(),
        frames().some(({ flags }) => (flags & flag.endStream) !== 0)
      )
    )
    return { text: text(), last: frames().at(-1)! }
  }
  return ask
}

if (isOnNode24(t, import.meta.url)) {
  t.test('the end that follows at once', async t => {
    const ask = await gateOf(t, true)
    let together = 0
    for (let n = 0; n < 40; n++) {
      const { text, last } = await ask(2 * n + 1, (_, ended) => ended)
      t.equal(text, '{"a":1}')
      if (last.payload.length > 0) together++
    }
    t.comment(`${together} of 40`)
    // A machine that is busy may need longer than the gate waits.
    t.ok(together > 0)
  })

  t.test('no end: the text is whole all the same', async t => {
    const ask = await gateOf(t, false)
    t.equal((await ask(1, text => text.length === 7)).text, '{"a":1}')
  })

  t.test('a client that takes nothing holds the app up', async t => {
    const total = 64 * 1024 * 1024
    const piece = `400\r\n${'x'.repeat(1024)}\r\n`.repeat(64)
    let sent = 0
    let waits = false
    const up = await startUpstream(t, socket => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n')
      const pump = () => {
        waits = false
        while (sent < total) {
          sent += piece.length
          if (socket.write(piece)) continue
          waits = true
          return void socket.once('drain', pump)
        }
      }
      pump()
    })
    const gate = await startHttp2Gate(t, [makeApp({ upstreams: [at(up)] })])
    const line = await FrameLine.open(t, gate.port)
    line.send(frame(frameType.headers, flag.endHeaders | flag.endStream, 1, block(requestHead(host))))
    await line.find(({ type, stream }) => type === frameType.data && stream === 1)
    let before = -1
    let still = 0
    await until(
      () => {
        still = sent === before ? still + 1 : 0
        before = sent
        return sent >= total || (waits && still > 50)
      },
      'it is held up',
      5
    )
    t.ok(sent < total, `${sent} bytes`)
  })
}
