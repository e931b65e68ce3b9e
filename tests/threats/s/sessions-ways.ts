/** The fixtures of the session scenarios: a hostile app, a second gate on the same store, the gate under https names, raw cookies. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pino } from 'pino'
import type { Test } from 'tap'
import { loadConfig } from '../../../config/load.ts'
import { Server } from '../../../src/server/server.ts'
import { Caller, type Fixture } from '../../fixtures/in-process/callers.ts'
import type { Script } from '../../fixtures/in-process/upstream.ts'
import { parse, RawClient } from '../../fixtures/pipeline/forwarding.ts'

/** An app that tries to plant, to send away, and to hold a socket. */
export const script: Script = (socket, { line, headers }) => {
  if (headers.some(([name]) => name.toLowerCase() === 'upgrade'))
    return socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
    )
  const extra = line.startsWith('GET /plants')
    ? planted
    : line.startsWith('GET /away')
      ? ['Location: http://127.0.0.1:1/secret']
      : []
  const status = line.startsWith('GET /away') ? '302 Found' : '200 OK'
  socket.write(`HTTP/1.1 ${status}\r\n${extra.map(one => `${one}\r\n`).join('')}Content-Length: 3\r\n\r\napp`)
}

const planted = [
  'Set-Cookie: factorgate=evil; Path=/',
  'Set-Cookie: __Host-factorgate=evil; Path=/; Secure',
  'Set-Cookie: __Secure-factorgate=evil',
  'Set-Cookie: FactorGate=evil; Domain=localhost',
  'Set-Cookie: factorgate-nonce=evil; Path=/app',
  'Set-Cookie: __host-factorgate-nonce=evil',
  'Set-Cookie:  =factorgate=evil',
  'Set-Cookie: factorgate',
  'Set-Cookie2: factorgate=evil',
  'Set-Cookie: app=kept; Path=/x; HttpOnly',
  'Set-Cookie: notfactorgate=kept',
  'Set-Cookie: _csrf=kept; Path=/',
  'Clear-Site-Data: "cookies"',
  'Clear-Site-Data: "*"',
  'Clear-Site-Data: "cache", "cookies", "storage"',
  'X-Auth-User: root',
  'X-Auth-Request-Email: root@evil.test',
  'Remote-User: root',
  'Factorgate-Error: sign_in_required',
  'X-Factorgate-Assertion: evil',
  'X-Kept: yes'
]

export async function isIn(where: Fixture, token: string): Promise<boolean> {
  return (await new Caller(where).send('GET', '/.factorgate/account', { cookie: `factorgate=${token}` })).status === 200
}

/** A raw request with exactly this Cookie header, or several. */
export async function raw(
  fixture: Fixture,
  cookies: readonly string[],
  target = '/cookie',
  host = fixture.host('app')
) {
  const client = await RawClient.open(fixture.gate.port)
  client.send(
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${cookies.map(one => `Cookie: ${one}\r\n`).join('')}Connection: close\r\n\r\n`
  )
  return parse(await client.rest())
}

/** Another gate on the same configuration, keys and store, on a port of its own. */
export async function secondGate(t: Test, fixture: Fixture): Promise<{ server: Server; port: number }> {
  const config = await fixture.gate.load()
  const server = await Server.start({
    config: {
      ...config,
      listen: { ...config.listen, port: 0 },
      journal: { ...config.journal, file: `${config.journal.file}-2` }
    },
    clock: () => fixture.time.now,
    log: pino({ level: 'silent' })
  })
  t.teardown(() => server.close())
  return { server, port: server.addresses.gate.port }
}

export async function askAt(port: number, host: string, path: string, cookie: string): Promise<number> {
  const client = await RawClient.open(port)
  client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`)
  return parse(await client.rest()).status
}

/** The same gate under https names, as behind a balancer that ends TLS; afterwards as before. */
export async function onHttps(_t: Test, { gate }: Fixture, act: () => Promise<void>): Promise<void> {
  const before = await gate.load()
  const text = readFileSync(gate.configFile, 'utf8')
  const names = text.replaceAll(new RegExp(`http://(\\w+)\\.localhost:${gate.port}`, 'g'), 'https://$1.lab.example')
  writeFileSync(gate.configFile, names)
  const loaded = await loadConfig({ file: gate.configFile, env: {}, cwd: gate.folder })
  if (loaded.kind === 'bad') throw new Error(loaded.problems.map(problem => JSON.stringify(problem)).join('\n'))
  await gate.server.reload(loaded.config)
  try {
    await act()
  } finally {
    writeFileSync(gate.configFile, text)
    await gate.server.reload(before)
  }
}
