/** Checks a certificate before anybody is shown it: an ACME server may lie or err. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { childrenOf, readDer, tags } from '../identity/certificate/der.ts'
import { fieldsOf } from '../identity/certificate/fields.ts'
import { AcmeError, quoted } from './acme-error.ts'
import type { KeyPair } from './x509.ts'

/** Milliseconds since the epoch. */
export interface Life {
  readonly from: number
  readonly to: number
}

const maxCertificates = 10
const serverAuth = '1.3.6.1.5.5.7.3.1'
/** Clocks differ. */
export const toleranceMs = 5 * 60_000

/** Returns the certificate's life. Throws AcmeError unless it fits the key and every name, and is valid now. */
export function checkIssued({ cert, key }: KeyPair, names: readonly string[], now: number): Life {
  const chain = chainIn(cert)
  const leaf = chain[0] as X509Certificate
  if (!leaf.checkPrivateKey(keyIn(key))) throw bad('it is for another key')
  for (const name of names)
    if (!covers(leaf, name)) throw bad(`it is not for ${name} but for ${quoted(leaf.subjectAltName) || 'no name'}`)
  if (leaf.ca) throw bad('it is one of an authority')
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes(serverAuth)) throw bad('it is not for servers')
  const life = lifeOf(leaf)
  if (!(life.to > life.from)) throw bad('it ends before it begins')
  if (life.to <= now)
    throw bad(`it ended on ${new Date(life.to).toISOString()}; if that is in the future, check the clock`)
  if (life.from > now + toleranceMs)
    throw bad(`it begins on ${new Date(life.from).toISOString()} only; if that is in the past, check the clock`)
  chain.forEach((one, at) => {
    const next = chain[at + 1]
    if (next !== undefined && !(one.checkIssued(next) && one.verify(next.publicKey)))
      throw bad('its chain does not fit together')
  })
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    throw bad(`it cannot be used: ${quoted((error as Error).message)}`)
  }
  return life
}

/** A browser takes the certificate for this name. */
export function covers(certificate: X509Certificate, name: string): boolean {
  const found = isIP(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name)
  return found !== undefined
}

export function lifeOf(certificate: X509Certificate): Life {
  return { from: Date.parse(certificate.validFrom), to: Date.parse(certificate.validTo) }
}

/** The server's certificate comes first. Throws AcmeError where the text is anything but certificates. */
function chainIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  const rest = pem.replaceAll(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g, '').trim()
  if (blocks.length === 0 || rest !== '') throw bad('the answer holds no chain of certificates in PEM')
  if (blocks.length > maxCertificates) throw bad(`its chain has ${blocks.length} certificates`)
  try {
    return blocks.map(block => new X509Certificate(block))
  } catch (error) {
    throw bad(`it cannot be read: ${quoted((error as Error).message)}`)
  }
}

/** Throws AcmeError, as for a damaged copy. */
function keyIn(pem: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    throw bad(`its key cannot be read: ${quoted((error as Error).message)}`)
  }
}

function bad(why: string): AcmeError {
  return new AcmeError(`the certificate of the ACME server is refused: ${why}`)
}

/** The name of a certificate for renewal information (RFC 9773 §4.1). Null without its authority's key identifier. */
export function renewalId(pem: string): string | null {
  try {
    const { serialRaw, extensions } = fieldsOf(new X509Certificate(pem))
    const identifier = extensions.get('2.5.29.35')
    if (identifier === undefined) return null
    const keyId = childrenOf(readDer(identifier.value, tags.sequence)).find(({ tag }) => tag === 0x80)
    const serial = readDer(serialRaw, tags.integer).content
    return keyId === undefined ? null : `${keyId.content.toString('base64url')}.${serial.toString('base64url')}`
  } catch {
    return null
  }
}
