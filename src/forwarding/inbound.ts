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
import { type Rewrite, toPublicLocation, type UrlMapping } from './url-mapping.ts'

interface Inbound {
  /** Alternating names and values in latin-1, with the app's bytes. */
  readonly headers: string[]
  readonly hasLength: boolean
}

type Kind = 'pass' | 'drop' | 'content-length' | 'transfer-encoding' | 'connection' | Rewrite

const special: Readonly<Record<string, Kind>> = {
  'set-cookie': (value, mapping) => (setsGateCookie(value) ? null : rewriteCookieScope(value, mapping)),
  location: toPublicLocation,
  'content-location': toPublicLocation,
  refresh: toPublicRefresh,
  // Scripts in pages follow these like `Location`.
  ...allOf(
    toPublicLocation,
    'sourcemap x-sourcemap uri x-pingback hx-redirect hx-push-url hx-replace-url turbo-location'
  ),
  ...allOf(toPublicLocation, 'x-inertia-location x-pjax-url sec-websocket-location'),
  link: toPublicLinks,
  ...allOf(toPublicSources, 'access-control-allow-origin timing-allow-origin sec-websocket-origin x-frame-options'),
  ...allOf(toPublicSources, 'permissions-policy feature-policy'),
  ...allOf(toPublicPolicy, 'content-security-policy content-security-policy-report-only'),
  ...allOf(toPublicStrings, 'reporting-endpoints report-to speculation-rules'),
  'hx-location': toPublicHtmxLocation,
  'clear-site-data': withoutCookies,
  'service-worker-allowed': toPublicWorkerScope,
  // Windows with the same origin and policy can read each other, and the portal's pages have this policy.
  'cross-origin-opener-policy': (value, { sharesPortal }) => (sharesPortal ? null : value),
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
    const kind = kinds.get(name) ?? learn(name)
    if (typeof kind === 'function') {
      const rewritten = kind(value, mapping)
      if (rewritten !== null) headers.push(name, rewritten)
      continue
    }
    switch (kind) {
      case 'pass':
        headers.push(name, value)
        break
      case 'drop':
        break
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
function withoutCookies(value: string, { isOnBoundHost }: UrlMapping): string | null {
  const kinds = value.split(',').flatMap(kind => (kind.trim() === '"*"' ? ['"cache"', '"storage"'] : [kind.trim()]))
  const kept = kinds.filter(kind => kind !== '"cookies"' && !(kind === '"storage"' && isOnBoundHost)).join(', ')
  return kept === '' ? null : kept
}

function allOf(kind: Kind, names: string): Record<string, Kind> {
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
