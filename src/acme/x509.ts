/** Writes X.509: certificate requests (RFC 2986), and the certificate of a tls-alpn-01 challenge (RFC 8737 §3). */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import { dayMs, hourMs } from '../clock.ts'
import { tags, writeDer } from '../identity/certificate/der.ts'
import { addressBytes } from './names.ts'

/** PEM: a certificate with its chain, and the private key. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/** DER, in base64url. The names stand in `subjectAltName` alone. */
export function certificateRequest(names: readonly string[], key: KeyObject): string {
  const extensions = sequence(extension('2.5.29.17', altNames(names)))
  const attribute = sequence(oid('1.2.840.113549.1.9.14'), writeDer(tags.set, extensions))
  const info = sequence(integer(0), sequence(), publicKeyOf(key), writeDer(0xa0, attribute))
  return signed(info, key).toString('base64url')
}

/** The authority looks for the digest of the key authorization in it. */
export function challengeCertificate(name: string, keyAuthorization: string, now: number): KeyPair {
  const key = newKey()
  const digest = createHash('sha256').update(keyAuthorization).digest()
  const cert = writeCertificate({
    issuer: 'acme challenge',
    subject: 'acme challenge',
    publicKey: publicKeyOf(key),
    signer: key,
    from: now - hourMs,
    to: now + dayMs,
    extensions: [
      extension('2.5.29.17', altNames([name])),
      extension('1.3.6.1.5.5.7.1.31', writeDer(tags.octets, digest), true)
    ]
  })
  return { cert, key: key.export({ type: 'pkcs8', format: 'pem' }) as string }
}

interface CertificateContent {
  readonly issuer: string
  readonly subject: string
  /** A SubjectPublicKeyInfo in DER. */
  readonly publicKey: Buffer
  readonly signer: KeyObject
  /** Milliseconds since the epoch. */
  readonly from: number
  readonly to: number
  readonly extensions: readonly Buffer[]
}

/** PEM, signed with a key on P-256 (RFC 5280 §4.1). */
export function writeCertificate(content: CertificateContent): string {
  const { issuer, subject, publicKey, signer, from, to, extensions } = content
  const body = sequence(
    writeDer(0xa0, integer(2)),
    writeDer(tags.integer, Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(time(from), time(to)),
    nameOf(subject),
    publicKey,
    writeDer(0xa3, sequence(...extensions))
  )
  return pem(signed(body, signer))
}

export function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [writeDer(tags.boolean, Buffer.from([0xff]))] : []
  return sequence(oid(id), ...critical, writeDer(tags.octets, value))
}

function nameOf(commonName: string): Buffer {
  const value = writeDer(tags.utf8, Buffer.from(commonName))
  return sequence(writeDer(tags.set, sequence(oid('2.5.4.3'), value)))
}

function signed(body: Buffer, key: KeyObject): Buffer {
  const signature = sign('sha256', body, key)
  return sequence(body, ecdsaWithSha256, writeDer(tags.bits, Buffer.from([0]), signature))
}

/** RFC 5280 §4.2.1.6: [2] is a DNS name, [7] an address. */
export function altNames(names: readonly string[]): Buffer {
  return sequence(
    ...names.map(name =>
      isIP(name) === 0 ? writeDer(0x82, Buffer.from(name, 'latin1')) : writeDer(0x87, addressBytes(name))
    )
  )
}

export function publicKeyOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return writeDer(tags.sequence, ...parts)
}

function integer(value: number): Buffer {
  return writeDer(tags.integer, Buffer.from([value]))
}

/** Until 2050 a reader expects two digits of the year. */
function time(at: number): Buffer {
  const text = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return text < '2050' ? writeDer(tags.utcTime, Buffer.from(text.slice(2))) : writeDer(tags.time, Buffer.from(text))
}

export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap(part => {
    const groups = [part & 0x7f]
    for (let left = part >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return writeDer(tags.oid, Buffer.from(bytes))
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`
}
