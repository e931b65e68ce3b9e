/** The client's address. X-Forwarded-For counts only from listed proxies; a malformed one never throws (CVE-2024-47070). */
import { isIPv4 } from 'node:net'
import { parseAddress } from './address.ts'
import { parseNetworks } from './networks.ts'

export interface Client {
  /** The nearest address that is no trusted proxy. */
  readonly address: string
  readonly peer: string
  readonly viaTrustedProxy: boolean
}

/** A closed socket has this address, which is in no network. */
const unknownAddress = 'unknown'
const maxHops = 32

/** `trustedProxies` are CIDRs. Throws NetworkError. */
export function makeClientReader(
  trustedProxies: readonly string[]
): (peer: string, forwardedFor: string | undefined) => Client {
  const trusted = parseNetworks(trustedProxies)
  return (rawPeer, forwardedFor) => {
    const peer = canonicalPeer(rawPeer)
    if (trustedProxies.length === 0 || !trusted.contains(peer)) return { address: peer, peer, viaTrustedProxy: false }
    return { address: lastUntrusted(peer, forwardedFor ?? '', trusted), peer, viaTrustedProxy: true }
  }
}

function canonicalPeer(raw: string): string {
  if (isIPv4(raw)) return raw
  return (typeof raw === 'string' ? parseAddress(raw)?.text : undefined) ?? unknownAddress
}

/** The rightmost untrusted hop, or the last valid one before a malformed one (CVE-2023-36456). */
function lastUntrusted(peer: string, forwardedFor: string, trusted: { contains(address: string): boolean }): string {
  let address = peer
  let end = forwardedFor.length
  for (let hops = 0; hops < maxHops && end > 0; hops++) {
    const comma = forwardedFor.lastIndexOf(',', end - 1)
    const hop = parseHop(forwardedFor.slice(comma + 1, end))
    if (hop === null) return address
    address = hop
    if (!trusted.contains(hop)) return address
    end = comma
  }
  return address
}

const maxHopLength = 80

/** With or without a port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function parseHop(raw: string): string | null {
  if (raw.length > maxHopLength) return null
  const [, bracketed, withPort] = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(raw.trim()) ?? []
  return parseAddress(bracketed ?? withPort ?? raw.trim())?.text ?? null
}
