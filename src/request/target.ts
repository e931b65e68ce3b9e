/**
 * The one reading of the request line (HOUSE rule 1). Owns what may stand in a request target and what its path may mean; refuses
 * everything that is not origin-form, and every path that hides a control byte. Nothing downstream looks at `req.url` again.
 */
import { readingsOf } from './readings.ts'

export interface Target {
  /** The bytes received, which are the bytes forwarded. */
  readonly raw: string
  /** The bytes before the first '?'. */
  readonly path: string
  /** The first '?' and what follows it, or ''. */
  readonly query: string
  /** Every plausible reading of the path as a byte string; the literal one comes first. */
  readonly readings: readonly string[]
}

const refused = 0
const plain = 1
const questionMark = 2
/** Always more than one reading. */
const odd = 3
/** More than one reading, depending on the next byte. */
const slash = 4
const dot = 5
const colon = 6

const classes = new Uint8Array(256).fill(plain)
classes.fill(refused, 0x00, 0x21)
classes[0x7f] = refused
classes[0x23] = refused // '#': some servers cut there, others do not (CVE-2026-41059)
classes.fill(odd, 0x80)
for (const byte of '%;\\') classes[byte.charCodeAt(0)] = odd
classes[0x3f] = questionMark
classes[0x2f] = slash
classes[0x2e] = dot
classes[0x3a] = colon

/**
 * The target of a request line, or null when it has to be answered 400: not origin-form (RFC 9112 §3.2.1), a raw '#', a control
 * byte in any encoding, or more readings than anybody honest needs. Ordinary paths cost one pass over their bytes.
 */
export function parseTarget(raw: string): Target | null {
  if (raw.charCodeAt(0) !== 0x2f) return null
  const length = raw.length
  let pathEnd = length
  let isOdd = false
  for (let i = 0; i < length; i++) {
    const code = raw.charCodeAt(i)
    if (code > 0xff) return null
    const kind = classes[code]
    if (kind === plain) continue
    if (kind === refused) return null
    if (pathEnd !== length) continue
    if (kind === questionMark) pathEnd = i
    else if (kind === odd) isOdd = true
    else if (!isOdd) isOdd = isOddBefore(kind!, i + 1 < length ? raw.charCodeAt(i + 1) : -1)
  }
  const path = pathEnd === length ? raw : raw.slice(0, pathEnd)
  const readings = isOdd ? readingsOf(path) : [path]
  return readings && { raw, path, query: pathEnd === length ? '' : raw.slice(pathEnd), readings }
}

/** `//`, a dot that ends a segment (dot segments among them), and `:$` of an NTFS stream have a second reading; `/.well-known` has not. */
function isOddBefore(kind: number, next: number): boolean {
  if (kind === slash) return next === 0x2f
  if (kind === dot) return next === 0x2f || next === 0x3f || next === -1
  return kind === colon && next === 0x24
}
