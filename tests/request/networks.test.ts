import fc from 'fast-check'
import t from 'tap'
import { parseAddress } from '../../src/request/address.ts'
import { NetworkError, parseNetworks } from '../../src/request/networks.ts'

const canonical: [text: string, address: string | undefined][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:201', '192.0.2.1'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:192.0.2.1%1', '192.0.2.1'],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['', undefined],
  ['unknown', undefined],
  ['1.2.3', undefined],
  ['1.2.3.4.5', undefined],
  ['01.2.3.4', undefined],
  ['256.1.1.1', undefined],
  ['[::1]', undefined],
  ['1.1.1.1:80', undefined],
  ['::1::', undefined],
  [':'.repeat(5000), undefined]
]
for (const [text, address] of canonical)
  t.test(`'${text.slice(0, 40)}' is ${address ?? 'no address'}`, async t => t.equal(parseAddress(text)?.text, address))

t.test('the canonical IPv6 spelling is the one of WHATWG and RFC 5952', async t => {
  fc.assert(
    fc.property(fc.ipV6(), text => {
      const address = parseAddress(text)
      if (address?.family !== 6) return
      const expected = new URL(`http://[${text}]/`).hostname.slice(1, -1)
      if (address.text !== expected) throw new Error(`${text}: ${address.text} is not ${expected}`)
    })
  )
  t.pass()
})

const membership: [cidr: string, address: string, isIn: boolean][] = [
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.1.2.3/8', '10.9.9.9', true],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['192.0.2.0/31', '192.0.2.1', true],
  ['192.0.2.0/31', '192.0.2.2', false],
  ['128.0.0.0/1', '200.1.1.1', true],
  ['128.0.0.0/1', '127.1.1.1', false],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '2001:db8::1', true],
  ['::/0', '10.0.0.1', false],
  ['10.0.0.0/8', '::ffff:10.0.0.1', true],
  ['::ffff:10.0.0.0/104', '10.1.1.1', true],
  ['::ffff:10.0.0.0/104', '11.1.1.1', false],
  ['2001:db8::/32', '2001:db8:ffff::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['2001:db8::/45', '2001:db8:7::1', true],
  ['2001:db8::/45', '2001:db8:8::1', false],
  ['fe80::/10', 'fe80::1%eth0', true],
  ['::1', '::1', true],
  ['::1', '::2', false],
  ['10.0.0.0/8', 'unknown', false],
  ['0.0.0.0/0', '', false]
]
for (const [cidr, address, isIn] of membership)
  t.test(`${address || 'nothing'} is ${isIn ? '' : 'not '}in ${cidr}`, async t =>
    t.equal(parseNetworks([cidr]).contains(address), isIn)
  )

t.test('one of several networks is enough, and none contains nothing', async t => {
  const networks = parseNetworks(['10.0.0.0/8', '2001:db8::/32'])
  t.ok(networks.contains('10.0.0.1') && networks.contains('2001:db8::1'))
  t.notOk(networks.contains('192.0.2.1'))
  t.notOk(parseNetworks([]).contains('10.0.0.1'))
})

const unreadable = [
  '',
  'x',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/',
  '::/129',
  '::ffff:10.0.0.0/95',
  '10/8',
  '1',
  'fe80::1%eth0/64'
]
for (const text of unreadable)
  t.test(`refuses '${text}' and says what it wants`, async t =>
    t.throws(() => parseNetworks([text]), { name: 'NetworkError', message: /10\.0\.0\.0\/8/ })
  )

t.test('H14 a number of hops is no network', async t => {
  t.throws(() => parseNetworks([1 as unknown as string]), NetworkError)
})
