/** Service workers of apps on the portal's own host. Owns how one is told; whoever judges a request refuses it. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Site } from '../src/routing/route-table.ts'

/** True for the script of a service worker on the portal's host: it would see what people type into our pages. */
export function isWorkerBesideUs(headers: IncomingHttpHeaders, site: Site): boolean {
  return site.isPortal && headers['service-worker'] !== undefined
}
