/** The path from a person's certificate to a configured authority (RFC 5280 §6). */
import type { X509Certificate } from 'node:crypto'

/** The limit of a chain, and of the certificates that a client sends. */
const maxChainLength = 8

/** The path from the leaf up to one of `authorities`; null if there is none. `sent`: what the client sent. `now` in milliseconds. */
export function chainOf(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: number
): readonly X509Certificate[] | null {
  const pool = [...authorities, ...sent.slice(0, maxChainLength)].filter(each => each.ca && isInTime(each, now))
  const isConfigured = (each: X509Certificate) => authorities.some(({ raw }) => raw.equals(each.raw))
  // No path leads up from these. A client can send authorities that all vouch for each other; trying every order of them would take
  // minutes.
  const deadEnds = new Set<X509Certificate>()
  const climb = (path: readonly X509Certificate[]): readonly X509Certificate[] | null => {
    const top = path.at(-1)!
    const isNew = (each: X509Certificate) => !deadEnds.has(each) && !path.some(({ raw }) => raw.equals(each.raw))
    if (path.length < maxChainLength)
      for (const issuer of pool.filter(each => isNew(each) && isIssuedBy(top, each))) {
        const way = climb([...path, issuer])
        if (way !== null) return way
      }
    if (path.length > 1 && isConfigured(top)) return path
    deadEnds.add(top)
    return null
  }
  return climb([leaf])
}

/** True if the certificate names `issuer`, and `issuer` has signed it. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
  } catch {
    // Its key is of another type than the signature.
    return false
  }
}

export function isInTime({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now < Date.parse(validTo)
}
