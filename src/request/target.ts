/** The only parser of the request target. */
import { readingsOf } from './readings.ts'

export interface Target {
  readonly raw: string
  readonly path: string
  /** It begins with '?', or is ''. */
  readonly query: string
  /** The literal one comes first. */
  readonly readings: readonly string[]
}

const refused = 0
const plain = 1
const questionMark = 2
/** Such a byte always gives the path several readings. */
const odd = 3
/** These may give the path several readings, depending on the next byte. */
const slash = 4
const dot = 5
const colon = 6

const classes = new Uint8Array(256).fill(plain)
classes.fill(refused, 0x00, 0x21)
classes[0x7f] = refused
classes[0x23] = refused // '#': only some servers cut there (CVE-2026-41059)
classes.fill(odd, 0x80)
for (const byte of '%;\\') classes[byte.charCodeAt(0)] = odd
classes[0x3f] = questionMark
classes[0x2f] = slash
classes[0x2e] = dot
classes[0x3a] = colon

/** Null (400) unless the target is in origin-form (RFC 9112 §3.2.1), without a raw '#', control bytes and too many readings. */
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

/** `//`, a dot at the end of a name and `:$` (NTFS) give a second reading; `/.well-known` does not. */
function isOddBefore(kind: number, next: number): boolean {
  if (kind === slash) return next === 0x2f
  if (kind === dot) return next === 0x2f || next === 0x3f || next === -1
  return kind === colon && next === 0x24
}
