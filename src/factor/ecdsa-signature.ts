/** Strict encoding of ECDSA signatures (RFC 3279 §2.2.3, X.690 §10). The library accepts others, so one signature would have many (THREATS W15). */

/** `SEQUENCE { INTEGER r, INTEGER s }` in its shortest form. */
export function isStrictEcdsaSignature(bytes: Uint8Array): boolean {
  const sequence = readElement(bytes, 0, 0x30)
  if (sequence === null || sequence.end !== bytes.length) return false
  const r = readElement(bytes, sequence.start, 0x02)
  const s = r === null ? null : readElement(bytes, r.end, 0x02)
  return r !== null && s !== null && s.end === bytes.length && [r, s].every(part => isPositive(bytes, part))
}

interface Element {
  readonly start: number
  readonly end: number
}

function readElement(bytes: Uint8Array, at: number, tag: number): Element | null {
  const short = bytes[at + 1]
  if (bytes[at] !== tag || short === undefined) return null
  // Only P-521 signatures need a length byte.
  const isLong = short === 0x81
  const length = isLong ? bytes[at + 2] : short
  if (length === undefined || (isLong ? length < 0x80 : length >= 0x80)) return null
  const start = at + (isLong ? 3 : 2)
  return start + length <= bytes.length ? { start, end: start + length } : null
}

function isPositive(bytes: Uint8Array, { start, end }: Element): boolean {
  const [first, second] = bytes.subarray(start, end)
  if (first === undefined || first >= 0x80) return false
  // A leading zero may stand only before a negative number; zero is no signature.
  return first !== 0 || (second !== undefined && second >= 0x80)
}
