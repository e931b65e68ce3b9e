/** Complete revocation lists of one authority (RFC 5280 §5). Deltas, partial lists and indirect lists do not count. */
import type { X509Certificate } from 'node:crypto'
import {
  bitsOf,
  childrenOf,
  type Der,
  DerError,
  expectTag,
  readDer,
  type Span,
  serialIn,
  spanAt,
  tags,
  timeOf
} from './der.ts'
import { extensionsIn, fieldsOf, maySignLists, oids } from './fields.ts'
import { isSignedBy } from './signature.ts'

/** The tolerated difference between clocks. */
const skewMs = 5 * 60_000

export class RevocationList {
  readonly #issuer: Buffer
  readonly #serials = new Set<string>()
  readonly #from: number
  /** The end of the list, in milliseconds since the epoch. */
  readonly until: number
  readonly #tbs: Der
  readonly #algorithm: Der
  readonly #signature: Buffer
  /** Caches the signature check for each certificate of the authority. */
  readonly #signers = new Map<string, boolean>()

  /** Throws DerError for anything but a list that counts. */
  constructor(der: Buffer) {
    const [tbs, algorithm, signature] = childrenOf(readDer(der, tags.sequence))
    this.#tbs = expectTag(tbs, tags.sequence)
    this.#algorithm = expectTag(algorithm, tags.sequence)
    this.#signature = bitsOf(signature)
    const parts = childrenOf(this.#tbs)
    if (parts[0]?.tag === tags.integer) parts.shift()
    const [, issuer, from, ...more] = parts
    this.#issuer = expectTag(issuer, tags.sequence).raw
    this.#from = timeOf(from)
    const [until, ...rest] = more
    if (until?.tag !== tags.utcTime && until?.tag !== tags.time)
      throw new DerError('does not say until when it holds (nextUpdate)')
    this.until = timeOf(until)
    const [revoked] = rest
    if (revoked?.tag === tags.sequence) this.#read(revoked)
    const extensions = rest.find(({ tag }) => tag === 0xa0)
    if (extensions !== undefined) refuseParts(extensionsIn(extensions))
  }

  #read({ content }: Der): void {
    for (let at = 0; at < content.length; ) {
      const entry = spanAt(content, at, content.length)
      const serial = spanAt(content, entry.start, entry.end)
      if (entry.tag !== tags.sequence || serial.tag !== tags.integer)
        throw new DerError('has an entry without a number')
      this.#serials.add(serialIn(content, serial.start, serial.end))
      const date = spanAt(content, serial.end, entry.end)
      if (date.end < entry.end && hasCritical(content, spanAt(content, date.end, entry.end)))
        throw new DerError('has an entry with a critical extension')
      at = entry.end
    }
  }

  /** True if this authority has signed the list. */
  isBy(authority: X509Certificate): boolean {
    if (!fieldsOf(authority).subject.raw.equals(this.#issuer)) return false
    const known = this.#signers.get(authority.fingerprint256)
    if (known !== undefined) return known
    const isSigned =
      maySignLists(authority) && isSignedBy(authority.publicKey, this.#algorithm, this.#tbs.raw, this.#signature)
    this.#signers.set(authority.fingerprint256, isSigned)
    return isSigned
  }

  isCurrent(now: number): boolean {
    return this.#from - skewMs <= now && now < this.until
  }

  holds(certificate: X509Certificate): boolean {
    return this.#serials.has(fieldsOf(certificate).serial)
  }
}

/** True if an extension is critical, such as certificateIssuer: the list then speaks for other authorities too. */
function hasCritical(bytes: Buffer, list: Span): boolean {
  for (let at = list.start; at < list.end; ) {
    const extension = spanAt(bytes, at, list.end)
    const id = spanAt(bytes, extension.start, extension.end)
    const next = spanAt(bytes, id.end, extension.end)
    if (next.tag === tags.boolean && bytes[next.start] !== 0) return true
    at = extension.end
  }
  return false
}

/** RFC 5280 §5.2: deltas, partial lists and unknown extensions are critical. A distribution point alone takes nothing away. */
function refuseParts(extensions: ReturnType<typeof extensionsIn>): void {
  for (const [oid, { isCritical, value }] of extensions) {
    const isWhole = oid === oids.issuingDistributionPoint && childrenOf(readDer(value)).every(({ tag }) => tag === 0xa0)
    if (isCritical && !isWhole) throw new DerError(`is no whole list: it has the critical extension ${oid}`)
  }
}

/** The lists in a file: one or several in PEM, or one in DER. Throws DerError. */
export function readLists(bytes: Buffer): RevocationList[] {
  if (bytes[0] === tags.sequence) return [new RevocationList(bytes)]
  const blocks = [...bytes.toString('latin1').matchAll(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g)]
  if (blocks.length === 0) throw new DerError('holds no revocation list')
  return blocks.map(([, text = '']) => new RevocationList(Buffer.from(text, 'base64')))
}
