/** The operators' listener, reached by another site's page in an operator's browser (THREATS R19, ASVS 3.5.3, 13.4.5). */
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import t from 'tap'
import { buildAdmin } from '../../../plugins/admin/index.ts'
import { Metrics } from '../../../src/metrics/metrics.ts'

const paths = ['/livez', '/readyz', '/metrics', '/nothing']

function listener(host: string) {
  return buildAdmin({
    checkHealth: async () => ({ problem: null, warnings: [] }),
    metrics: async () => new Metrics().render(),
    status: async () => ({ version: '1' }),
    isClosing: () => false,
    host
  })
}

t.test('health and metrics answer programs and operators, no other site', async t => {
  for (const listening of ['127.0.0.1', '::1', 'localhost', '0.0.0.0', '10.1.2.3'])
    await t.test(`listening on ${listening}`, async t => {
      const app = listener(listening)
      const isLoopback = ['127.0.0.1', '::1', 'localhost'].includes(listening)
      const ask = (url: string, headers: Record<string, string>) => app.inject({ url, headers })
      const foreign: Record<string, string>[] = [
        { host: 'localhost:9090', origin: 'https://evil.test' },
        { host: '127.0.0.1:9090', origin: 'null' },
        { host: '127.0.0.1:9090', origin: 'http://127.0.0.1:9091' },
        { host: '127.0.0.1:9090', 'sec-fetch-site': 'cross-site' },
        { host: '127.0.0.1:9090', 'sec-fetch-site': 'same-site' },
        { host: 'evil.test', origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }
      ]
      for (const url of paths)
        for (const headers of foreign) {
          const answer = await ask(url, headers)
          t.equal(answer.statusCode, 403, `${url} ${JSON.stringify(headers)}`)
          t.equal(answer.headers['factorgate-error'], 'foreign_origin')
          t.notMatch(answer.body, /factorgate_|ok/)
        }
      for (const host of [
        'evil.test',
        'evil.test:9090',
        'localhost.evil.test',
        '127.0.0.1.evil.test',
        'gate.lab.example'
      ]) {
        const { statusCode, body } = await ask('/metrics', { host })
        t.equal(statusCode, isLoopback ? 421 : 200, `Host: ${host}`)
        if (isLoopback) t.notMatch(body, /factorgate_/)
      }
      for (const host of [
        '127.0.0.1:9090',
        '[::1]:9090',
        'localhost',
        'gate.localhost:9090',
        '10.1.2.3:9090',
        'LOCALHOST:1'
      ]) {
        const own: Record<string, string>[] = [
          {},
          { 'sec-fetch-site': 'none' },
          { 'sec-fetch-site': 'same-origin', origin: `http://${host}` }
        ]
        for (const headers of own)
          t.equal((await ask('/metrics', { host, ...headers })).statusCode, 200, `${host} ${JSON.stringify(headers)}`)
      }
      t.equal((await ask('/livez', { host: 'localhost' })).headers['x-content-type-options'], 'nosniff')
    })
})

t.test('an address that the listener does not have is refused by the gate, and says so', async t => {
  const { statusCode, headers, body } = await listener('127.0.0.1').inject({
    url: '/nothing',
    headers: { host: '127.0.0.1' }
  })
  t.same([statusCode, headers['factorgate-error'], body], [404, 'not_found', 'There is no such page.\n'])
})

t.test('what Fastify or Node would refuse is refused by the gate, and says so once', async t => {
  const app = listener('127.0.0.1')
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const say = async (text: string) => {
    const socket = net.connect((app.server.address() as AddressInfo).port, '127.0.0.1')
    const parts: Buffer[] = []
    socket.on('error', () => {}).on('data', part => parts.push(part))
    socket.write(text)
    await once(socket, 'close')
    return Buffer.concat(parts).toString('latin1')
  }
  const end = '\r\nHost: 127.0.0.1\r\nConnection: close\r\n'
  const json = 'Content-Type: application/json\r\n'
  const rows: (readonly [text: string, status: number, code: string])[] = [
    [`DESCRIBE /livez HTTP/1.1${end}\r\n`, 400, 'bad_request'],
    ['nonsense\r\n\r\n', 400, 'bad_request'],
    [`GET /${'a'.repeat(20_000)} HTTP/1.1${end}\r\n`, 431, 'headers_too_large'],
    [`HEAD / HTTP/1.1${end}Cookie: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    [`GET /%zz HTTP/1.1${end}\r\n`, 400, 'bad_request'],
    [`GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n`, 400, 'bad_request'],
    [`GET /livez HTTP/1.1${end}Expect: tea\r\n\r\n`, 417, 'bad_request'],
    [`POST /livez HTTP/1.1${end}${json}Content-Length: 1\r\n\r\n{`, 404, 'not_found'],
    [`POST /livez HTTP/1.1${end}Content-Type: x\r\nContent-Length: 1\r\n\r\n{`, 400, 'bad_request'],
    [`PUT /livez HTTP/1.1${end}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 404, 'not_found']
  ]
  for (const [text, status, code] of rows) {
    const said = await say(text)
    const what = text.slice(0, 40)
    t.match(said, new RegExp(`^HTTP/1.1 ${status} `), what)
    t.match(said, new RegExp(`\r\nfactorgate-error: ${code}\r\n`, 'i'), what)
    t.match(said, /\r\nx-content-type-options: nosniff\r\n/i, what)
    t.notMatch(said, /FST_|statusCode/, what)
    t.equal(said.split('HTTP/1.1 ').length, 2, `${what}: one answer`)
  }
  t.match(await say('GET /livez HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200 /, 'a balancer asks without a host')
})
