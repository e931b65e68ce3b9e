/**
 * The networks an address lies in, from its own to its provider's. Owns how far each of them reaches, so that a throttle, the line for hashes
 * and the journal mean the same place; an address that cannot be read lies in one network with all its like.
 */
import { parseAddress } from './address.ts'

/** Where an address that cannot be read comes from. */
export const unknownNetwork = 'unknown'

/** For IPv4 the first three are one and the same: the address. */
export interface NetworkLevels {
  /** What one household has: an IPv4 address, or an IPv6 /64. */
  readonly network: string
  /** What many providers give one customer: an IPv6 /56. */
  readonly customer: string
  /** What anybody has for the asking: an IPv6 /48, which holds 65,536 networks of a household. */
  readonly site: string
  /** What one provider has, or a good part of it: an IPv4 /24, an IPv6 /32. */
  readonly provider: string
  /** What lies close together: an IPv4 /16, an IPv6 /32. */
  readonly region: string
}

/** The networks of an address, also of one inside IPv6 (`::ffff:192.0.2.1`) or with a zone. */
export function networkLevels(address: string): NetworkLevels {
  const parsed = parseAddress(address)
  if (parsed === null) return every(unknownNetwork)
  if (parsed.family === 4) {
    const bytes = parsed.text.split('.')
    return {
      ...every(parsed.text),
      provider: `${bytes.slice(0, 3).join('.')}.0/24`,
      region: `${bytes.slice(0, 2).join('.')}.0.0/16`
    }
  }
  const groups = parsed.groups.map(group => group.toString(16))
  const prefix = (bits: number) => `${groups.slice(0, bits / 16).join(':')}::/${bits}`
  const customer = ((parsed.groups[3] as number) & 0xff00).toString(16)
  return {
    network: prefix(64),
    customer: `${groups.slice(0, 3).join(':')}:${customer}::/56`,
    site: prefix(48),
    provider: prefix(32),
    region: prefix(32)
  }
}

function every(network: string): NetworkLevels {
  return { network, customer: network, site: network, provider: network, region: network }
}
