/** Finds the decoy that a request asks for, for the pipeline and for `explain`. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Decoy } from '../decoys/decoys.ts'
import type { AppMatch } from './authorize.ts'
import type { RouteTable } from './route-table.ts'
import { destinationReadings } from './webdav-destination.ts'

/** Also looks where a COPY or MOVE would write. `query` begins with '?', or is ''. */
export function decoyAsked(
  { app, site, readings }: AppMatch,
  query: string,
  { destination }: IncomingHttpHeaders,
  routes: RouteTable
): Decoy | 'unreadable' | null {
  if (app.decoys == null) return null
  const decoy = app.decoys.at(readings, query)
  if (decoy !== null || destination === undefined) return decoy
  const written = destinationReadings(destination as string, app, site, routes)
  return written === null ? null : app.decoys.at(written, '')
}
