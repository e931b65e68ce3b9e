/**
 * Headers on their way back from an app. Owns what of them a browser gets to see: everything, but for the connection's own lines, our
 * cookies, and addresses that only the inside knows. Refuses framing that cannot be passed on.
 */

import { connectionOptions, hopByHop, normalName, withoutListed } from '../request/header-name.ts'
import { InvalidResponseError } from '../upstream/response-parser.ts'
import { publicLinks, publicRefresh, publicSources } from './addresses-out.ts'
import { rewriteCookieScope, setsGatewayCookie } from './cookies.ts'
import { publicLocation, type UrlMapping } from './url-mapping.ts'

export interface Inbound {
  /** Names and values in turn, latin-1: byte for byte what the app sent. */
  readonly headers: string[]
  /** The end of the body can be told from a break. */
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
  // Programs in pages follow these as browsers follow Location.
  ...of(
    'location',
    'sourcemap x-sourcemap uri x-pingback hx-location hx-redirect hx-push-url hx-replace-url turbo-location'
  ),
  ...of('location', 'x-inertia-location x-pjax-url sec-websocket-location'),
  link: 'links',
  ...of('sources', 'access-control-allow-origin timing-allow-origin sec-websocket-origin x-frame-options'),
  ...of('sources', 'content-security-policy content-security-policy-report-only permissions-policy feature-policy'),
  ...of('sources', 'reporting-endpoints report-to'),
  'clear-site-data': 'clear-site-data',
  'service-worker-allowed': 'worker-scope',
  'cross-origin-opener-policy': 'opener-policy',
  'content-length': 'content-length',
  'transfer-encoding': 'transfer-encoding',
  connection: 'connection'
}

const kinds = new Map<string, Kind>()
const spellingsKept = 2_000

/** @throws UnfitReply for a transfer coding other than chunked. */
export function inboundHeaders(raw: readonly string[], status: number, where: UrlMapping): Inbound {
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
        if (!setsGatewayCookie(value)) headers.push(name, rewriteCookieScope(value, where))
        break
      case 'location':
        headers.push(name, publicLocation(value, where))
        break
      case 'refresh':
        headers.push(name, publicRefresh(value, where))
        break
      case 'worker-scope':
        // An app below a prefix shares its host: a worker with a wider scope would see its neighbours' pages, and ours.
        if (where.prefix === '') headers.push(name, publicLocation(value, where))
        break
      case 'opener-policy':
        // A window of one origin and one such policy can be read by whoever opened it: ours has this policy, so an app beside it must not.
        if (!where.sharesPortal) headers.push(name, value)
        break
      case 'links':
        headers.push(name, publicLinks(value, where))
        break
      case 'sources':
        headers.push(name, publicSources(value, where))
        break
      case 'clear-site-data': {
        const kept = withoutCookies(value)
        if (kept !== '') headers.push(name, kept)
        break
      }
      case 'content-length':
        lengthName = name
        length = value
        break
      case 'transfer-encoding':
        // Another coding would be taken off without being undone (RFC 9112 §6.1).
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
  // A length beside chunks, or on a reply that has no body, is a second story about where the message ends. It goes last: after one,
  // node:http reads Content-Disposition as UTF-8 and would break its bytes.
  const hasLength = lengthName !== null && !isChunked && status !== 204 && status >= 200
  if (hasLength) kept.push(lengthName as string, length)
  return { headers: kept, hasLength }
}

/** `Clear-Site-Data` without what would sign the person out of the gate: the browser clears cookies of the whole domain (THREATS S6). */
function withoutCookies(value: string): string {
  const kinds = value.split(',').map(kind => kind.trim())
  const kept = kinds.flatMap(kind => (kind === '"*"' ? ['"cache"', '"storage"'] : kind === '"cookies"' ? [] : [kind]))
  return kept.join(', ')
}

function of(kind: Kind, names: string): Record<string, Kind> {
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
  // `Factorgate-Error` says whose error it is, so no app may say it; `Alt-Svc` would lead past the gate.
  const isOurs = normal.startsWith('factorgate-') || normal.startsWith('x-factorgate')
  return isOurs || hopByHop.has(lower) || lower === 'alt-svc' || lower === 'set-cookie2' ? 'drop' : 'pass'
}
