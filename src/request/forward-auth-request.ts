/** The original request of a forward-auth check. */
import { type IncomingHttpHeaders, METHODS } from 'node:http'

export interface Original {
  readonly method: string
  readonly host: string
  readonly uri: string
  /** nginx cannot pass on a redirect. */
  readonly redirects: boolean
  /** True for Envoy, whatever its client says in headers. */
  readonly isAppended: boolean
}

const methods: ReadonlySet<string> = new Set(METHODS.filter(method => method !== 'CONNECT' && method !== 'TRACE'))

interface Named {
  readonly method: string | undefined
  readonly host: string | undefined
  readonly uri: string
}

/**
 * nginx sends `X-Original-URL` and `-Method`, Traefik and Caddy `X-Forwarded-Uri`, `-Host` and `-Method`; Envoy appends the path. An incomplete form, or two
 * that differ, give null, otherwise a client could choose the judged request.
 */
export function originalOf(headers: IncomingHttpHeaders, method: string, appended: string): Original | null {
  const named: Named[] = []
  const url = one(headers, 'x-original-url')
  if (url !== undefined) {
    const [, host, uri = '/'] = /^https?:\/\/([^/?#@\s]+)(\/.*)?$/i.exec(url) ?? []
    named.push({ method: one(headers, 'x-original-method'), host, uri })
  }
  const uri = one(headers, 'x-forwarded-uri')
  if (uri !== undefined)
    named.push({ method: one(headers, 'x-forwarded-method'), host: one(headers, 'x-forwarded-host'), uri })
  if (appended.startsWith('/')) named.push({ method, host: headers.host, uri: appended })
  const [first] = named
  if (first?.host === undefined || first.method === undefined || !methods.has(first.method)) return null
  // A method header must agree even without its address.
  const also = [one(headers, 'x-original-method'), one(headers, 'x-forwarded-method')]
  if (also.some(other => other !== undefined && other !== first.method)) return null
  if (!named.every(other => isSame(other, first))) return null
  return {
    method: first.method,
    host: first.host,
    uri: first.uri,
    redirects: url === undefined,
    isAppended: appended.startsWith('/')
  }
}

function isSame(one: Named, other: Named): boolean {
  return one.method === other.method && one.host?.toLowerCase() === other.host?.toLowerCase() && one.uri === other.uri
}

/** A repetition is joined with a comma, which makes it invalid. */
function one(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}
