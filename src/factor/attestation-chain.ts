/** Certificate chains of attestation statements (RFC 5280 §6.1, as far as attestation needs it). */
import { X509Certificate } from 'node:crypto'

export interface TrustAnchor {
  readonly certificate: X509Certificate
  /** SHA-256 of the certificate, base64url. */
  readonly id: string
}

const maxChainLength = 8

/** Throws for an unreadable certificate. */
export function trustAnchors(pem: string): TrustAnchor[] {
  const blocks = pem.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [^-]+-----/g) ?? []
  return blocks.map(block => {
    const certificate = new X509Certificate(block)
    const id = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
    return { certificate, id }
  })
}

/**
 * The anchor that vouches for the first certificate of `chain` (DER, the leaf first), or null. Each certificate must be issued by the next
 * and valid at `now` (milliseconds); all but the leaf must be authorities. The leaf itself may be an anchor. Revocation is not checked,
 * since anybody may have sent a certificate, with any address of a list.
 */
export function anchorOf(
  chain: readonly Uint8Array[],
  anchors: readonly TrustAnchor[],
  now: number
): TrustAnchor | null {
  if (chain.length === 0 || chain.length > maxChainLength) return null
  try {
    return follow(
      chain.map(der => new X509Certificate(der)),
      anchors,
      now
    )
  } catch {
    return null
  }
}

function follow(chain: readonly X509Certificate[], anchors: readonly TrustAnchor[], now: number): TrustAnchor | null {
  for (const [i, certificate] of chain.entries()) {
    if (!isValidAt(certificate, now) || (i > 0 && !issued(chain[i - 1]!, certificate))) return null
    const anchor = anchors.find(
      ({ certificate: trusted }) =>
        trusted.raw.equals(certificate.raw) || (isValidAt(trusted, now) && issued(certificate, trusted))
    )
    if (anchor !== undefined) return anchor
  }
  return null
}

function issued(subject: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey)
}

function isValidAt({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo)
}
