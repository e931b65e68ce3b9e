/** The page of an app whose link led to an address of no app, for the journal. */
import { pathForRecord } from '../audit/path-for-record.ts'
import { parseTarget } from '../request/target.ts'
import type { RouteTable } from './route-table.ts'

interface Referrer {
  readonly referrerApp: string
  /** Host and path, without a query. */
  readonly referrer: string
}

/** Null for other sites, and for the gate's own pages. */
export function referrerIn(header: string | undefined, routes: RouteTable): Referrer | null {
  const [, host, path = '/'] = /^https?:\/\/([^/?#\\]+)(\/[^?#]*)?(?:[?#]|$)/i.exec(header ?? '') ?? []
  const target = host === undefined ? null : parseTarget(path)
  if (target === null) return null
  const match = routes.match(host, target)
  if (match.kind !== 'app') return null
  return { referrerApp: match.app.id, referrer: match.site.host + pathForRecord(target.path, target.readings, 256) }
}
