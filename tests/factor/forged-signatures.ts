/**
 * Signatures that a person with a key, or with one valid signature, can write: the kinds that Wycheproof collects, made with new keys, for
 * ECDSA on P-256, Ed25519 and RSA with PKCS #1 v1.5.
 */
import { constants, createHash, privateEncrypt, sign } from 'node:crypto'
import type { Changes } from '../fixtures/in-process/authenticator.ts'

type Made = Parameters<NonNullable<Changes['sign']>>[0]
type Forms = Readonly<Record<string, (made: Made) => Buffer>>

const hex = (text: string) => Buffer.from(text, 'hex')
const numberOf = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex') || '0'}`)
const bytesOf = (value: bigint, length: number) => hex(value.toString(16).padStart(length * 2, '0'))
const tlv = (tag: number, ...parts: Buffer[]) => {
  const content = Buffer.concat(parts)
  return Buffer.concat([
    Buffer.from(content.length < 128 ? [tag, content.length] : [tag, 0x81, content.length]),
    content
  ])
}

// ECDSA, SEC 2 §2.4.2.
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const prime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
/** A positive INTEGER in its shortest form. */
const integer = (value: bigint) => {
  const text = value.toString(16)
  const bytes = hex(text.length % 2 ? `0${text}` : text)
  return tlv(0x02, bytes[0]! >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes)
}
const pair = (r: bigint, s: bigint) => tlv(0x30, integer(r), integer(s))
/** The two numbers of a signature in DER. */
function numbersOf(der: Buffer): [r: bigint, s: bigint] {
  const r = der.subarray(4, 4 + der[3]!)
  const s = der.subarray(4 + der[3]! + 2)
  return [numberOf(r), numberOf(s)]
}
const numbers =
  (change: (r: bigint, s: bigint) => Buffer) =>
  ({ honest }: Made) =>
    change(...numbersOf(honest))
const contents = (bytes: Buffer) => bytes.subarray(2)

const es256: Forms = {
  ...Object.fromEntries(
    [0n, 1n, order - 1n, order, order + 1n, prime, prime + 1n, 1n << 256n].flatMap(value => [
      [`r = ${value.toString(16)}`, numbers((_, s) => pair(value, s))],
      [`s = ${value.toString(16)}`, numbers(r => pair(r, value))],
      [`r = s = ${value.toString(16)}`, () => pair(value, value)]
    ])
  ),
  'r + n': numbers((r, s) => pair(r + order, s)),
  's + n': numbers((r, s) => pair(r, s + order)),
  'r and s in turn': numbers((r, s) => pair(s, r)),
  'n - r': numbers((r, s) => pair(order - r, s)),
  'a zero before r': numbers((r, s) => tlv(0x30, tlv(0x02, bytesOf(r, 34)), integer(s))),
  'a zero before s': numbers((r, s) => tlv(0x30, integer(r), tlv(0x02, bytesOf(s, 34)))),
  'r without its length': numbers((_, s) => tlv(0x30, tlv(0x02), integer(s))),
  'r negative': numbers((r, s) => tlv(0x30, tlv(0x02, bytesOf((1n << 264n) - r, 33)), integer(s))),
  'a length of more bytes than it needs': ({ honest }) => Buffer.concat([hex('3081'), honest.subarray(1)]),
  'a length in three bytes': ({ honest }) => Buffer.concat([hex('308200'), honest.subarray(1)]),
  'a length of r of more bytes': numbers((r, s) => {
    const one = integer(r)
    return tlv(0x30, Buffer.concat([hex('0281'), one.subarray(1)]), integer(s))
  }),
  'no length at all': ({ honest }) => Buffer.concat([hex('3080'), contents(honest), hex('0000')]),
  'one more in the length': ({ honest }) => Buffer.concat([Buffer.from([0x30, honest[1]! + 1]), contents(honest)]),
  'one less in the length': ({ honest }) => Buffer.concat([Buffer.from([0x30, honest[1]! - 1]), contents(honest)]),
  'a length of gigabytes': ({ honest }) => Buffer.concat([hex('3084ffffffff'), contents(honest)]),
  'a NULL inside': ({ honest }) => tlv(0x30, contents(honest), hex('0500')),
  'a NULL behind': ({ honest }) => Buffer.concat([honest, hex('0500')]),
  'zeros behind': ({ honest }) => Buffer.concat([honest, Buffer.alloc(2)]),
  'in a list of its own': ({ honest }) => tlv(0x30, honest),
  twice: ({ honest }) => Buffer.concat([honest, honest]),
  'a set': ({ honest }) => tlv(0x31, contents(honest)),
  'a constructed number': numbers((r, s) => tlv(0x30, tlv(0x22, integer(r)), integer(s))),
  'an octet string for r': numbers((r, s) => tlv(0x30, tlv(0x04, bytesOf(r, 32)), integer(s))),
  'a truth for s': numbers(r => tlv(0x30, integer(r), hex('0101ff'))),
  'r alone': numbers(r => tlv(0x30, integer(r))),
  'three numbers': numbers((r, s) => tlv(0x30, integer(r), integer(s), integer(s))),
  'an empty list': () => hex('3000'),
  'r and s side by side (IEEE P1363)': numbers((r, s) => Buffer.concat([bytesOf(r, 32), bytesOf(s, 32)])),
  'over another hash': ({ data, privateKey }) => sign('sha512', data, privateKey),
  'over the hash of the hash': ({ data, privateKey }) =>
    sign('sha256', createHash('sha256').update(data).digest(), privateKey),
  'over nothing': ({ privateKey }) => sign('sha256', Buffer.alloc(0), privateKey)
}

