/** THREATS D14: a failure stays with its own connection. */
import type { Test } from 'tap'
import { startGateway } from '../../fixtures/in-process/gateway.ts'
import { startUpstream, webSocketLines } from '../../fixtures/in-process/upstream.ts'
import type { RedisProxy } from '../../fixtures/process/redis-proxy.ts'
import { until } from '../../fixtures/process/redis-server.ts'
import { connect, head } from '../doors.ts'

/** Breaks off on every side of a gate on a Redis behind `proxy`, and cuts its connections again and again. */
export async function accidents(t: Test, proxy: RedisProxy, keyPrefix: string): Promise<void> {
  const upstream = await startUpstream(
    t,
    (socket, { line, body }) => {
      if (line.includes('/broken')) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf')
        socket.resetAndDestroy()
      } else if (line.includes('/socket')) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
        socket.on('data', chunk => socket.write(chunk))
      } else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${String(body.length).length}\r\n\r\n${body.length}`)
    },
    { early: true }
  )
  const apps = `  - { id: one, title: One, url: "http://one.localhost:PORT", upstream: "${upstream.origin}" }`
  const gate = await startGateway(t, {
    apps,
    store: proxy.url,
    extra: `redis: { keyPrefix: "${keyPrefix}" }`
  })
  const { cookies } = await gate.signIn(await gate.account('eve'), 'one')
  const host = `one.localhost:${gate.port}`
  const cookie = `Cookie: ${cookies.one}`
  for (let n = 0; n < 20; n++) {
    const broken = await connect(t, gate)
    broken.send(`${head('GET', '/broken', host, [cookie])}\r\n\r\n`)
    const text = await broken.rest()
    t.notMatch(text, /half[\s\S]{996}/, 'a half answer is cut')
    const upload = await connect(t, gate)
    upload.send(`${head('PUT', '/upload', host, [cookie, 'Content-Length: 100000'])}\r\n\r\nabc`)
    await upload.until('HTTP/1.1 200')
    upload.socket.resetAndDestroy()
  }
  const socket = await connect(t, gate)
  socket.send(`${head('GET', '/socket', host, [cookie, `Origin: http://${host}`, ...webSocketLines])}\r\n\r\n`)
  await socket.until('\r\n\r\n')
  for (let n = 0; n < 2_000; n++) socket.send(Buffer.from([0x89, 0x80, 0, 0, 0, 0]))
  t.equal((await socket.bytes(2_000 * 6)).length, 12_000, 'the flood came through, and back')
  for (let n = 0; n < 20; n++) {
    proxy.cut()
    await new Promise(resolve => setImmediate(resolve))
  }
  await until('it serves after the storm', async () => {
    const { status } = await gate.request('GET', `${gate.origin('one')}/`, { cookie: cookies.one as string })
    return status === 200
  })
  t.equal((await fetch(`http://127.0.0.1:${gate.adminPort}/livez`)).status, 200)
}
