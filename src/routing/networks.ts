/** Sets of networks, as rules and trusted proxies name them. Owns CIDR notation; refuses a network that it cannot read. */
import { type Address, parseAddress } from './address.ts'

export interface Networks {
  /** False for whatever is no address. */
  contains(address: string): boolean
}

/** A network that cannot be read. The message names it and what it should look like. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError'
}

/**
 * The set of the given CIDRs and single addresses. Throws NetworkError for anything else: a mere number of trusted hops, for one,
 * trusts whoever adds hops (GHSA-3m5p-2c4r-xxw2).
 */
export function parseNetworks(cidrs: readonly string[]): Networks {
  const networks = cidrs.map(parseNetwork)
  if (networks.length === 0) return { contains: () => false }
  return {
    contains(text) {
      const address = parseAddress(text)
      return address !== null && networks.some(network => holds(network, address))
    }
  }
}

interface Network {
  readonly address: Address
  readonly bits: number
}

const cidr = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/

function parseNetwork(text: string): Network {
  const [, base = '', length] = (typeof text === 'string' && cidr.exec(text)) || []
  const address = parseAddress(base)
  const isMapped = address?.family === 4 && base.includes(':')
  const most = address?.family === 4 && !isMapped ? 32 : 128
  const bits = length === undefined ? most : Number(length)
  if (address === null || bits > most || (isMapped && bits < 96))
    throw new NetworkError(`must be an address or a network such as 10.0.0.0/8 or 2001:db8::/32, got '${text}'`)
  return { address, bits: isMapped ? bits - 96 : bits }
}

function holds({ address: base, bits }: Network, address: Address): boolean {
  if (base.family === 4)
    return address.family === 4 && (bits === 0 || (base.value ^ address.value) >>> (32 - bits) === 0)
  if (address.family !== 6) return false
  for (let i = 0, left = bits; left > 0; i++, left -= 16)
    if ((base.groups[i]! ^ address.groups[i]!) >>> Math.max(0, 16 - left) !== 0) return false
  return true
}
