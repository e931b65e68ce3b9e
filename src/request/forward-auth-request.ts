/**
 * The request that a proxy asks a verdict about (forward-auth). Owns the three ways of naming it; refuses whatever names two requests, or
 * half of one: a proxy sets one form and may pass the others on as its client sent them, and no client chooses what is judged.
 */
import { type IncomingHttpHeaders, METHODS } from 'node:http'

/** The original request, and how its proxy wants to be answered. */
export interface Original {
  readonly method: string
  readonly host: string
  readonly uri: string
  /** nginx cannot answer its client with a redirect of ours: it wants 401, and an address to send people to. */
  readonly redirects: boolean
}

/** As Node's parser and the accept step would have it of a request that came here itself: `POST, GET` is no rule's POST. */
const methods: ReadonlySet<string> = new Set(METHODS.filter(method => method !== 'CONNECT' && method !== 'TRACE'))

interface Named {
  readonly method: string | undefined
  readonly host: string | undefined
  readonly uri: string
}

/**
 * nginx says `X-Original-URL` and `X-Original-Method`; Traefik and Caddy `X-Forwarded-Uri`, `-Host` and `-Method`; Envoy appends the path to
 * ours (`appended`) and keeps method and Host. Null (400) where none is named, one is named in part, or two differ in a single byte.
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
  // A method counts even where its address is missing: whoever sent it alone hoped that it would.
  const also = [one(headers, 'x-original-method'), one(headers, 'x-forwarded-method')]
  if (also.some(other => other !== undefined && other !== first.method)) return null
  if (!named.every(other => isSame(other, first))) return null
  return { method: first.method, host: first.host, uri: first.uri, redirects: url === undefined }
}

function isSame(one: Named, other: Named): boolean {
  return one.method === other.method && one.host?.toLowerCase() === other.host?.toLowerCase() && one.uri === other.uri
}

/** The value of a header; sent twice it holds a comma and a blank, which is no address and no method of ours. */
function one(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}
