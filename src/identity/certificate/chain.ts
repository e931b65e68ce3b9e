/** The way from a person's certificate up to one of the configured authorities (RFC 5280 §6). */
import type { X509Certificate } from 'node:crypto'

/** Longer chains are not looked at, nor more certificates that the client sends along. */
const longest = 8

/**
 * The person's certificate, then each issuer, as far up as authorities are known; the last one is in `authorities`. Null where no way leads
 * there. `sent`: what the client sent along. `now` in milliseconds.
 */
export function chainOf(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: number
): readonly X509Certificate[] | null {
  const pool = [...authorities, ...sent.slice(0, longest)].filter(each => each.ca && isInTime(each, now))
  const isConfigured = (each: X509Certificate) => authorities.some(({ raw }) => raw.equals(each.raw))
  // From these no way leads up, whatever is below them. A client can send authorities that all vouch for each other: trying every order of them takes minutes.
  const deadEnds = new Set<X509Certificate>()
  const climb = (path: readonly X509Certificate[]): readonly X509Certificate[] | null => {
    const top = path.at(-1)!
    const isNew = (each: X509Certificate) => !deadEnds.has(each) && !path.some(({ raw }) => raw.equals(each.raw))
    if (path.length < longest)
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

/** True where `issuer` is named by the certificate and has signed it. */
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
