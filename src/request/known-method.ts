import { METHODS } from 'node:http'

const known: ReadonlySet<string | undefined> = new Set(METHODS)

/** False for the methods of RTSP and for `PRI`, which Node's parser passes on. The router has no routes for them, so no step would judge them. */
export function isKnownMethod(method: string | undefined): boolean {
  return known.has(method)
}
