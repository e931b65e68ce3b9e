/**
 * What a challenge is told of the request that it stopped: where the person comes back to, and what was refused there. Owns that choice, for requests
 * that come through the gate and for those that a proxy asks about.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { ChallengeReason } from '../src/policy/decision.ts'
import type { App, Site } from '../src/routing/route-table.ts'
import { acceptsPage, isFromWorker } from './wants-page.ts'

/** The request that was stopped. `raw`: path and query as they came. */
export interface Stopped {
  readonly method: string
  readonly raw: string
  readonly headers: IncomingHttpHeaders
}

/** A longer address of what was refused is not told to the portal: it would not fit beside the way back. */
const longestAsk = 1024

export function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** `rd`, and `ask` where the page that the person comes back to is open, and what was refused is not. A sign-in answers that by itself. */
export function wayBack(stopped: Stopped, site: Site, app: App, reason: ChallengeReason): URLSearchParams {
  const { method, raw } = stopped
  const here = site.origin + raw
  const rd = returnAddress(stopped, site, app)
  const way = new URLSearchParams({ rd })
  const isStepUp = reason === 'fresh_proof_required' || reason === 'other_factor_required'
  if (isStepUp && (rd !== here || !isRead(method)) && here.length <= longestAsk) way.set('ask', `${method} ${here}`)
  return way
}

/** Where to bring the person afterwards: the very address for a navigation, else the page they were on, else the app's front door. */
function returnAddress(stopped: Stopped, site: Site, app: App): string {
  const front = `${site.origin}${app.prefix}/`
  if (isRead(stopped.method) && acceptsPage(stopped)) return site.origin + stopped.raw
  const { referer } = stopped.headers
  // A worker's requests name its script, and nobody wants to come back to that.
  const isScript = isFromWorker(stopped.headers)
  return referer?.startsWith(front) && !isScript && !referer.startsWith(`${site.origin}/.factorgate`) ? referer : front
}
