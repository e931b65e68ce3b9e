import fc from 'fast-check'
import t from 'tap'
import { makeClientReader } from '../../src/request/client.ts'

const proxies = ['10.0.0.0/8', '::1']
const proxy = '10.0.0.1'
const readings: [peer: string, forwardedFor: string | undefined, address: string, why: string][] = [
  ['203.0.113.9', undefined, '203.0.113.9', 'a direct peer'],
  ['203.0.113.9', '6.6.6.6', '203.0.113.9', 'H12 CVE-2024-21494 a direct peer that claims to be another'],
  ['::ffff:203.0.113.9', '6.6.6.6', '203.0.113.9', 'a direct peer on a dual-stack socket'],
  [proxy, undefined, proxy, 'a trusted proxy on its own'],
  [proxy, '', proxy, 'a trusted proxy that says nothing'],
  [proxy, '198.51.100.7', '198.51.100.7', 'one hop'],
  ['::ffff:10.0.0.1', '198.51.100.7', '198.51.100.7', 'one hop, the proxy on a dual-stack socket'],
  ['::1', '198.51.100.7', '198.51.100.7', 'one hop, the proxy on IPv6'],
  [proxy, '6.6.6.6, 198.51.100.7', '198.51.100.7', 'H12 CVE-2023-36456 what the client made up stands to the left'],
  [proxy, '6.6.6.6, 198.51.100.7, 10.0.0.2, 10.0.0.3', '198.51.100.7', 'several trusted hops'],
  [proxy, '10.0.0.4, 10.0.0.3', '10.0.0.4', 'nothing but trusted hops'],
  [proxy, ' 198.51.100.7\t', '198.51.100.7', 'spaces around a hop'],
  [proxy, '198.51.100.7:4711', '198.51.100.7', 'a hop with its port'],
  [proxy, '[2001:DB8::7]:4711', '2001:db8::7', 'an IPv6 hop with its port'],
  [proxy, '[2001:db8::7]', '2001:db8::7', 'an IPv6 hop in brackets'],
  [proxy, '2001:db8::7', '2001:db8::7', 'a bare IPv6 hop'],
  [proxy, '::ffff:198.51.100.7', '198.51.100.7', 'an IPv4 hop written as IPv6'],
  [proxy, 'a', proxy, 'H11 CVE-2024-47070 a word'],
  [proxy, ',,', proxy, 'H11 empty hops'],
  [proxy, 'unknown', proxy, 'H11 an unknown hop'],
  [proxy, '[::1', proxy, 'H11 half a bracket'],
  [proxy, '1.1.1.1:x', proxy, 'H11 a port that is none'],
  [proxy, '6.6.6.6, junk, 10.0.0.3', '10.0.0.3', 'garbage ends the walk at the last good hop'],
  [proxy, 'x'.repeat(8192), proxy, 'H11 8 KiB of one hop'],
  [proxy, '10.0.0.2,'.repeat(4000), proxy, 'thousands of hops that end with none'],
  ['', '6.6.6.6', 'unknown', 'a peer that is gone'],
  ['/run/x.sock', '6.6.6.6', 'unknown', 'a peer without an address']
]
for (const [peer, forwardedFor, address, why] of readings)
  t.test(`finds ${address} for ${why}`, async t => {
    t.equal(makeClientReader(proxies)(peer, forwardedFor).address, address)
  })

t.test('says whether the peer is a listed proxy', async t => {
  const read = makeClientReader(proxies)
  t.same(read(proxy, '198.51.100.7'), { address: '198.51.100.7', peer: proxy, viaTrustedProxy: true })
  t.same(read('::ffff:203.0.113.9', '6.6.6.6'), {
    address: '203.0.113.9',
    peer: '203.0.113.9',
    viaTrustedProxy: false
  })
})

t.test('H13 without trusted proxies nobody is believed, loopback included', async t => {
  const read = makeClientReader([])
  t.equal(read('127.0.0.1', '6.6.6.6').address, '127.0.0.1')
  t.equal(read('127.0.0.1', '6.6.6.6').viaTrustedProxy, false)
})

t.test('the walk over hops is bounded', async t => {
  const address = makeClientReader(proxies)(proxy, `6.6.6.6${',10.0.0.2'.repeat(1500)}`).address
  t.equal(address, '10.0.0.2')
})

t.test('H14 refuses a number of trusted hops', async t => {
  t.throws(() => makeClientReader([1 as unknown as string]), { name: 'NetworkError' })
})

t.test('H11 whatever a stranger writes, an address comes out and nothing throws', async t => {
  const read = makeClientReader(proxies)
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => /^[0-9a-f:.]+$/.test(read(proxy, text).address)))
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('x', '', '10.0.0.2'))), hops => {
      const direct = read('203.0.113.9', hops.join(', ')).address
      return direct === '203.0.113.9'
    })
  )
  t.pass()
})
