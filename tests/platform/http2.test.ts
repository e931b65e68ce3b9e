/** What the gate's HTTP/2 messages lean on in Node. On Node 24 alone. */
import { once } from 'node:events'
import http2, { type ClientHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { GateHttp2Request } from '../../src/platform/http2-request.ts'
import { GateHttp2Response } from '../../src/platform/http2-response.ts'
import { breakStream, demandHttp11, dropRest, streamOf } from '../../src/platform/http2-stream.ts'
import { answerTo, ask } from '../fixtures/in-process/http2-client.ts'
import { isOnNode24 } from '../fixtures/process/on-node-24.ts'

type Handler = (request: GateHttp2Request, response: GateHttp2Response) => void

async function serve(t: Test, handler: Handler): Promise<ClientHttp2Session> {
  const server = http2.createServer({
    Http2ServerRequest: GateHttp2Request as never,
    Http2ServerResponse: GateHttp2Response as never
  })
  server.on('request', handler as never)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.teardown(() => {
    session.destroy()
    server.close()
  })
  return session
}

/** Two ends of a connection. While it is held, what the first one writes arrives, and is not done. */
function heldPair(): { ends: [Duplex, Duplex]; hold: () => void; release: () => void } {
  const held: (() => void)[] = []
  let isHeld = false
  const one = new Duplex({ read() {} })
  // In place of `_write`, which would get one chunk at a time.
  one.write = (chunk: unknown, then: unknown) => {
    other.push(chunk)
    if (isHeld) held.push(then as () => void)
    else process.nextTick(then as () => void)
    return true
  }
  const other: Duplex = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      one.push(chunk)
      done()
    }
  })
  const hold = () => {
    isHeld = true
  }
  const release = () => {
    isHeld = false
    for (const done of held.splice(0)) done()
  }
  return { ends: [one, other], hold, release }
}

if (isOnNode24(t, import.meta.url)) {
  t.test('a request has the lines of HTTP/1.1, and is complete once its body was read', async t => {
    const seen: unknown[] = []
    const session = await serve(t, (request, response) => {
      const wasComplete = request.complete
      request.resume().on('end', () => {
        seen.push([request.rawHeaders, request.headers.host, wasComplete, request.complete])
        response.end()
      })
    })
    await ask(session, '/', { ':authority': 'one.example', cookie: ['a=1', 'b=2'] })
    await ask(session, '/', { ':authority': 'one.example', ':method': 'POST' }, 'x')
    t.strictSame(seen, [
      [['host', 'one.example', 'cookie', 'a=1; b=2'], 'one.example', true, true],
      [['host', 'one.example', 'transfer-encoding', 'chunked'], 'one.example', false, true]
    ])
  })

  t.test('a response takes raw lines, and has no body where there may be none', async t => {
    const session = await serve(t, (request, response) => {
      const lines = ['X-A', '1', 'x-a', '2', 'Connection', 'close', 'Content-Length', '2']
      response.writeHead(Number(request.url?.slice(1)), 'Fine', lines as never)
      response.write('ok', () => {})
      response.end()
    })
    for (const [path, method, body] of [
      ['/200', 'GET', 'ok'],
      ['/200', 'HEAD', ''],
      ['/205', 'GET', ''],
      ['/304', 'GET', '']
    ] as const)
      t.match(
        await ask(session, path, { ':method': method }),
        { status: Number(path.slice(1)), body, code: 0, headers: { 'x-a': '1, 2', connection: undefined } },
        `${method} ${path}`
      )
  })

  t.test('a stream that breaks never looks complete, and does not finish', async t => {
    const events: string[] = []
    const rows: [sentence: string, cut: Handler, code: number][] = [
      ['breakStream', (_request, response) => breakStream(streamOf(response)!), 2],
      ['destroy of the response', (_request, response) => response.destroy(), 2]
    ]
    for (const [sentence, cut, code] of rows) {
      const session = await serve(t, (request, response) => {
        response.on('finish', () => events.push('finish')).on('close', () => events.push('close'))
        response.write('half')
        setImmediate(() => cut(request, response))
      })
      t.match(await ask(session, '/'), { body: 'half', code }, sentence)
    }
    t.strictSame(events, ['close', 'close'])
    const session = await serve(t, (_request, response) => demandHttp11(streamOf(response)!))
    t.match(await ask(session, '/'), { status: 0, code: 13 }, 'HTTP/1.1 is demanded')
  })

  t.test('a whole response ends an upload that goes on', async t => {
    const session = await serve(t, (request, response) => {
      if (request.url === '/read') request.resume()
      if (request.url === '/drop') response.on('finish', () => dropRest(streamOf(response)!))
      response.end('no')
    })
    for (const path of ['/unread', '/read', '/drop']) {
      const stream = session.request({ ':path': path, ':method': 'POST' })
      stream.write('never all')
      await once(stream, 'response')
      t.match(await answerTo(stream), { body: 'no', code: 0 }, path)
    }
  })

  t.test('FIELD F21: who has the end of a response has its place, also while the socket still takes bytes', async t => {
    for (const [method, body, isRead] of [
      ['GET', undefined, false],
      ['HEAD', undefined, false],
      ['POST', 'x', true],
      ['POST', 'x', false]
    ] as const) {
      const { ends, hold, release } = heldPair()
      const server = http2.createServer({
        settings: { maxConcurrentStreams: 1 },
        Http2ServerRequest: GateHttp2Request as never,
        Http2ServerResponse: GateHttp2Response as never
      })
      const finished: [path: string | undefined, isFinished: boolean][] = []
      const handler: Handler = (request, response) => {
        response.on('finish', () => finished.push([request.url, response.writableFinished]))
        const answer = () => response.end('ok')
        if (!isRead) answer()
        else request.resume().on('end', answer)
      }
      server.on('request', handler as never)
      server.emit('connection', ends[0])
      const session = http2.connect('http://one.example', { createConnection: () => ends[1] })
      t.teardown(() => {
        release()
        session.destroy()
        server.close()
      })
      await ask(session, '/first', { ':method': method }, body)
      hold()
      t.match(
        await ask(session, '/held', { ':method': method }, body),
        { status: 200, code: 0 },
        `${method}: all of it`
      )
      const next = ask(session, '/next', { ':method': method }, body)
      // The server has read the request behind this when it answers.
      setImmediate(() => setImmediate(release))
      t.match(await next, { status: 200, code: 0 }, `${method}: the next is served`)
      t.strictSame(finished.slice(0, 2), [
        ['/first', true],
        ['/held', true]
      ])
    }
  })
}
