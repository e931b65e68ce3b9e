/** The `Forwarded` header (RFC 7239) for apps that ask for it. */
import type { App } from '../apps/route-table.ts'

/** One element: who asked, for which host, by which scheme. `address` is canonical; it names the client alone, and no node inside. */
export function forwardedElement(address: string, { host, origin }: Pick<App, 'host' | 'origin'>): string {
  // An IPv6 address stands in brackets, and with a colon a value stands in quotes (§4, §6).
  const node = address.includes(':') ? `"[${address}]"` : address
  const proto = origin.startsWith('https:') ? 'https' : 'http'
  return `for=${node};host=${host.includes(':') ? `"${host}"` : host};proto=${proto}`
}
