/** FIELD F11 and F12: apps that answer before they have read everything, and apps that say that they are still at work. Real sockets on both sides. */
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { startUpstream, webSocketLines } from '../fixtures/in-process/upstream.ts'
import { at, type Gate, get, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

const reply = (status: string, framing: 'length' | 'chunks' | 'end', lines: readonly string[] = []) => {
  const head = [`HTTP/1.1 ${status}`, 'Connection: close', 'X-From-App: yes', ...lines]
  if (framing === 'length') return `${[...head, 'Content-Length: 3'].join('\r\n')}\r\n\r\nno!`
  if (framing === 'chunks')
    return `${[...head, 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n3\r\nno!\r\n0\r\n\r\n`
  return `${head.join('\r\n')}\r\n\r\nno!`
}

/** An app that reads as little as it must, answers, and ends its connection in its own way. */
async function hasty(
  t: Test,
  text: string,
  how: 'close' | 'half-close' | 'reset',
  readFirst: number,
  isUnix = false
): Promise<{ origin: string; socketPath?: string }> {
  const sockets = new Set<Socket>()
  const server = net.createServer({ allowHalfOpen: true }, socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    let read = 0
    socket.on('data', function answer(chunk: Buffer) {
      read += chunk.length
      if (read < readFirst) return
      socket.off('data', answer).pause()
      socket.write(text, () => {
        if (how === 'close') socket.destroy()
        else if (how === 'reset') socket.resetAndDestroy()
        else socket.end()
      })
    })
  })
  const socketPath = isUnix ? path.join(tmpdir(), `factorgate-hasty-${process.pid}-${Date.now()}.sock`) : undefined
  await new Promise<void>(resolve =>
    socketPath === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(socketPath, resolve)
  )
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  if (socketPath !== undefined) return { origin: 'http://localhost', socketPath }
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** Uploads with Node's own client; the status and body it hears. */
function upload(gate: Gate, bytes: number, isChunked: boolean): Promise<string> {
  return new Promise(resolve => {
    const headers = { host, ...(isChunked ? {} : { 'content-length': String(bytes) }) }
    const request = http.request(
      { host: '127.0.0.1', port: gate.port, method: 'POST', path: '/', headers, agent: false },
      response => {
        let body = ''
        response.on('data', chunk => {
          body += chunk
        })
        response.on('end', () => {
          resolve(`${response.statusCode} ${body}`)
          request.destroy()
        })
        response.on('error', error => resolve(`${response.statusCode} ${error.message}`))
      }
    )
    request.on('error', error => resolve(error.message))
    const piece = Buffer.alloc(64 * 1024, 'x')
    let left = bytes
    const go = () => {
      while (left > 0 && !request.destroyed) {
        left -= piece.length
        if (!request.write(left < 0 ? piece.subarray(0, piece.length + left) : piece)) return request.once('drain', go)
      }
      request.end()
    }
    go()
  })
}

t.test('FIELD F11 an early answer is heard, however its app ends the connection', async t => {
  const statuses = ['413 Too Large', '401 No', '400 Bad', '503 Busy', '303 See Other', '200 Done']
  const framings = ['length', 'chunks', 'end'] as const
  const ways = ['close', 'half-close', 'reset'] as const
  let i = 0
  for (const framing of framings)
    for (const how of ways) {
      // A reply that ends with its connection cannot end with a reset where it claims that all went well.
      const status = statuses[i++ % (framing === 'end' ? 5 : 6)] as string
      const app = await hasty(t, reply(status, framing), how, 1)
      const gate = await startGate(t, [makeApp({ upstreams: [at(app)], responseTimeoutMs: 60_000 })])
      for (const bytes of [20, 300_000, 8_000_000])
        for (const isChunked of [false, true])
          t.equal(
            await upload(gate, bytes, isChunked),
            `${status.slice(0, 3)} no!`,
            `${status}, ${framing}, ${how}, ${bytes} bytes`
          )
    }
})

t.test('FIELD F11 twenty of twenty', async t => {
  const app = await hasty(t, reply('413 Too Large', 'length'), 'close', 100_000)
  const gate = await startGate(t, [makeApp({ upstreams: [at(app)], responseTimeoutMs: 60_000 })])
  const heard = await Promise.all(Array.from({ length: 20 }, (_, i) => upload(gate, 4_000_000, i % 2 === 0)))
  t.same(
    heard,
    heard.map(() => '413 no!')
  )
})

t.test('FIELD F11 over a unix socket, and a long explanation for a client that reads late', async t => {
  const local = await hasty(t, reply('413 Too Large', 'length'), 'close', 1, true)
  const gate = await startGate(t, [makeApp({ upstreams: [at(local)], responseTimeoutMs: 60_000 })])
  for (const isChunked of [false, true]) t.equal(await upload(gate, 8_000_000, isChunked), '413 no!')
  const long = `HTTP/1.1 413 Too Large\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(2_000_000)}`
  const talkative = await startUpstream(t, socket => socket.end(long), {
    early: true
  })
  const other = await startGate(t, [makeApp({ upstreams: [at(talkative)], responseTimeoutMs: 60_000 })])
  const client = await other.connect()
  client.send(get('/', ['Content-Length: 8000000'], 'POST'))
  client.send(Buffer.alloc(8_000_000))
  client.socket.pause()
  await once(client.socket, 'drain')
  client.socket.resume()
  t.equal(parse(await client.rest()).body.length, 2_000_000)
})

t.test('FIELD F11 an app that closes without an answer, or in the middle of one, has given none', async t => {
  for (const text of ['', 'HTTP/1.1 413 Too', 'HTTP/1.1 413 Too Large\r\nContent-Le']) {
    const app = await hasty(t, text, 'close', 1)
    const gate = await startGate(t, [makeApp({ upstreams: [at(app)], responseTimeoutMs: 60_000 })])
    t.match(await upload(gate, 4_000_000, true), /^502 /, JSON.stringify(text))
  }
  const half = 'HTTP/1.1 413 Too Large\r\nContent-Length: 99\r\n\r\nno'
  const gate = await startGate(t, [makeApp({ upstreams: [at(await hasty(t, half, 'close', 1))] })])
  t.notMatch(await upload(gate, 4_000_000, true), /^413 no$/, 'a half answer does not look whole')
})

t.test('FIELD F12 what goes before a reply is passed on to who can read it', async t => {
  const lines = [
    'Link: </a.css>; rel=preload',
    'Set-Cookie: factorgate=forged',
    'Set-Cookie: a=b; Domain=inside.test',
    'Factorgate-Error: x',
    'Alt-Svc: h3',
    'Connection: X-Mine',
    'X-Mine: 1',
    'Content-Length: 5',
    'Location: http://inside.test/x'
  ]
  const interim = (status: string, more: readonly string[] = []) =>
    `${[`HTTP/1.1 ${status}`, ...more].join('\r\n')}\r\n\r\n`
  const all =
    interim('100 Continue') +
    interim('102 Processing') +
    interim('103 Early Hints', lines) +
    interim('104 Of Theirs', ['X: y']) +
    interim('199')
  const up = await startUpstream(t, `${all}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  for (const method of ['GET', 'POST']) {
    const answer = await gate.ask(get('/', method === 'POST' ? ['Content-Length: 0'] : [], method))
    t.same(
      answer.match(/^HTTP\/1\.1 \d{3}/gm),
      ['102', '103', '104', '199', '200'].map(status => `HTTP/1.1 ${status}`),
      method
    )
    const hints = answer.slice(answer.indexOf('HTTP/1.1 103'), answer.indexOf('HTTP/1.1 104'))
    t.match(hints, 'Link: </a.css>; rel=preload\r\n')
    t.match(hints, /Set-Cookie: a=b/)
    t.notMatch(hints, /forged|Factorgate|Alt-Svc|X-Mine|Content-Length|Connection/i, 'cleaned as a reply is')
  }
  const two = await gate.ask(`GET /1 HTTP/1.1\r\nHost: ${host}\r\n\r\n${get('/2')}`)
  t.equal(two.match(/HTTP\/1\.1 103/g)?.length, 2, 'pipelined, each in its turn')
  t.match(two, /199 [\s\S]*200 OK[\s\S]*102 [\s\S]*200 OK/)
  const old = await gate.ask(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`)
  t.match(old, /^HTTP\/1\.1 200 /, 'HTTP/1.0 knows none')
  const asked = await gate.connect()
  asked.send(get('/', ['Content-Length: 1', 'Expect: 100-continue'], 'POST'))
  await asked.until('HTTP/1.1 100 Continue\r\n\r\n')
  asked.send('x')
  t.notMatch(await asked.rest(), /100 Continue/, '100 is ours, and said once')
  const socketApp = await startUpstream(
    t,
    `${interim('103 Early Hints', ['X: y'])}HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi`
  )
  const other = await startGate(t, [makeApp({ upstreams: [at(socketApp)] })])
  const client = await other.connect()
  client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://${host}\r\n${webSocketLines.join('\r\n')}\r\n\r\n`)
  t.match(await client.until('101 Switching Protocols'), /^HTTP\/1\.1 103 [\s\S]*101/)
  const switching = await startUpstream(t, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n')
  const third = await startGate(t, [makeApp({ upstreams: [at(switching)] })])
  t.equal(parse(await third.ask(get())).status, 502, '101 that nobody asked for is still refused')
})

t.test('FIELD F12 each renews the time an app has, up to a bound', async t => {
  const beats = await startUpstream(t, socket => {
    let count = 0
    const beat = setInterval(() => {
      socket.write(count++ < 13 ? 'HTTP/1.1 102 Processing\r\n\r\n' : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      if (count > 13) clearInterval(beat)
    }, 100)
    socket.once('close', () => clearInterval(beat))
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(beats)], responseTimeoutMs: 900 })])
  t.match(await gate.ask(get()), /200 OK[\s\S]*ok$/, 'longer than the limit, and alive')
  for (const [title, one] of [
    ['many', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['much', `HTTP/1.1 103 Early Hints\r\nLink: <${'x'.repeat(30_000)}>\r\n\r\n`]
  ] as const) {
    const endless = await startUpstream(t, socket => {
      const more = () => {
        if (socket.writable && socket.write(one.repeat(20))) setImmediate(more)
        else socket.once('drain', more)
      }
      more()
    })
    const bounded = await startGate(t, [makeApp({ upstreams: [at(endless)], responseTimeoutMs: 60_000 })])
    const answer = await bounded.ask(get())
    t.match(answer, /HTTP\/1\.1 502 Bad Gateway/, `${title}: not for ever`)
    t.ok(answer.length < 2_000_000, `${answer.length} bytes`)
  }
})
