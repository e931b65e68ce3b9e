/** Percent decoding in the ways of various servers. */
import { toBytes } from './utf8.ts'

const slash = 1
const backslash = 2
/** decodeURI keeps these encoded. */
const reserved = 4
/** RFC 3986 §2.3. */
const unreserved = 8
const rest = 16

const kinds = new Uint8Array(256).fill(rest)
kinds[0x2f] = slash
kinds[0x5c] = backslash
for (const char of ';?:@&=+$,#') kinds[char.charCodeAt(0)] = reserved
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~')
  kinds[char.charCodeAt(0)] = unreserved

const decoders = [
  slash | backslash | reserved | unreserved | rest,
  // Apache's `AllowEncodedSlashes NoDecode`, and Gitea.
  reserved | unreserved | rest,
  // decodeURI and the routers built on it.
  backslash | unreserved | rest,
  // Proxies that normalise by RFC 3986 §6.2.2.2.
  unreserved
]

/** After one pass of each decoder (`%%32%65` becomes `%2e`). */
export function decodings(path: string): readonly string[] {
  let present = 0
  for (let at = path.indexOf('%'); at >= 0; at = path.indexOf('%', at + 1)) {
    const byte = escapedByte(path, at)
    if (byte >= 0) present |= kinds[byte]!
  }
  if (present === 0) return []
  return [...new Set(decoders.map(wanted => wanted & present))].map(wanted => decode(path, wanted))
}

function decode(path: string, wanted: number): string {
  let decoded = ''
  let from = 0
  for (let at = path.indexOf('%'); at >= 0; at = path.indexOf('%', at)) {
    const byte = escapedByte(path, at)
    if (byte < 0 || (kinds[byte]! & wanted) === 0) {
      at++
      continue
    }
    decoded += path.slice(from, at) + String.fromCharCode(byte)
    at += 3
    from = at
  }
  return decoded + path.slice(from)
}

export function escapedByte(path: string, at: number): number {
  const high = hexDigit(path.charCodeAt(at + 1))
  const low = hexDigit(path.charCodeAt(at + 2))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** `%uXXXX`, as IIS decodes it. */
export function decodeU(path: string): string {
  if (!/%u/i.test(path)) return path
  return path.replace(/%u([0-9A-F]{4})/gi, (_, hex: string) => toBytes(String.fromCharCode(Number.parseInt(hex, 16))))
}

/** Some servers decode digits beyond F (`%qf` is AF). No control bytes result, otherwise a stray '%' would refuse a path. */
export function decodeSloppily(path: string): string {
  if (!path.includes('%')) return path
  return path.replace(/%(?![0-9A-Fa-f]{2})([0-9A-Za-z])([0-9A-Za-z])/g, (triplet, high: string, low: string) => {
    const byte = (naiveDigit(high) * 16 + naiveDigit(low)) & 0xff
    return byte < 0x20 || byte === 0x7f ? triplet : String.fromCharCode(byte)
  })
}

function naiveDigit(char: string): number {
  return char <= '9' ? char.charCodeAt(0) - 0x30 : (char.charCodeAt(0) & 0xdf) - 0x41 + 10
}
