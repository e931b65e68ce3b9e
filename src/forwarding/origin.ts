/**
 * Which pages may open a WebSocket. Browsers send cookies with a handshake from any page and let nobody read an answer first, so
 * the gate must ask where it comes from (ASVS 4.4.2, THREATS F9).
 */
import type { App } from '../apps/route-table.ts'

/**
 * True for the app's own public origin and those its operator lists, compared whole and byte for byte. Without an `Origin` it was no
 * browser: fine where nobody is signed in, refused where a session speaks for a person.
 */
export function originAllowed(
  origin: string | undefined,
  app: Pick<App, 'origin' | 'allowedOrigins'>,
  isSignedIn: boolean
): boolean {
  if (origin === undefined) return !isSignedIn
  return origin === app.origin || app.allowedOrigins.includes(origin)
}
