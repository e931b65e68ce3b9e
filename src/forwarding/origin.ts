/** The origin check for WebSocket handshakes, to which browsers add cookies from any page (ASVS 4.4.2, THREATS F9). */
import type { App } from '../apps/route-table.ts'

/** Without `Origin` only anonymous requests pass. */
export function originAllowed(
  origin: string | undefined,
  app: Pick<App, 'origin' | 'allowedOrigins'>,
  isSignedIn: boolean
): boolean {
  if (origin === undefined) return !isSignedIn
  return origin === app.origin || app.allowedOrigins.includes(origin)
}
