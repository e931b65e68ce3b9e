/** Whether an answer is for eyes or for a program. Owns the one reading of `Sec-Fetch-*` and `Accept` for that question. */
import type { IncomingMessage } from 'node:http'

/** True where a person navigates: what browsers say of themselves (Fetch Metadata) counts, and `Accept` where they say nothing. */
export function wantsPage(request: IncomingMessage): boolean {
  const { headers } = request
  if (headers.upgrade !== undefined) return false
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate'
  if (headers['x-requested-with'] !== undefined || headers.authorization !== undefined) return false
  return headers.accept?.includes('text/html') === true
}
