/** WebDAV's `Destination` (RFC 4918 §10.3), to which COPY and MOVE write. */
import { parseTarget } from '../request/target.ts'
import type { App, RouteTable, Site } from './route-table.ts'

/** POST may stand for another method (`X-HTTP-Method-Override`). */
const writesThere: ReadonlySet<string> = new Set(['COPY', 'MOVE', 'POST'])

/** The literal path inside the app to which a request writes; '' where it writes nothing. The rules must have looked at `value`, the header. */
export function destinationPath(
  method: string,
  value: string | readonly string[] | undefined,
  { prefix }: Pick<App, 'prefix'>
): string {
  if (typeof value !== 'string' || !writesThere.has(method)) return ''
  const [, path = ''] = /^(?:https?:\/\/[^/?#\\]*)?([^?#]*)/i.exec(value) ?? []
  return path.slice(prefix.length) || '/'
}

/** The readings of its path; null (400) if it is not in the same app. */
export function destinationReadings(value: string, app: App, site: Site, routes: RouteTable): readonly string[] | null {
  const [, host, path = '/'] = /^https?:\/\/([^/?#\\]*)(\/.*)?$/is.exec(value) ?? []
  if (host !== undefined && routes.site(host)?.host !== site.host) return null
  const target = parseTarget(host === undefined ? value : path)
  // Some servers take `//other.test/x` for another host.
  if (target === null || target.path.startsWith('//')) return null
  const match = routes.match(site.host, target)
  return match.kind === 'app' && match.app === app ? match.readings : null
}
