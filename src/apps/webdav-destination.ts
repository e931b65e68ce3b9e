/**
 * The other resource that a request names: WebDAV's `Destination` (RFC 4918 §10.3), where COPY and MOVE write. Owns its one reading, by the
 * rules of the request line; refuses one that lies in another app, or that the app could place elsewhere than we do.
 */

import { parseTarget } from '../request/target.ts'
import type { App, RouteTable, Site } from './route-table.ts'

/**
 * Every plausible reading of the destination inside `app`, to be judged beside the request's own; null where it has to be answered 400.
 * The host must be the site's, with or without the scheme's own port, since forwarding translates that alone (forwarding/addresses-in.ts).
 */
export function destinationReadings(value: string, app: App, site: Site, routes: RouteTable): readonly string[] | null {
  const [, host, path = '/'] = /^https?:\/\/([^/?#\\]*)(\/.*)?$/is.exec(value) ?? []
  if (host !== undefined && routes.site(host)?.host !== site.host) return null
  const target = parseTarget(host === undefined ? value : path)
  // `//other.test/x` is a path to some and another host to others.
  if (target === null || target.path.startsWith('//')) return null
  const match = routes.match(site.host, target)
  return match.kind === 'app' && match.app === app ? match.readings : null
}