// Ed25519, RFC 8032 §5.1: 32 bytes of R, then S, the lowest byte first.
const groupOrder = (1n << 252n) + 27742317777372353535851937790883648493n
const little = (value: bigint) => bytesOf(value, 32).reverse()
const scalar =
  (change: (s: bigint) => bigint) =>
  ({ honest }: Made) =>
    Buffer.concat([honest.subarray(0, 32), little(change(numberOf(Buffer.from(honest.subarray(32)).reverse())))])
const point =
  (bytes: Buffer) =>
  ({ honest }: Made) =>
    Buffer.concat([bytes, honest.subarray(32)])

const eddsa: Forms = {
  'S + L': scalar(s => s + groupOrder),
  'S + 8 L': scalar(s => s + groupOrder * 8n),
  'S + 15 L': scalar(s => s + groupOrder * 15n),
  'L - S': scalar(s => groupOrder - s),
  'S = 0': scalar(() => 0n),
  'S = 1': scalar(() => 1n),
  'S = L': scalar(() => groupOrder),
  'S of ones': scalar(() => (1n << 256n) - 1n),
  'the highest bit of S': scalar(s => s | (1n << 255n)),
  'R = 0': point(Buffer.alloc(32)),
  'R = the neutral point': point(little(1n)),
  'R = the neutral point, written otherwise': point(little(1n | (1n << 255n))),
  'R of order two': point(little((1n << 255n) - 20n)),
  'R not below p': point(little((1n << 255n) - 19n)),
  'R of ones': point(Buffer.alloc(32, 0xff)),
  'the sign of R': ({ honest }) => {
    const bytes = Buffer.from(honest)
    bytes[31]! ^= 0x80
    return bytes
  },
  'R = 0 and S = 0': () => Buffer.alloc(64),
  'the neutral point and S = 0': () => Buffer.concat([little(1n), Buffer.alloc(32)]),
  'S before R': ({ honest }) => Buffer.concat([honest.subarray(32), honest.subarray(0, 32)]),
  'R alone': ({ honest }) => honest.subarray(0, 32),
  'a zero before': ({ honest }) => Buffer.concat([Buffer.alloc(1), honest]),
  'a zero behind': ({ honest }) => Buffer.concat([honest, Buffer.alloc(1)]),
  twice: ({ honest }) => Buffer.concat([honest, honest]),
  'over the hash': ({ data, privateKey }) => sign(null, createHash('sha512').update(data).digest(), privateKey),
  'over nothing': ({ privateKey }) => sign(null, Buffer.alloc(0), privateKey)
}

// RSASSA-PKCS1-v1_5 with 2,048 bits, RFC 8017 §9.2: 00 01 FF … FF 00 DigestInfo.
const size = 256
const infos = {
  sha256: '3031300d060960864801650304020105000420',
  sha512: '3051300d060960864801650304020305000440',
  sha1: '3021300906052b0e03021a05000414',
  md5: '3020300c06082a864886f70d020505000410'
}
const digest = (name: string, data: Buffer) => createHash(name).update(data).digest()
/** A signature whose encoded message is this, filled up with FF. */
const encoded =
  (make: (data: Buffer) => Buffer, { start = hex('0001'), end = hex('00'), fill = 0xff, behind = 0 } = {}) =>
  ({ data, privateKey }: Made) => {
    const info = make(data)
    const padding = Buffer.alloc(size - start.length - end.length - info.length - behind, fill)
    const message = Buffer.concat([start, padding, end, info, Buffer.alloc(behind, 0x2a)])
    return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, message)
  }
