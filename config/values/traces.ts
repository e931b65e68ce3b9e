/** The address of a collector of traces. */
import { type Invalid, invalid, invalidSecret } from './invalid.ts'

export interface TraceEndpoint {
  readonly url: string
  readonly host: string
  readonly port: string
  readonly isSecure: boolean
}

/** With the path, because collectors have several, and one for traces alone. */
export function readTraceEndpoint(text: string): TraceEndpoint | Invalid {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    return invalid('must be the address of a collector, such as http://127.0.0.1:4318/v1/traces')
  if (url.username !== '' || url.password !== '')
    return invalidSecret('must not hold a user or password: the key headersFile names a file with headers')
  if (url.hash !== '') return invalid("must not hold a fragment ('#…')")
  if (url.pathname === '/') return invalid('must have the path of the collector, which usually is /v1/traces')
  const host = url.hostname.replace(/[[\]]/g, '')
  return { url: url.href, host, port: url.port, isSecure: url.protocol === 'https:' }
}
