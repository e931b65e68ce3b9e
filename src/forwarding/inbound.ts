/** The client's response headers: the app's, without hop-by-hop headers and gate cookies, with public addresses. */
import { connectionOptions, hopByHop, normalName, withoutListed } from '../request/header-name.ts'
import { InvalidResponseError } from '../upstream/response-parser.ts'
import { rewriteCookieScope, setsGateCookie } from './cookies.ts'
import {
  toPublicHtmxLocation,
  toPublicLinks,
  toPublicPolicy,
  toPublicRefresh,
  toPublicSources,
  toPublicStrings,
  toPublicWorkerScope
} from './response-addresses.ts'
import { toPublicLocation, type UrlMapping } from './url-mapping.ts'

interface Inbound {
  /** Alternating names and values in latin-1, with the app's bytes. */
  readonly headers: string[]
  readonly hasLength: boolean
}

type Kind =
  | 'pass'
  | 'drop'
  | 'set-cookie'
  | 'location'
  | 'refresh'
  | 'links'
  | 'sources'
  | 'policy'
  | 'strings'
  | 'htmx-location'
  | 'clear-site-data'
  | 'worker-scope'
  | 'opener-policy'
  | 'content-length'
  | 'transfer-encoding'
  | 'connection'

const special: Readonly<Record<string, Kind>> = {
  'set-cookie': 'set-cookie',
  location: 'location',
  'content-location': 'location',
  refresh: 'refresh',
  // Scripts in pages follow these like `Location`.
  ...allOfKind(
    'location',
    'sourcemap x-sourcemap uri x-pingback hx-redirect hx-push-url hx-replace-url turbo-location'
  ),
  ...allOfKind('location', 'x-inertia-location x-pjax-url sec-websocket-location'),
  link: 'links',
  ...allOfKind('sources', 'access-control-allow-origin timing-allow-origin sec-websocket-origin x-frame-options'),
  ...allOfKind('sources', 'permissions-policy feature-policy'),
  ...allOfKind('policy', 'content-security-policy content-security-policy-report-only'),
  ...allOfKind('strings', 'reporting-endpoints report-to speculation-rules'),
  'hx-location': 'htmx-location',
  'clear-site-data': 'clear-site-data',
  'service-worker-allowed': 'worker-scope',
  'cross-origin-opener-policy': 'opener-policy',
  'content-length': 'content-length',
  'transfer-encoding': 'transfer-encoding',
  connection: 'connection'
}

const kinds = new Map<string, Kind>()
const spellingsKept = 2_000

/** @throws InvalidResponseError for a transfer coding other than chunked. */
export function inboundHeaders(raw: readonly string[], status: number, mapping: UrlMapping): Inbound {
  const headers: string[] = []
  let isChunked = false
  let lengthName: string | null = null
  let length = ''
  let listed: string[] | null = null
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    switch (kinds.get(name) ?? learn(name)) {
      case 'pass':
        headers.push(name, value)
        break
      case 'drop':
        break
      case 'set-cookie':
        if (!setsGateCookie(value)) headers.push(name, rewriteCookieScope(value, mapping))
        break
      case 'location':
        headers.push(name, toPublicLocation(value, mapping))
        break
      case 'refresh':
        headers.push(name, toPublicRefresh(value, mapping))
        break
      case 'worker-scope': {
        const scope = toPublicWorkerScope(value, mapping)
        if (scope !== null) headers.push(name, scope)
        break
      }
      case 'opener-policy':
        // Windows with the same origin and policy can read each other, and the portal's pages have this policy.
        if (!mapping.sharesPortal) headers.push(name, value)
        break
      case 'links':
        headers.push(name, toPublicLinks(value, mapping))
        break
      case 'policy':
        headers.push(name, toPublicPolicy(value, mapping))
        break
      case 'strings':
        headers.push(name, toPublicStrings(value, mapping))
        break
      case 'htmx-location':
        headers.push(name, toPublicHtmxLocation(value, mapping))
        break
      case 'sources':
        headers.push(name, toPublicSources(value, mapping))
        break
      case 'clear-site-data': {
        const kept = withoutCookies(value, mapping.isOnBoundHost)
        if (kept !== '') headers.push(name, kept)
        break
      }
      case 'content-length':
        lengthName = name
        length = value
        break
      case 'transfer-encoding':
        // Another coding would be removed without being decoded (RFC 9112 §6.1).
        if (value.trim().toLowerCase() !== 'chunked') throw new InvalidResponseError(`transfer coding '${value}'`)
        isChunked = true
        break
      case 'connection': {
        const options = connectionOptions(value)
        if (options !== null) listed = listed === null ? options : [...listed, ...options]
        break
      }
    }
  }
  const kept = listed === null ? headers : withoutListed(headers, listed)
  // A length besides chunks, or without a body, contradicts the framing. It goes last, because after it node:http writes Content-Disposition as UTF-8.
  const hasLength = lengthName !== null && !isChunked && status !== 204 && status >= 200
  if (hasLength) kept.push(lengthName as string, length)
  return { headers: kept, hasLength }
}

/**
 * Adds `private` where a personal response says nothing of caches: otherwise a cache in front of the gate may give it to anybody (RFC 9111 §3, THREATS R15).
 */
export function keepFromSharedCaches(headers: string[]): void {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length === 13 && name.toLowerCase() === 'cache-control') return
  }
  headers.unshift('Cache-Control', 'private')
}

/** "cookies" would clear the gate's cookie on the whole domain (THREATS S6). "storage" on a host with device keys would make browsers forget them. */
function withoutCookies(value: string, isOnBoundHost: boolean): string {
  const kinds = value.split(',').flatMap(kind => (kind.trim() === '"*"' ? ['"cache"', '"storage"'] : [kind.trim()]))
  return kinds.filter(kind => kind !== '"cookies"' && !(kind === '"storage"' && isOnBoundHost)).join(', ')
}

function allOfKind(kind: Kind, names: string): Record<string, Kind> {
  return Object.fromEntries(names.split(' ').map(name => [name, kind]))
}

function learn(name: string): Kind {
  const kind = judge(name)
  if (kinds.size < spellingsKept) kinds.set(name, kind)
  return kind
}

function judge(name: string): Kind {
  const lower = name.toLowerCase()
  const own = Object.hasOwn(special, lower) ? special[lower] : undefined
  if (own !== undefined) return own
  const normal = normalName(name)
  // Only the gate may send `Factorgate-Error`; with `Alt-Svc` browsers would bypass the gate.
  const isOurs = normal.startsWith('factorgate-') || normal.startsWith('x-factorgate')
  // An app's own binding would replace the gate's challenge, and use up the device's few signatures.
  const isDevice = normal.startsWith('secure-session-') || normal.startsWith('sec-session-')
  return isOurs || isDevice || hopByHop.has(lower) || lower === 'alt-svc' || lower === 'set-cookie2' ? 'drop' : 'pass'
}
