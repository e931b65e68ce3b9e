/** The networks around an address, from a household to a provider. */
import { parseAddress } from './address.ts'

export const unknownNetwork = 'unknown'

/** The first three of an IPv4 address are equal. */
interface NetworkLevels {
  /** A household: an IPv4 address, or an IPv6 /64. */
  readonly network: string
  /** One customer: an IPv6 /56. */
  readonly customer: string
  /** An IPv6 /48: 65,536 networks, available to anybody. */
  readonly site: string
  /** An IPv4 /24, an IPv6 /32. */
  readonly provider: string
  readonly region: string
}

/** An invalid address is `unknown` at every level. */
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
