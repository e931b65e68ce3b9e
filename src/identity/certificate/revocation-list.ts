/** Complete revocation lists of one authority (RFC 5280 §5). Deltas, partial lists and indirect lists do not count. */
import type { X509Certificate } from 'node:crypto'
import { bitsOf, childrenOf, type Der, DerError, expectTag, readDer, type Span, spanAt, tags, timeOf } from './der.ts'
import { extensionsIn, fieldsOf, maySignLists, oids } from './fields.ts'
import { isSignedByInThread } from './signature.ts'

/** The tolerated difference between clocks. */
const skewMs = 5 * 60_000

/** What the reading thread hands to the gate: the list's bytes, and a hash table of its serial numbers. */
export interface PackedList {
  readonly der: Uint8Array
  /** Each slot has the place of an INTEGER in `der` plus one, or zero. The length is a power of two. */
  readonly serials: Uint32Array
}

export class RevocationList {
  readonly #issuer: Buffer
  readonly #der: Buffer
  readonly #serials: Uint32Array
  readonly #from: number
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly #tbs: Der
  readonly #algorithm: Der
  readonly #signature: Buffer
  /** Results by the authority's certificate. */
  readonly #signers = new Map<string, Promise<boolean>>()

  /** Takes the same time for any length of the list. */
  constructor({ der, serials }: PackedList) {
    this.#der = Buffer.from(der.buffer, der.byteOffset, der.byteLength)
    this.#serials = serials
    const { tbs, algorithm, signature, issuer, from, until } = partsOf(this.#der)
    this.#tbs = tbs
    this.#algorithm = algorithm
    this.#signature = signature
    this.#issuer = issuer
    this.#from = from
    this.until = until
  }

  async isBy(authority: X509Certificate): Promise<boolean> {
    if (!fieldsOf(authority).subject.raw.equals(this.#issuer)) return false
    const known = this.#signers.get(authority.fingerprint256)
    if (known !== undefined) return known
    const isSigned = maySignLists(authority)
      ? isSignedByInThread(authority.publicKey, this.#algorithm, this.#tbs.raw, this.#signature)
      : Promise.resolve(false)
    this.#signers.set(authority.fingerprint256, isSigned)
    return isSigned
  }

  /** Differs where the list differs. */
  get mark(): string {
    return this.#signature.toString('base64')
  }

  isCurrent(now: number): boolean {
    return this.#from - skewMs <= now && now < this.until
  }

  holds(certificate: X509Certificate): boolean {
    const { serialRaw } = fieldsOf(certificate)
    const { start, end } = spanAt(serialRaw, 0, serialRaw.length)
    return slotOf(this.#der, this.#serials, serialRaw, start, end).isTaken
  }
}

/** Throws DerError. The time grows with the list. */
function packList(der: Buffer): PackedList {
  const { revoked, extensions } = partsOf(der)
  const serials = revoked === null ? new Uint32Array(1) : tableOf(der, revoked)
  if (extensions !== null) refuseParts(extensionsIn(extensions))
  return { der, serials }
}

function partsOf(der: Buffer) {
  const [whole, algorithm, signature] = childrenOf(readDer(der, tags.sequence))
  const tbs = expectTag(whole, tags.sequence)
  const parts = childrenOf(tbs)
  if (parts[0]?.tag === tags.integer) parts.shift()
  const [, issuer, from, until, ...rest] = parts
  if (until?.tag !== tags.utcTime && until?.tag !== tags.time)
    throw new DerError('does not say until when it holds (nextUpdate)')
  return {
    tbs,
    algorithm: expectTag(algorithm, tags.sequence),
    signature: bitsOf(signature),
    issuer: expectTag(issuer, tags.sequence).raw,
    from: timeOf(from),
    until: timeOf(until),
    revoked: rest[0]?.tag === tags.sequence ? rest[0].content : null,
    extensions: rest.find(({ tag }) => tag === 0xa0) ?? null
  }
}

/** A table at most half full. */
function tableOf(der: Buffer, revoked: Buffer): Uint32Array {
  const first = revoked.byteOffset - der.byteOffset
  const last = first + revoked.length
  const places: number[] = []
  for (let at = first; at < last; ) {
    const entry = spanAt(der, at, last)
    const serial = spanAt(der, entry.start, entry.end)
    if (entry.tag !== tags.sequence || serial.tag !== tags.integer) throw new DerError('has an entry without a number')
    const date = spanAt(der, serial.end, entry.end)
    if (date.end < entry.end && hasCritical(der, spanAt(der, date.end, entry.end)))
      throw new DerError('has an entry with a critical extension')
    places.push(entry.start)
    at = entry.end
  }
  const serials = new Uint32Array(2 ** Math.ceil(Math.log2(2 * places.length + 1)))
  for (const place of places) {
    const { start, end } = spanAt(der, place, last)
    serials[slotOf(der, serials, der, start, end).slot] = place + 1
  }
  return serials
}

/** Where this number stands or could stand. Leading zeros do not count. */
function slotOf(der: Buffer, serials: Uint32Array, bytes: Buffer, start: number, end: number) {
  const mask = serials.length - 1
  const from = withoutZeros(bytes, start, end)
  // FNV-1a.
  let hash = 0x811c9dc5
  for (let at = from; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const place = serials[slot]!
    if (place === 0) return { slot, isTaken: false }
    const known = spanAt(der, place - 1, der.length)
    if (der.compare(bytes, from, end, withoutZeros(der, known.start, known.end), known.end) === 0)
      return { slot, isTaken: true }
  }
}

function withoutZeros(bytes: Buffer, start: number, end: number): number {
  let from = start
  while (from < end - 1 && bytes[from] === 0) from++
  return from
}

/** A critical extension, such as certificateIssuer, means that the list speaks for other authorities too. */
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

/** PEM, several one after the other, or one in DER. Throws DerError. */
export function packLists(bytes: Buffer): PackedList[] {
  if (bytes[0] === tags.sequence) return [packList(bytes)]
  const blocks = [...bytes.toString('latin1').matchAll(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g)]
  if (blocks.length === 0) throw new DerError('holds no revocation list')
  return blocks.map(([, text = '']) => packList(Buffer.from(text, 'base64')))
}
