/** Whatever an ACME server says, nothing false is served, the old certificate goes on, and the message names the cause. */
import t, { type Test } from 'tap'
import { newKey, publicKeyOf } from '../../src/acme/x509.ts'
import { type Lie, refuse, saying } from '../fixtures/in-process/acme-server.ts'
import { served, stateOf, world } from '../fixtures/in-process/acme-world.ts'

const day = 24 * 3600

/** What a server may do, and the sentence that says so. */
const lies: readonly (readonly [threat: string, sentence: string, part: string, lie: Lie, why: RegExp])[] = [
  ['', 'a directory that is none', 'dir', saying(r => r.end('<html>')), /is no directory of an ACME server/],
  ['', 'a directory that is gone', 'dir', saying(r => r.writeHead(503).end()), /is no directory .* answers 503/],
  [
    'K1',
    'a redirect',
    'dir',
    saying(r => r.writeHead(302, { location: 'http://169.254.169.254/x' }).end()),
    /redirects to http:\/\/169\.254\.169\.254\/x; redirects are not followed/
  ],
  [
    'K1',
    'an address on another host',
    'dir',
    saying(r =>
      r.end('{"newNonce":"http://127.0.0.2:1/n","newAccount":"http://127.0.0.2:1/a","newOrder":"http://127.0.0.2:1/o"}')
    ),
    /sends us to http:\/\/127\.0\.0\.2:1, which is another server/
  ],
  [
    'K1',
    'an address that is none',
    'dir',
    saying(r => r.end('{"newNonce":"file:///etc/passwd","newAccount":"a","newOrder":"b"}')),
    /sends us to|names an address that is none/
  ],
  [
    'K2',
    'no nonce',
    'nonce',
    saying(r => {
      r.removeHeader('replay-nonce')
      r.end()
    }),
    /gives no usable nonce/
  ],
  [
    'K2',
    'a nonce that breaks lines',
    'nonce',
    saying(r => {
      r.setHeader('replay-nonce', 'a b"c')
      r.end()
    }),
    /gives no usable nonce/
  ],
  ['K2', 'only wrong nonces', 'order', saying(r => refuse(r, 400, 'badNonce', 'again')), /\(badNonce\)/],
  [
    'K2',
    'an endless body',
    'order',
    (_, r) => {
      r.writeHead(200)
      const more = () => {
        while (!r.destroyed && r.write(Buffer.alloc(65_536, 97))) {}
      }
      r.on('drain', more)
      more()
      return true
    },
    /larger than 131072 bytes/
  ],
  ['K2', 'silence', 'order', () => true, /no whole answer within 0\.3 s/],
  [
    'K2',
    'an answer that trickles',
    'order',
    (_, r) => {
      r.writeHead(200)
      const timer = setInterval(() => r.write(' '), 20)
      r.on('close', () => clearInterval(timer))
      return true
    },
    /no whole answer within 0\.3 s/
  ],
  [
    'K2',
    'a cut connection',
    'order',
    saying(r => {
      r.writeHead(200, { 'content-length': 100 }).write('{')
      r.destroy()
    }),
    /cannot be used: /
  ],
  [
    'K2',
    'another protocol, which nobody asked for',
    'order',
    (_, r) => {
      r.socket?.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n')
      return true
    },
    /switches to another protocol/
  ],
  ['', 'garbage', 'order', saying(r => r.writeHead(201, { location: '/x' }).end('\u0000\u0001')), /no JSON object/],
  ['', 'a list', 'order', saying(r => r.writeHead(201).end('[]')), /no JSON object/],
  [
    '',
    'an order without proofs',
    'order',
    saying(r => r.writeHead(201, { location: 'x' }).end('{}')),
    /gives no list of what is to be proved/
  ],
  [
    '',
    'a refusal',
    'order',
    saying(r => refuse(r, 400, 'rejectedIdentifier', 'blocked\r\n\u001b[31m by policy')),
    /blocked \[31m by policy \(rejectedIdentifier\); the authority issues no certificate/
  ],
  [
    'K4',
    'a proof for another name',
    'authz',
    saying(r => r.end('{"identifier":{"value":"evil.example"},"status":"pending"}')),
    /asks for a proof for evil\.example, which was not ordered/
  ],
  [
    '',
    'no fitting challenge',
    'authz',
    saying(r =>
      r.end('{"identifier":{"value":"gate.lab.example"},"status":"pending","challenges":[{"type":"dns-01"}]}')
    ),
    /does not offer http-01 for gate\.lab\.example, but dns-01/
  ],
  [
    'K4',
    'a token that is a path',
    'authz',
    saying(r =>
      r.end(
        '{"identifier":{"value":"gate.lab.example"},"status":"pending","challenges":[{"type":"http-01","token":"../../etc/passwd/aaaaaaaaaaaa","url":"x"}]}'
      )
    ),
    /a token that is none/
  ],
  [
    '',
    'a name that is blocked for good',
    'authz',
    saying(r => r.end('{"identifier":{"value":"gate.lab.example"},"status":"deactivated"}')),
    /its authorization is deactivated/
  ],
  ['', 'no certificate', 'cert', saying(r => r.end('sorry')), /holds no chain of certificates/],
  ['', 'too many certificates', 'cert', saying(r => r.end(`${dummy}\n`.repeat(11))), /11 certificates/]
]
const dummy = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----'

async function isTold(t: Test, threat: string): Promise<void> {
  for (const [id, sentence, part, lie, why] of lies) {
    if (id !== threat) continue
    // Only what is about time may depend on it.
    const here = await world(t, { timeoutMs: why.source.includes('no whole answer') ? 300 : 30_000 })
    here.server.lies[part] = lie
    const gate = await here.gate()
    await gate.issuer.pass()
    t.match((await stateOf(here))?.why, why, sentence)
    t.equal(served(gate), null, 'nothing is served')
    t.match(here.events, [{ kind: 'certificate.failed', host: 'gate.lab.example', failures: 1 }])
    t.notOk('ends' in here.events[0]!, 'there was none before')
  }
}

t.test('K1 · the server redirects, or names other machines → nobody else is asked', t => isTold(t, 'K1'))
t.test('K2 · the server sends without end, or nothing, or only wrong nonces → the order ends', t => isTold(t, 'K2'))
t.test('K4 · the server asks for proofs that were not ordered → nothing is proved', t => isTold(t, 'K4'))
t.test('a server that refuses or errs: the message names the cause', t => isTold(t, ''))

t.test('K3 · the server issues a certificate that does not fit → it is refused, and the old one goes on', async t => {
  const here = await world(t)
  const { server, clock } = here
  const gate = await here.gate()
  await gate.issuer.pass()
  const old = served(gate)?.cert
  const own = () => publicKeyOf(newKey())
  const rows: [sentence: string, make: (key: Buffer) => string, why: RegExp][] = [
    ['another key', () => server.issue(['gate.lab.example'], own()), /it is for another key/],
    [
      'another name',
      key => server.issue(['evil.example'], key),
      /not for gate\.lab\.example but for DNS:evil\.example/
    ],
    [
      'one that has ended',
      key => server.issue(['gate.lab.example'], key, clock.now - 91 * day * 1000),
      /it ended on .*check the clock/
    ],
    ['one of the future', key => server.issue(['gate.lab.example'], key, clock.now + day * 1000), /it begins on/],
    [
      'a life that goes backwards',
      key => server.issue(['gate.lab.example'], key, clock.now - 1000, -1),
      /it ended on|ends before/
    ],
    [
      'a chain that does not fit',
      key => server.issue(['gate.lab.example'], key).replace(server.root, old ?? ''),
      /its chain does not fit together/
    ],
    ['a private key in it', key => `${server.issue(['gate.lab.example'], key)}-----BEGIN PRIVATE KEY-----`, /no chain/]
  ]
  const issue = server.issue.bind(server)
  for (const [sentence, make, why] of rows) {
    clock.advance(62 * day)
    const { failures = 0 } = (await stateOf(here)) ?? {}
    Object.assign(server, {
      issue: (_: string[], key: Buffer) => {
        Object.assign(server, { issue })
        return make(key)
      }
    })
    await gate.issuer.pass()
    Object.assign(server, { issue })
    const state = await stateOf(here)
    t.match(state?.why, why, sentence)
    t.equal(state?.failures, failures + 1)
    t.equal(served(gate)?.cert, old, 'the old one is served')
  }
})
