/** The connection pool: what can go wrong between two requests on one connection. */
import { Socket } from 'node:net'
import t from 'tap'
import type { ResponseHandler, UpstreamError } from '../../src/upstream/connection.ts'
import { UpstreamPool } from '../../src/upstream/pool.ts'
import { startUpstream } from '../fixtures/in-process/upstream.ts'

interface Asked {
  readonly done: Promise<string | UpstreamError>
}

const timeouts = { connectTimeoutMs: 2_000, responseTimeoutMs: 2_000 }
const requester = { req: { socket: new Socket() }, visitor: '', app: { id: 'app' }, path: '/', query: '' }

function ask(pool: UpstreamPool, path: string, isFresh = false): Asked {
  let body = ''
  return {
    done: new Promise(resolve => {
      const handler: ResponseHandler = {
        onHead: () => {},
        onData: chunk => {
          body += chunk
          return true
        },
        onComplete: () => resolve(body),
        onError: resolve
      }
      const head = `GET ${path} HTTP/1.1\r\nHost: app\r\nConnection: keep-alive\r\n`
      pool.send(
        { method: 'GET', head, body: null, isUpgrade: false, requester, tiesConnection: false, ...timeouts },
        handler,
        isFresh
      )
    })
  }
}

const reply = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`

t.test('H26: what an app says before it is asked is no answer to what was about to be asked', async t => {
  const sockets: Socket[] = []
  const app = await startUpstream(t, (socket, { line }) => {
    sockets.push(socket)
    socket.write(reply(line.split(' ')[1]!))
  })
  const pool = new UpstreamPool({ origin: app.origin, socketPath: null })
  t.teardown(() => pool.close())
  t.equal(await ask(pool, '/one').done, '/one')
  await new Promise(setImmediate)
  // In one iteration: the bytes are sent before the request, which is written at the end of the iteration.
  sockets[0]!.write(reply('staged'))
  const answer = await ask(pool, '/two').done
  t.match(answer, { failure: 'stale_connection', wasSent: false })
  t.same(
    app.requests.map(({ line }) => line),
    ['GET /one HTTP/1.1'],
    'it was never sent'
  )
  t.equal(await ask(pool, '/three').done, '/three')
})

t.test('a fresh connection is none that was idle', async t => {
  const app = await startUpstream(t, reply('ok'))
  const pool = new UpstreamPool({ origin: app.origin, socketPath: null })
  t.teardown(() => pool.close())
  for (const [isFresh, connections] of [
    [false, 1],
    [false, 1],
    [true, 2]
  ] as const) {
    t.equal(await ask(pool, '/', isFresh).done, 'ok')
    await new Promise(setImmediate)
    t.equal(app.connections.length, connections)
  }
})
