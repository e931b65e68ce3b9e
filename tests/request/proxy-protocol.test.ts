/** PROXY protocol headers: every shape of both versions, every lie, and every place where the bytes may end. */
import t from 'tap'
import { crc32c } from '../../src/request/crc32c.ts'
import { maxBlockLength, readProxyHeader } from '../../src/request/proxy-protocol.ts'

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** A header of version 2. `length` lies about its length. */
function v2(command: number, transport: number, block: Uint8Array, length = block.length): Buffer {
  const fixed = Buffer.from([command, transport, length >> 8, length & 255])
  return Buffer.concat([signature, fixed, block])
}

const four = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x34, 0x01, 0xbb])
const six = Buffer.concat([
  Buffer.from('20010db8000000000000000000000007', 'hex'),
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from([0x12, 0x34, 0x01, 0xbb])
])
const mapped = Buffer.concat([Buffer.from('00000000000000000000ffffc0000207', 'hex'), six.subarray(16)])
const extension = (type: number, value: string | Uint8Array, length = value.length) =>
  Buffer.concat([Buffer.from([type, length >> 8, length & 255]), Buffer.from(value)])

function withChecksum(flip: boolean): Buffer {
  const header = v2(0x21, 0x11, Buffer.concat([four, extension(0x04, 'noop'), extension(0x03, Buffer.alloc(4))]))
  header.writeUInt32BE((crc32c(header) ^ (flip ? 1 : 0)) >>> 0, header.length - 4)
  return header
}

const client = { address: '192.0.2.7', port: 4660 }
const client6 = { address: '2001:db8::7', port: 4660 }

t.test('the checksum is the one of RFC 3720', async t => {
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  t.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa)
})

t.test('H28: headers that are right: the client, and where the header ends', async t => {
  const rows: [sentence: string, header: Buffer | string, source: unknown][] = [
    ['v1 over IPv4', 'PROXY TCP4 192.0.2.7 198.51.100.1 4660 443\r\n', client],
    ['v1 over IPv6', 'PROXY TCP6 2001:DB8:0::7 2001:db8::1 4660 443\r\n', client6],
    ['v1 with an IPv4 address in IPv6', 'PROXY TCP6 ::ffff:192.0.2.7 ::1 4660 443\r\n', client],
    [
      'v1, the longest that makes sense',
      `PROXY TCP6 ${'ffff:'.repeat(7)}ffff ${'ffff:'.repeat(7)}ffff 65535 65535\r\n`,
      {
        address: `${'ffff:'.repeat(7)}ffff`,
        port: 65_535
      }
    ],
    ['v1 that knows nothing', 'PROXY UNKNOWN\r\n', 'unknown'],
    ['v1 that knows nothing, with a rest of the full length', `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`, 'unknown'],
    ['v1 that knows nothing, with addresses that do not count', 'PROXY UNKNOWN 10.0.0.1 10.0.0.2 1 2\r\n', 'unknown'],
    ['v2 over IPv4', v2(0x21, 0x11, four), client],
    ['v2 over IPv6', v2(0x21, 0x21, six), client6],
    ['v2 with an IPv4 address in IPv6', v2(0x21, 0x21, mapped), client],
    ['v2 of a Unix socket', v2(0x21, 0x31, Buffer.alloc(216)), 'unknown'],
    ['v2 without a family', v2(0x21, 0x00, Buffer.alloc(0)), 'unknown'],
    ['v2 without a family, with a block that has no meaning', v2(0x21, 0x00, four), 'unknown'],
    ['v2 of the balancer itself', v2(0x20, 0x00, Buffer.alloc(0)), 'balancer'],
    ['v2 of the balancer itself, with an address that does not count', v2(0x20, 0x11, four), 'balancer'],
    [
      'v2 with extensions',
      v2(0x21, 0x11, Buffer.concat([four, extension(0x02, 'lab.example'), extension(0xea, '')])),
      client
    ],
    ['v2 with a checksum', withChecksum(false), client],
    [
      'v2, the longest',
      v2(0x21, 0x11, Buffer.concat([four, extension(0x04, Buffer.alloc(maxBlockLength - 15))])),
      client
    ]
  ]
  for (const [sentence, text, source] of rows) {
    const header = Buffer.from(text as string, 'latin1')
    const rest = Buffer.from('PROXY TCP4 6.6.6.6 6.6.6.6 1 1\r\nGET /')
    t.strictSame(
      readProxyHeader(Buffer.concat([header, rest])),
      { kind: 'header', length: header.length, source },
      sentence
    )
    const early = Array.from({ length: header.length }, (_, length) => readProxyHeader(header.subarray(0, length)))
    t.ok(
      early.every(({ kind }) => kind === 'more'),
      `${sentence}: it is awaited to its last byte`
    )
  }
})

