import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import t from 'tap'
import type { Observation } from '../../src/metering/observation.ts'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'

const start = 1_800_000_000_000

t.test('observers hear of each exchange: who asks for what, the bytes as they pass, and the end', async t => {
  const time = { now: start }
  let more: (() => void) | undefined
  const app = await echoApp(t, (request, response) => {
    if (request.url !== '/long') return void request.resume().on('end', () => response.end('0123456789'))
    response.write('a'.repeat(1000))
    more = () => response.end('b'.repeat(500))
  })
  const gate = await startGateway(t, {
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${app.url}", rules: [{ path: /public/**, access: public }, { path: /secret/**, access: deny }, { access: mfa }] }`,
    clock: () => time.now
  })
  const told: Observation[] = []
  const end = gate.server.runtime.observers.add(observation => told.push({ ...observation }))
  const alice = await gate.account('alice')
  const { cookies, principal } = await gate.signIn(alice, 'files')
  const cookie = cookies.files as string
  const origin = gate.origin('files')
  await gate.request(
    'POST',
    `${origin}/a/b?c=1`,
    { cookie, 'user-agent': 'Tester/1', 'sec-fetch-site': 'same-origin' },
    'body'
  )
  t.match(told[0], {
    phase: 'start',
    at: start,
    bytesIn: 0,
    bytesOut: 0,
    status: null,
    exchange: {
      person: { account: alice.id, name: 'alice', groups: ['researchers'], session: principal.session.id },
      app: 'files',
      method: 'POST',
      path: '/a/b',
      query: '?c=1',
      address: '127.0.0.1',
      client: { userAgent: 'Tester/1', fetchSite: 'same-origin', fetchDest: '' },
      isSocket: false
    }
  })
  t.match(told.at(-1), { phase: 'end', status: 200, reason: null })
  const sums = (phase: keyof Observation) => told.reduce((sum, one) => sum + (one[phase] as number), 0)
  t.same([sums('bytesIn'), sums('bytesOut')], [4, 10], 'the observations of an exchange add up to its bytes')
  t.equal(
    told.every(({ exchange }) => exchange === told[0]?.exchange),
    true,
    'one object stands for an exchange'
  )

  told.length = 0
  await gate.request('MOVE', `${origin}/a/b`, { cookie, destination: `${origin}/c/d?x=1` })
  t.match(told[0]?.exchange, { method: 'MOVE', path: '/a/b', destination: '/c/d' }, 'where a MOVE writes')

  told.length = 0
  await gate.request('GET', `${origin}/public/x`)
  t.same(
    told.map(({ phase, exchange }) => [phase, exchange.person]),
    [
      ['start', null],
      ['end', null]
    ].concat([]),
    'a stranger has no name'
  )

  told.length = 0
  await gate.request('GET', `${origin}/secret/x`, { cookie, ...navigation })
  await gate.request('GET', `${origin}/x`, navigation)
  t.same(
    told.map(({ phase, reason, status, exchange }) => [phase, reason, status, exchange.person?.name]),
    [
      ['refused', 'not_allowed', 403, 'alice'],
      ['refused', 'sign_in_required', 401, undefined]
    ],
    'refusals and challenges of the gate are observed too'
  )

  told.length = 0
  const { hostname, port } = new URL(origin)
  const request = http.get({ host: '127.0.0.1', port, path: '/long', headers: { host: `${hostname}:${port}`, cookie } })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  await once(response, 'data')
  time.now += 6_000
  more?.()
  response.resume()
  await once(response, 'end')
  t.same(
    told.map(({ phase, bytesOut, at }) => [phase, bytesOut, at]),
    [
      ['start', 0, start],
      ['bytes', 1500, start + 6_000],
      ['end', 0, start + 6_000]
    ],
    'of a long exchange they hear now and then'
  )

  end()
  told.length = 0
  await gate.request('GET', `${origin}/x`, { cookie })
  t.same(told, [], 'one that was taken out hears nothing')
})

t.test('WebSockets are observed in both directions', async t => {
  const server = net.createServer(socket => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      socket.on('data', chunk => socket.write(Buffer.concat([chunk, chunk])))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const upstream = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const gate = await startGateway(t, {
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${upstream}" }`
  })
  const told: Observation[] = []
  const ended = new Promise<void>(resolve =>
    gate.server.runtime.observers.add(observation => {
      told.push({ ...observation })
      if (observation.phase === 'end') resolve()
    })
  )
  const { cookies } = await gate.signIn(await gate.account('alice'), 'files')
  const client = net.connect(gate.port, '127.0.0.1')
  t.teardown(() => client.destroy())
  const origin = gate.origin('files')
  client.write(
    `GET /ws HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nOrigin: ${origin}\r\nCookie: ${cookies.files}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
  )
  await once(client, 'data')
  // One masked frame of five octets: two of head would do without a mask, six with one.
  client.write(Buffer.from([0x81, 0x85, 0, 0, 0, 0, 1, 2, 3, 4, 5]))
  await once(client, 'data')
  client.destroy()
  await ended
  const sum = (what: 'bytesIn' | 'bytesOut') => told.reduce((all, one) => all + one[what], 0)
  t.match(told[0], { phase: 'start', exchange: { isSocket: true } })
  t.match(told.at(-1), { phase: 'end', status: 101 })
  t.same([sum('bytesIn'), sum('bytesOut')], [11, 22])
})
