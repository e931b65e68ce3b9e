/** Parses PROXY protocol headers, versions 1 and 2. */
import { isIPv4, isIPv6 } from 'node:net'
import { parseAddress } from './address.ts'
import { crc32c } from './crc32c.ts'

/** `balancer`: it speaks for itself, as in a health check. `unknown`: it cannot name the client's address. */
export type Source = { readonly address: string; readonly port: number } | 'balancer' | 'unknown'

type ProxyHeader =
  | { readonly kind: 'header'; readonly length: number; readonly source: Source }
  | { readonly kind: 'more' }
  /** `why` completes "the header …". */
  | { readonly kind: 'wrong'; readonly why: string }

/** A line of version 1 at most. */
const maxLineLength = 107
/** At most so many bytes follow the fixed part of version 2. Balancers send less than 600, with a client certificate some more. */
export const maxBlockLength = 4096
const fixedPart = 16
const wordV1 = Buffer.from('PROXY ', 'latin1')
const signatureV2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const more: ProxyHeader = { kind: 'more' }

export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (begins(bytes, signatureV2)) return bytes.length < fixedPart ? more : readV2(bytes)
  if (begins(bytes, wordV1)) return readV1(bytes)
  return wrong('is missing')
}

function begins(bytes: Buffer, expected: Buffer): boolean {
  const length = Math.min(bytes.length, expected.length)
  return bytes.compare(expected, 0, length, 0, length) === 0
}

const unknownV1 = /^PROXY UNKNOWN(?: [\x20-\x7e]*)?$/
const lineV1 = /^PROXY (TCP4|TCP6) (\S+) (\S+) (\S+) (\S+)$/

function readV1(bytes: Buffer): ProxyHeader {
  const head = bytes.toString('latin1', 0, maxLineLength)
  const end = head.indexOf('\r\n')
  if (end < 0) return bytes.length < maxLineLength ? more : wrong(`has no line end within ${maxLineLength} bytes`)
  const line = head.slice(0, end)
  const length = end + 2
  // The rest of such a line has no meaning.
  if (unknownV1.test(line)) return { kind: 'header', length, source: 'unknown' }
  const [, family, source = '', target = '', port = '', targetPort = ''] = lineV1.exec(line) ?? []
  const isAddress = family === 'TCP4' ? isIPv4 : isPlainIPv6
  if (family === undefined || !isAddress(source) || !isAddress(target) || !isPort(port) || !isPort(targetPort))
    return wrong('is not as version 1 prescribes')
  return { kind: 'header', length, source: { address: canonical(source), port: Number(port) } }
}

function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function isPort(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

function readV2(bytes: Buffer): ProxyHeader {
  const command = bytes[12]
  const transport = bytes[13] as number
  const blockLength = bytes.readUInt16BE(14)
  if (command !== 0x20 && command !== 0x21) return wrong('has a version or a command that does not exist')
  if (blockLength > maxBlockLength) return wrong(`is longer than ${fixedPart + maxBlockLength} bytes`)
  const length = fixedPart + blockLength
  if (bytes.length < length) return more
  const header = (source: Source): ProxyHeader => ({ kind: 'header', length, source })
  // The block of these two has no meaning.
  if (command === 0x20) return header('balancer')
  if (transport === 0x00) return header('unknown')
  const addressLength = addressLengths.get(transport)
  if (addressLength === undefined) return wrong('is about something other than a TCP or Unix connection')
  if (blockLength < addressLength) return wrong('ends within its addresses')
  const problem = extensionProblem(bytes.subarray(0, length), fixedPart + addressLength)
  if (problem !== null) return wrong(problem)
  const block = bytes.subarray(fixedPart, length)
  if (transport === 0x11) return header({ address: block.subarray(0, 4).join('.'), port: block.readUInt16BE(8) })
  if (transport === 0x21) return header({ address: addressOf6(block), port: block.readUInt16BE(32) })
  return header('unknown')
}

/** TCP over IPv4, over IPv6, and Unix streams. */
const addressLengths: ReadonlyMap<number, number> = new Map([
  [0x11, 12],
  [0x21, 36],
  [0x31, 216]
])
const typeOfChecksum = 0x03

/** Extensions (TLVs) are skipped, but their lengths and a checksum must be right. */
function extensionProblem(header: Buffer, begin: number): string | null {
  for (let at = begin; at < header.length; ) {
    if (at + 3 > header.length) return 'ends within an extension'
    const value = at + 3
    const end = value + header.readUInt16BE(at + 1)
    if (end > header.length) return 'ends within an extension'
    if (header[at] === typeOfChecksum) {
      if (end - value !== 4) return 'has a checksum of the wrong length'
      const blank = Buffer.from(header)
      blank.fill(0, value, end)
      if (crc32c(blank) !== header.readUInt32BE(value)) return 'has a wrong checksum'
    }
    at = end
  }
  return null
}

function addressOf6(block: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => block.readUInt16BE(i * 2).toString(16))
  return canonical(groups.join(':'))
}

function canonical(address: string): string {
  return (parseAddress(address) as { text: string }).text
}

function wrong(why: string): ProxyHeader {
  return { kind: 'wrong', why }
}
