/** The page of an app whose link led to an address that no app has, as the journal says it. */
import { pathForRecord } from '../audit/path-for-record.ts'
import { parseTarget } from '../request/target.ts'
import type { RouteTable } from './route-table.ts'

interface Referrer {
  /** The id of the app. */
  readonly referrerApp: string
  /** Host and path; never a query. */
  readonly referrer: string
}

/** Null if it is no page of an app here: other sites, and the gate's own pages, are nobody's business. */
export function referrerIn(header: string | undefined, routes: RouteTable): Referrer | null {
  const [, host, path = '/'] = /^https?:\/\/([^/?#\\]+)(\/[^?#]*)?(?:[?#]|$)/i.exec(header ?? '') ?? []
  const target = host === undefined ? null : parseTarget(path)
  if (target === null) return null
  const match = routes.match(host, target)
  if (match.kind !== 'app') return null
  return { referrerApp: match.app.id, referrer: match.site.host + pathForRecord(target.path, target.readings, 256) }
}