const right = (data: Buffer) => Buffer.concat([hex(infos.sha256), digest('sha256', data)])
const modulus = ({ publicKey }: Made) => numberOf(Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url'))

const rs256: Forms = {
  'another hash, said so: SHA-1': encoded(data => Buffer.concat([hex(infos.sha1), digest('sha1', data)])),
  'another hash, said so: MD5': encoded(data => Buffer.concat([hex(infos.md5), digest('md5', data)])),
  'another hash, said so: SHA-512': encoded(data => Buffer.concat([hex(infos.sha512), digest('sha512', data)])),
  'the hash alone': encoded(data => digest('sha256', data)),
  'the data where the hash belongs': encoded(data => Buffer.concat([hex(infos.sha256), data.subarray(0, 32)])),
  'no hash': encoded(() => hex(infos.sha256)),
  'a hash that is too short': encoded(data => right(data).subarray(0, -1)),
  'a hash that is too long': encoded(data => Buffer.concat([right(data), Buffer.alloc(1)])),
  'a length of more bytes': encoded(data => Buffer.concat([hex('3081'), right(data).subarray(1)])),
  'no length': encoded(data => Buffer.concat([hex('3080'), right(data).subarray(2), hex('0000')])),
  'parameters that are no NULL': encoded(data =>
    Buffer.concat([hex('3031300d060960864801650304020104000420'), digest('sha256', data)])
  ),
  'parameters with garbage in them': encoded(data =>
    Buffer.concat([hex('3033300f060960864801650304020105022a2a0420'), digest('sha256', data)])
  ),
  'another name for the hash': encoded(data =>
    Buffer.concat([hex('3031300d060960864801650304020205000420'), digest('sha256', data)])
  ),
  'garbage behind a short padding (Bleichenbacher 2006)': encoded(right, { behind: 190 }),
  'one byte behind': encoded(right, { behind: 1 }),
  'padding of zeros': encoded(right, { fill: 0 }),
  'padding of FE': encoded(right, { fill: 0xfe }),
  'no padding to speak of': encoded(right, { start: hex('0001ff00'), behind: 150 }),
  'no zero behind the padding': encoded(right, { end: Buffer.alloc(0) }),
  'block type 0': encoded(right, { start: hex('0000') }),
  'block type 2': encoded(right, { start: hex('0002') }),
  'a first byte': encoded(right, { start: hex('0101') }),
  's = 0': () => Buffer.alloc(size),
  's = 1': () => bytesOf(1n, size),
  's = n - 1': made => bytesOf(modulus(made) - 1n, size),
  's = n': made => bytesOf(modulus(made), size),
  's + n': made => bytesOf(numberOf(made.honest) + modulus(made), size + 1),
  'n - s': made => bytesOf(modulus(made) - numberOf(made.honest), size),
  'a zero before': ({ honest }) => Buffer.concat([Buffer.alloc(1), honest]),
  'a zero behind': ({ honest }) => Buffer.concat([honest, Buffer.alloc(1)]),
  'half of it': ({ honest }) => honest.subarray(0, size / 2),
  PSS: ({ data, privateKey }) => sign('sha256', data, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }),
  'over the hash': ({ data, privateKey }) => sign('sha256', digest('sha256', data), privateKey),
  'over nothing': ({ privateKey }) => sign('sha256', Buffer.alloc(0), privateKey)
}

/** None of these is a signature of the message. */
export const forgeries = { ES256: es256, EdDSA: eddsa, RS256: rs256 } as const

/** These are valid too, by the mathematics or by the standard. A new signature proves nothing. */
export const equals: Readonly<Record<keyof typeof forgeries, Forms>> = {
  ES256: {
    'n - s': numbers((r, s) => pair(r, order - s)),
    'made again': ({ data, privateKey }) => sign('sha256', data, privateKey)
  },
  EdDSA: { 'made again': ({ data, privateKey }) => sign(null, data, privateKey) },
  RS256: { 'made by hand': encoded(right) }
}
