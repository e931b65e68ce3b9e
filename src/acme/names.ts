/** DNS names and addresses, as ACME and TLS write them. */
import { isIP } from 'node:net'

interface Identifier {
  readonly type: 'dns' | 'ip'
  readonly value: string
}

/** RFC 8555 §9.7.7 and RFC 8738 §3. */
export function identifierOf(name: string): Identifier {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name }
}

export function certificateName(hostname: string): string {
  return hostname.toLowerCase().replaceAll(/[[\]]/g, '').replace(/\.$/, '')
}

export function certificateNames(sites: readonly { readonly secure: boolean; readonly hostname: string }[]): string[] {
  return [...new Set(sites.filter(({ secure }) => secure).map(({ hostname }) => certificateName(hostname)))]
}

export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  // The URL parser writes the address in its shortest form, and its last four bytes in hex.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = text.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0')
  return Buffer.from(
    [...first, ...zeros, ...last].flatMap(group => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff])
  )
}

/** For an address, the authority asks for the name of its reverse mapping (RFC 8738 §6). */
export function challengeServerName(name: string): string {
  const kind = isIP(name)
  if (kind === 0) return name
  if (kind === 4) return `${name.split('.').reverse().join('.')}.in-addr.arpa`
  return `${[...addressBytes(name).toString('hex')].reverse().join('.')}.ip6.arpa`
}
