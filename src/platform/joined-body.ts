/** Sends a small response body with its head in one write: `end(body)` costs a twentieth of a request more. */
import type { ServerResponse } from 'node:http'

type Inside = { _header: string | null }

/** Adds a complete body (latin-1) to a head that `writeHead` has built and that is not sent yet. `end()` sends both. */
export function joinBody(response: ServerResponse, body: string): void {
  const inside = response as unknown as Inside
  if (typeof inside._header === 'string') inside._header += body
  else response.write(body, 'latin1')
}