t.test('H28: headers that are wrong: never a client', async t => {
  const rows: [sentence: string, header: Buffer | string, why: RegExp][] = [
    ['a request', 'GET / HTTP/1.1\r\n', /missing/],
    ['a TLS handshake', Buffer.from([0x16, 3, 1]), /missing/],
    ['v1 in small letters', 'proxy TCP4 192.0.2.7 198.51.100.1 1 2\r\n', /missing/],
    ['a blank before v1', ' PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n', /missing/],
    ['v1 whose line does not end', `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`, /line end within 107/],
    [
      'v1 whose line ends with a line feed alone',
      `PROXY TCP4 192.0.2.7 198.51.100.1 1 2\n${' '.repeat(90)}`,
      /line end/
    ],
    ['v1 with two blanks', 'PROXY TCP4  192.0.2.7 198.51.100.1 1 2\r\n', /version 1/],
    ['v1 with a tab', 'PROXY TCP4\t192.0.2.7 198.51.100.1 1 2\r\n', /version 1/],
    ['v1 with a blank at the end', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2 \r\n', /version 1/],
    ['v1 without ports', 'PROXY TCP4 192.0.2.7 198.51.100.1\r\n', /version 1/],
    ['v1 of another protocol', 'PROXY UDP4 192.0.2.7 198.51.100.1 1 2\r\n', /version 1/],
    ['v1 UNKNOWN over two lines', 'PROXY UNKNOWN\nGET / HTTP/1.1\r\n', /version 1/],
    ['v1 UNKNOWN with a line feed in its rest', 'PROXY UNKNOWN 1\nGET / HTTP/1.1\r\n', /version 1/],
    ['v1 UNKNOWN glued to a word', 'PROXY UNKNOWNS\r\n', /version 1/],
    ['v1 with the other family', 'PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n', /version 1/],
    ['v1 with the other family, the other way', 'PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n', /version 1/],
    ['v1 with a name', 'PROXY TCP4 localhost 198.51.100.1 1 2\r\n', /version 1/],
    ['v1 with a leading zero', 'PROXY TCP4 192.0.2.07 198.51.100.1 1 2\r\n', /version 1/],
    ['v1 with an address too short', 'PROXY TCP4 127.1 198.51.100.1 1 2\r\n', /version 1/],
    ['v1 with a zone', 'PROXY TCP6 fe80::1%eth0 2001:db8::1 1 2\r\n', /version 1/],
    ['v1 with brackets', 'PROXY TCP6 [2001:db8::7] [2001:db8::1] 1 2\r\n', /version 1/],
    ['v1 with a port beyond the last', 'PROXY TCP4 192.0.2.7 198.51.100.1 65536 2\r\n', /version 1/],
    ['v1 with a port of zeros', 'PROXY TCP4 192.0.2.7 198.51.100.1 00 2\r\n', /version 1/],
    ['v1 with a negative port', 'PROXY TCP4 192.0.2.7 198.51.100.1 -1 2\r\n', /version 1/],
    ['v1 with a wrong target', 'PROXY TCP4 192.0.2.7 nowhere 1 2\r\n', /version 1/],
    ['v1 with a NUL', 'PROXY TCP4 192.0.2.7\0 198.51.100.1 1 2\r\n', /version 1/],
    ['v1 with a carriage return inside', 'PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r \r\n', /version 1/],
    ['a damaged signature', Buffer.from('\r\n\r\n\0\r\nQUIX\n', 'latin1'), /missing/],
    ['version 3', v2(0x31, 0x11, four), /does not exist/],
    ['version 1 in binary', v2(0x11, 0x11, four), /does not exist/],
    ['an unknown command', v2(0x22, 0x11, four), /does not exist/],
    ['an unknown family', v2(0x21, 0x41, four), /other than a TCP/],
    ['an unknown protocol', v2(0x21, 0x13, four), /other than a TCP/],
    ['a family without a protocol', v2(0x21, 0x10, four), /other than a TCP/],
    ['a datagram', v2(0x21, 0x12, four), /other than a TCP/],
    ['IPv4 that ends early', v2(0x21, 0x11, four.subarray(0, 11)), /within its addresses/],
    ['IPv6 that ends early', v2(0x21, 0x21, four), /within its addresses/],
    ['a Unix socket that ends early', v2(0x21, 0x31, Buffer.alloc(215)), /within its addresses/],
    ['a header that is too long, before its bytes are there', v2(0x21, 0x11, four, maxBlockLength + 1), /longer than/],
    ['a header of the largest length', v2(0x20, 0x00, Buffer.alloc(0), 65_535), /longer than/],
    ['an extension that ends in its head', v2(0x21, 0x11, Buffer.concat([four, Buffer.from([4, 0])])), /extension/],
    [
      'an extension that is longer than the header',
      v2(0x21, 0x11, Buffer.concat([four, extension(4, 'x', 2)])),
      /extension/
    ],
    ['a wrong checksum', withChecksum(true), /wrong checksum/],
    ['a checksum of three bytes', v2(0x21, 0x11, Buffer.concat([four, extension(3, 'abc')])), /wrong length/]
  ]
  for (const [sentence, text, why] of rows) {
    const result = readProxyHeader(Buffer.from(text as string, 'latin1'))
    t.match(result, { kind: 'wrong', why }, sentence)
  }
})

t.test('a v1 line without end is awaited for 107 bytes and no longer', async t => {
  const line = Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`)
  t.equal(readProxyHeader(line.subarray(0, 106)).kind, 'more')
  t.equal(readProxyHeader(line.subarray(0, 107)).kind, 'wrong')
})
