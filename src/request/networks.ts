/** Networks in CIDR notation. */
import { type Address, parseAddress, v4Text, v6Text } from './address.ts'

export interface Networks {
  contains(address: string): boolean
}

export class NetworkError extends Error {
  override readonly name = 'NetworkError'
}

/** Throws NetworkError for anything but networks and addresses, such as a number of hops (GHSA-3m5p-2c4r-xxw2). */
export function parseNetworks(cidrs: readonly string[]): Networks {
  const networks = cidrs.map(readNetwork)
  if (networks.length === 0) return { contains: () => false }
  return {
    contains(text) {
      const address = parseAddress(text)
      return address !== null && networks.some(network => holds(network, address))
    }
  }
}

export interface Network {
  readonly address: Address
  readonly bits: number
}

type NetworkFault = { readonly fault: 'address' | 'mapped' } | { readonly fault: 'prefix'; readonly most: 32 | 128 }

/** Refuses zone ids. */
export function parseNetwork(text: string): Network | NetworkFault {
  const [base = '', length, ...more] = text.split('/')
  const address = /^[0-9A-Fa-f:.]+$/.test(base) ? parseAddress(base) : null
  if (address === null || more.length > 0) return { fault: 'address' }
  const isMapped = address.family === 4 && base.includes(':')
  const most = address.family === 4 && !isMapped ? 32 : 128
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN
  if (!(bits <= most)) return { fault: 'prefix', most }
  if (isMapped && bits < 96) return { fault: 'mapped' }
  return { address, bits: isMapped ? bits - 96 : bits }
}

/** Null where the text names the first address. */
export function firstAddress({ address, bits }: Network): string | null {
  if (address.family === 4) {
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0
    const first = (address.value & mask) >>> 0
    if (first === address.value >>> 0) return null
    return v4Text(first)
  }
  const groups = address.groups.map((group, i) => group & (0xffff << Math.min(16, Math.max(0, 16 * (i + 1) - bits))))
  return groups.every((group, i) => group === address.groups[i]) ? null : v6Text(groups)
}

export function networkCovers(wide: Network, narrow: Network): boolean {
  return wide.bits <= narrow.bits && holds(wide, narrow.address)
}

export function networksMeet(one: Network, other: Network): boolean {
  return networkCovers(one, other) || networkCovers(other, one)
}

/** Such traffic never leaves the machine. */
export function isLoopback(hostname: string): boolean {
  return /^(.+\.)?localhost$/.test(hostname) || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === '[::1]'
}

function readNetwork(text: string): Network {
  const network = typeof text === 'string' ? parseNetwork(text) : null
  if (network === null || 'fault' in network)
    throw new NetworkError(`must be an address or a network such as 10.0.0.0/8 or 2001:db8::/32, got '${text}'`)
  return network
}

function holds({ address: base, bits }: Network, address: Address): boolean {
  if (base.family === 4)
    return address.family === 4 && (bits === 0 || (base.value ^ address.value) >>> (32 - bits) === 0)
  if (address.family !== 6) return false
  for (let i = 0, left = bits; left > 0; i++, left -= 16)
    if ((base.groups[i]! ^ address.groups[i]!) >>> Math.max(0, 16 - left) !== 0) return false
  return true
}
