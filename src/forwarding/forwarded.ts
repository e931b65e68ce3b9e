/** The `Forwarded` header (RFC 7239) for apps that ask for it. */
import type { App } from '../apps/route-table.ts'

/** One element: the client, the host and the scheme. `address` is canonical. The element names no node between client and gate. */
export function forwardedElement(address: string, { host, origin }: Pick<App, 'host' | 'origin'>): string {
  // An IPv6 address stands in brackets, and with a colon a value stands in quotes (§4, §6).
  const node = address.includes(':') ? `"[${address}]"` : address
  const proto = origin.startsWith('https:') ? 'https' : 'http'
  return `for=${node};host=${host.includes(':') ? `"${host}"` : host};proto=${proto}`
}
