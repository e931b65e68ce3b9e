/** The `Forwarded` header (RFC 7239) for apps that ask for it. */
import type { App } from '../apps/route-table.ts'

/** `address` is canonical. No node between client and gate is named. */
export function forwardedElement(address: string, { host, origin }: Pick<App, 'host' | 'origin'>): string {
  // An IPv6 address stands in brackets, and a colon needs quotes (§4, §6).
  const node = address.includes(':') ? `"[${address}]"` : address
  const proto = origin.startsWith('https:') ? 'https' : 'http'
  return `for=${node};host=${host.includes(':') ? `"${host}"` : host};proto=${proto}`
}
