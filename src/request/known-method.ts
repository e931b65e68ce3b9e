/** The methods that the pipeline judges. Node's parser also passes on those of RTSP, and `PRI`, for which the router has no routes. */
import { METHODS } from 'node:http'

const known: ReadonlySet<string | undefined> = new Set(METHODS)

export function isKnownMethod(method: string | undefined): boolean {
  return known.has(method)
}
