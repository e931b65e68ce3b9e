/** The client of webhooks: what it sends, how it signs, and what it makes of the answers. */
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { bodyOf } from '../../src/notify/sender.ts'
import { postWebhook, signatureOf } from '../../src/notify/webhook.ts'

async function receiver(t: Test, answer: http.RequestListener) {
  const got: { headers: http.IncomingHttpHeaders; body: string }[] = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', part => {
      body += part
    })
    request.on('end', () => {
      got.push({ headers: request.headers, body })
      answer(request, response)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/token`, got }
}

const now = Date.UTC(2026, 10, 28)
const secret = `whsec_${Buffer.from('0123456789abcdef01234567').toString('base64')}`

t.test('a message is signed by the scheme of Standard Webhooks', async t => {
  // The example of the specification's own libraries.
  t.equal(
    signatureOf(
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'msg_p5jXN8AQM9LWM0D4loKWxJek',
      '1614265330',
      '{"test": 2432232314}'
    ),
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
  )
  const { url, got } = await receiver(t, (_, response) => response.end('ok'))
  t.same(await postWebhook({ url, secret, ca: null }, 'n1', '{"a":1}', now), { kind: 'sent', answer: '200' })
  const [{ headers, body } = { headers: {}, body: '' }] = got
  t.match(headers, { 'webhook-id': 'n1', 'webhook-timestamp': String(now / 1000), 'content-type': 'application/json' })
  const mac = createHmac('sha256', '0123456789abcdef01234567')
    .update(`n1.${now / 1000}.${body}`)
    .digest('base64')
  t.equal(headers['webhook-signature'], `v1,${mac}`)
})

t.test('what an answer means', async t => {
  const rows: [what: string, answer: http.RequestListener, expected: object][] = [
    ['204', (_, r) => r.writeHead(204).end(), { kind: 'sent' }],
    ['410', (_, r) => r.writeHead(410).end(), { kind: 'failed', isFinal: true }],
    ['401', (_, r) => r.writeHead(401).end(), { kind: 'failed', isFinal: false, isServers: false }],
    ['429', (_, r) => r.writeHead(429).end(), { kind: 'failed', isServers: true }],
    ['500', (_, r) => r.writeHead(500).end(), { kind: 'failed', isFinal: false, isServers: true }],
    ['a reset', (_, r) => r.socket?.resetAndDestroy(), { kind: 'failed', isServers: true }],
    [
      'half an answer',
      (_, r) => {
        r.writeHead(200, { 'content-length': '100' }).write('x')
        setImmediate(() => r.destroy())
      },
      { kind: 'failed' }
    ],
    ['an endless answer', (_, r) => r.end(Buffer.alloc(1024 * 1024)), { kind: 'failed' }]
  ]
  for (const [what, answer, expected] of rows) {
    const { url } = await receiver(t, answer)
    t.match(await postWebhook({ url, secret, ca: null }, 'n1', '{}', now), expected, what)
  }
})

t.test('it speaks to nobody whom the operator has not named', async t => {
  const other = await receiver(t, (_, response) => response.end())
  for (const status of [301, 302, 303, 307, 308]) {
    const { url } = await receiver(t, (_, response) => response.writeHead(status, { location: other.url }).end())
    t.match(
      await postWebhook({ url, secret, ca: null }, 'n1', '{}', now),
      { kind: 'failed', why: /redirects are not followed/ },
      String(status)
    )
  }
  t.same(other.got, [])
})

t.test('a receiver that does not answer is given up', async t => {
  const { url } = await receiver(t, () => {})
  t.match(await postWebhook({ url, secret, ca: null }, 'n1', '{}', now, 200), {
    kind: 'failed',
    isServers: true,
    why: /did not answer within/
  })
})

t.test('what a message says', async t => {
  const notice = {
    id: 'n1',
    kind: 'certificate-ending',
    at: now,
    to: [],
    name: 'alice',
    facts: { what: 'listen.tls', ends: now, count: 7 }
  } as const
  t.same(JSON.parse(JSON.stringify(bodyOf(notice, { portalOrigin: 'https://gate.lab.example' }))), {
    type: 'certificate.ending',
    timestamp: '2026-11-28T00:00:00.000Z',
    data: {
      gate: 'https://gate.lab.example',
      name: 'alice',
      what: 'listen.tls',
      count: 7,
      ends: '2026-11-28T00:00:00.000Z'
    }
  })
})
