/** Fields of a certificate that Node's X509Certificate does not show, or only as text (RFC 5280 §4.1). */
import type { X509Certificate } from 'node:crypto'
import { bitsOf, childrenOf, type Der, DerError, expectTag, oidOf, readDer, serialOf, tags } from './der.ts'

interface CertificateFields {
  readonly serial: string
  readonly serialRaw: Buffer
  /** The DER bytes, for comparison. */
  readonly issuer: Buffer
  readonly subject: Der
  /** OCSP hashes these. */
  readonly publicKeyBits: Buffer
  readonly extensions: ReadonlyMap<string, Extension>
}

interface Extension {
  readonly isCritical: boolean
  readonly value: Buffer
}

export const oids = {
  commonName: '2.5.4.3',
  userId: '0.9.2342.19200300.100.1.1',
  emailAddress: '1.2.840.113549.1.9.1',
  upn: '1.3.6.1.4.1.311.20.2.3',
  subjectAltName: '2.5.29.17',
  keyUsage: '2.5.29.15',
  authorityInfo: '1.3.6.1.5.5.7.1.1',
  ocsp: '1.3.6.1.5.5.7.48.1',
  ocspBasic: '1.3.6.1.5.5.7.48.1.1',
  ocspNonce: '1.3.6.1.5.5.7.48.1.2',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  issuingDistributionPoint: '2.5.29.28'
} as const

const read = new WeakMap<X509Certificate, CertificateFields>()

/** Throws DerError. */
export function fieldsOf(certificate: X509Certificate): CertificateFields {
  const known = read.get(certificate)
  if (known !== undefined) return known
  const [tbs] = childrenOf(readDer(certificate.raw, tags.sequence))
  const all = childrenOf(expectTag(tbs, tags.sequence))
  const [serial, , issuer, , subject, publicKey, ...more] = all[0]?.tag === 0xa0 ? all.slice(1) : all
  const extensions = more.find(({ tag }) => tag === 0xa3)
  const fields = {
    serial: serialOf(serial),
    serialRaw: expectTag(serial, tags.integer).raw,
    issuer: expectTag(issuer, tags.sequence).raw,
    subject: expectTag(subject, tags.sequence),
    publicKeyBits: bitsOf(childrenOf(expectTag(publicKey, tags.sequence))[1]),
    extensions: extensions === undefined ? new Map() : extensionsIn(extensions)
  }
  read.set(certificate, fields)
  return fields
}

/** Throws DerError, also for a duplicate (RFC 5280 §4.2). */
export function extensionsIn(explicit: Der): Map<string, Extension> {
  const [list] = childrenOf(explicit)
  const extensions = new Map<string, Extension>()
  for (const each of childrenOf(expectTag(list, tags.sequence))) {
    const [id, ...rest] = childrenOf(expectTag(each, tags.sequence))
    const oid = oidOf(id)
    if (extensions.has(oid)) throw new DerError(`has the extension ${oid} twice`)
    const isCritical = rest[0]?.tag === tags.boolean && rest[0].content[0] !== 0
    extensions.set(oid, { isCritical, value: expectTag(rest.at(-1), tags.octets).content })
  }
  return extensions
}

/** The key usage decides (RFC 5280 §4.2.1.3). Throws DerError. */
export function maySignLists(certificate: X509Certificate): boolean {
  const usage = fieldsOf(certificate).extensions.get(oids.keyUsage)
  if (usage === undefined) return true
  const { content } = readDer(usage.value, tags.bits)
  return ((content[1] ?? 0) & 0x02) !== 0
}

/** Throws DerError. */
export function ocspAddresses(certificate: X509Certificate): string[] {
  const info = fieldsOf(certificate).extensions.get(oids.authorityInfo)
  if (info === undefined) return []
  return childrenOf(readDer(info.value, tags.sequence)).flatMap(description => {
    const [method, location] = childrenOf(expectTag(description, tags.sequence))
    // [6] is a uniformResourceIdentifier.
    return oidOf(method) === oids.ocsp && location?.tag === 0x86 ? [location.content.toString('latin1')] : []
  })
}
