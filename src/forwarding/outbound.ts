/** The app's header lines: the client's, without identity claims and gate cookies, plus the gate's own. */
import type { App, Upstream } from '../apps/route-table.ts'
import { namesOf } from '../identity/header-profiles.ts'
import { identityLines, type Unsent } from '../identity/identity-headers.ts'
import type { Permit } from '../policy/decision.ts'
import { carriesToken, isMisplacedToken } from '../programs/presented.ts'
import { connectionOptions, hopByHop, normalName, withoutListed } from '../request/header-name.ts'
import { isFirstLeg, tiesConnection } from '../upstream/connection-schemes.ts'
import { isAuthorization, isClaim, mayBeTheAppsOwn, passedNames } from './claims.ts'
import { stripGateCookies } from './cookies.ts'
import { forwardedElement } from './forwarded.ts'
import {
  toUpstreamAddress,
  toUpstreamIf,
  toUpstreamOrigin,
  toUpstreamParts,
  toUpstreamReferer
} from './request-addresses.ts'
import { type Rewrite, toUpstreamPath, type UrlMapping, urlMappingOf } from './url-mapping.ts'

export interface OutboundPlan {
  readonly app: App
  readonly mapping: UrlMapping
  readonly host: string
  readonly constant: readonly string[]
  readonly kinds: Map<string, Kind>
  readonly configured: ReadonlySet<string>
  readonly reported: Set<string>
  /** Claim-like names that pass, because the app also checks a secret. */
  readonly passed: ReadonlySet<string>
  /** `addHeaders` authenticate the gate on the connection. */
  readonly tiesConnection: boolean
}

export interface Outbound {
  /** Alternating names and values; `Host` first. */
  readonly headers: string[]
  readonly body: 'none' | 'length' | 'chunks'
  readonly isUpgrade: boolean
  readonly tiesConnection: boolean
  /** The app can only answer NTLM's first leg with a challenge. */
  readonly isFirstLeg: boolean
  readonly unsent: readonly Unsent[] | null
  /** Headers of a person's request that were removed and not reported yet, and that the app's own pages may need. */
  readonly removed: readonly string[] | null
}

interface OutboundFacts {
  readonly permit: Permit
  readonly address: string
  readonly assertion: string | null
  readonly upstreamLogin: { readonly authorization: string } | null
  readonly trace: { readonly traceparent: string; readonly tracestate: string | null } | null
}

type Kind =
  | 'pass'
  | 'drop'
  | 'claim'
  | 'connection'
  | 'content-length'
  | 'transfer-encoding'
  | 'authorization'
  | 'proxy-authorization'
  | Rewrite

const special: Readonly<Record<string, Kind>> = {
  cookie: stripGateCookies,
  connection: 'connection',
  'content-length': 'content-length',
  'transfer-encoding': 'transfer-encoding',
  te: value => (/(?:^|,)\s*trailers\s*(?:,|;|$)/i.test(value) ? 'trailers' : null),
  destination: toUpstreamAddress,
  if: toUpstreamIf,
  // Subversion clients put repository paths in it.
  'x-svn-vr-base': toUpstreamAddress,
  'upload-concat': toUpstreamParts,
  origin: toUpstreamOrigin,
  'sec-websocket-origin': toUpstreamOrigin,
  referer: toUpstreamReferer,
  'content-location': toUpstreamReferer,
  // htmx sends the page's address in it.
  'hx-current-url': toUpstreamReferer,
  'ping-from': toUpstreamReferer,
  'ping-to': toUpstreamReferer,
  authorization: 'authorization',
  'proxy-authorization': 'proxy-authorization'
}

/** Device keys are between browsers and the gate. */
const deviceHeaders: ReadonlySet<string> = new Set([
  'sec-secure-session-id',
  'secure-session-response',
  'secure-session-skipped'
])

/** Other spellings are classified each time. */
const spellingsKept = 1_000
const maxReported = 20

export function outboundPlan(app: App, upstream: Upstream): OutboundPlan {
  const added = Object.entries(app.addHeaders).filter(([name]) => !isFraming(name.toLowerCase()))
  const fixedHost = added.find(([name]) => name.toLowerCase() === 'host')?.[1]
  const host = fixedHost ?? (app.preserveHost ? app.host : upstream.origin.replace(/^[a-z]+:\/\//i, ''))
  const isSecure = app.origin.startsWith('https:')
  const port = /:(\d+)$/.exec(app.host)?.[1] ?? (isSecure ? '443' : '80')
  const ofGate: readonly (readonly [string, string])[] = [
    ['X-Forwarded-Proto', isSecure ? 'https' : 'http'],
    ['X-Forwarded-Host', app.host],
    ['X-Forwarded-Port', port],
    ...(app.prefix === '' ? [] : [['X-Forwarded-Prefix', app.prefix] as const])
  ]
  // A fixed value replaces the gate's own (FIELD F22).
  const fixed = new Set(added.map(([name]) => normalName(name)))
  const constant = ofGate.filter(([name]) => !fixed.has(normalName(name))).flat()
  for (const [name, value] of added) if (name.toLowerCase() !== 'host') constant.push(name, utf8(value))
  const { secretHeader, secret } = app.identityHeaders
  if (secretHeader != null && secret !== undefined) constant.push(secretHeader, utf8(secret))
  const ours = [...Object.keys(app.addHeaders), ...namesOf(app.identityHeaders), ...(app.frontHeaders ?? [])]
  if (app.tokens?.header != null) ours.push(app.tokens.header)
  if (app.forwarded === true) ours.push('forwarded')
  // The gate begins or continues the trace itself.
  if (app.isTraced === true) ours.push('traceparent', 'tracestate')
  return {
    app,
    mapping: urlMappingOf(app, upstream, host),
    host,
    constant,
    kinds: new Map(),
    tiesConnection: added.some(([name, value]) => name.toLowerCase() === 'authorization' && tiesConnection(value)),
    configured: new Set(ours.map(normalName)),
    reported: new Set(),
    passed: passedNames(app)
  }
}

/** `isUpgrade`: a WebSocket handshake without body. */
export function outboundHeaders(
  plan: OutboundPlan,
  rawHeaders: readonly string[],
  requester: OutboundFacts,
  isUpgrade: boolean
): Outbound {
  const headers: string[] = ['Host', plan.host]
  let body: Outbound['body'] = 'none'
  let listed: string[] | null = null
  let ties = plan.tiesConnection
  let firstLeg = false
  let removed: string[] | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const value = rawHeaders[i + 1] as string
    const kind = plan.kinds.get(name) ?? learn(plan, name)
    if (typeof kind === 'function') {
      const rewritten = kind(value, plan.mapping)
      if (rewritten !== null) headers.push(name, rewritten)
      continue
    }
    switch (kind) {
      case 'pass':
        if (!isMisplacedToken(value)) headers.push(name, value)
        break
      case 'drop':
        break
      case 'claim':
        if (isReportedNow(plan, name, requester.permit)) removed = [...(removed ?? []), name]
        break
      case 'content-length':
        if (value !== '0') body = 'length'
        if (!isUpgrade && value !== '0') headers.push(name, value)
        break
      case 'transfer-encoding':
        body = 'chunks'
        break
      case 'connection': {
        const options = connectionOptions(value)
        if (options !== null) listed = listed === null ? options : [...listed, ...options]
        break
      }
      case 'authorization':
        // A token never leaves the gate, otherwise the app could use it elsewhere.
        if (carriesToken(value, plan.app.tokens != null)) break
        headers.push(name, value)
        if (!tiesConnection(value)) break
        ties = true
        firstLeg = isFirstLeg(value)
        break
      case 'proxy-authorization':
        if (tiesConnection(value)) ties = true
        break
    }
  }
  // This precedes the gate's headers, otherwise a client could remove them through `Connection` (CVE-2026-33805).
  const own = listed === null ? headers : withoutListed(headers, listed)
  const unsent = addGateHeaders(own, plan, requester)
  return { headers: own, body, isUpgrade, tiesConnection: ties, isFirstLeg: firstLeg, unsent, removed }
}

/** Each removed name is reported once, and only for people who are signed in. */
function isReportedNow({ reported }: OutboundPlan, name: string, { subject }: Permit): boolean {
  if (subject === null || reported.size >= maxReported || reported.has(name)) return false
  reported.add(name)
  return true
}

/** These send `Content-Length: 0` without a body (RFC 9110 §8.6). */
const expectsBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH'])
const unfitByte = /[^\t\x20-\x7e\x80-\xff]/

/** The head lacks its last CRLF. Null if a value would start another line. */
export function requestHead(method: string, target: string, { headers, body, isUpgrade }: Outbound): string | null {
  if (/[^\x21-\xff]/.test(target)) return null
  let head = `${method} ${target} HTTP/1.1\r\n`
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string
    if (unfitByte.test(value)) return null
    head += `${headers[i]}: ${value}\r\n`
  }
  if (isUpgrade) return `${head}Connection: Upgrade\r\nUpgrade: websocket\r\n`
  if (body !== 'none') return `${head}Connection: close\r\n`
  return expectsBody.has(method)
    ? `${head}Content-Length: 0\r\nConnection: keep-alive\r\n`
    : `${head}Connection: keep-alive\r\n`
}

/** What the gate adds to each request, without anything of a client. */
export function healthHead({ host, constant, mapping }: OutboundPlan, path: string): string {
  const headers = ['Host', host, 'User-Agent', 'Factorgate', 'Accept', '*/*', ...constant]
  const flags = {
    body: 'none',
    isUpgrade: false,
    tiesConnection: false,
    isFirstLeg: false,
    unsent: null,
    removed: null
  } as const
  return requestHead('GET', toUpstreamPath(path, mapping), { headers, ...flags }) as string
}

/** UTF-8 bytes, one character each. The configuration allows no control characters. */
export function utf8(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1')
}

function addGateHeaders(
  headers: string[],
  { app, constant }: OutboundPlan,
  { permit, address, assertion, upstreamLogin, trace }: OutboundFacts
): Unsent[] | null {
  headers.push('X-Forwarded-For', address)
  if (app.forwarded === true) headers.push('Forwarded', forwardedElement(address, app))
  for (const line of constant) headers.push(line)
  let unsent: Unsent[] | null = null
  if (permit.subject !== null)
    for (const line of identityLines(app.identityHeaders, permit.subject, one => {
      unsent = [...(unsent ?? []), one]
    }))
      headers.push(line)
  if (assertion !== null) headers.push('X-Factorgate-Assertion', assertion)
  if (upstreamLogin !== null) headers.push('Authorization', upstreamLogin.authorization)
  if (trace !== null) {
    headers.push('traceparent', trace.traceparent)
    if (trace.tracestate !== null) headers.push('tracestate', trace.tracestate)
  }
  return unsent
}

function learn(plan: OutboundPlan, name: string): Kind {
  const kind = judge(plan, name)
  if (plan.kinds.size < spellingsKept) plan.kinds.set(name, kind)
  return kind
}

function judge(plan: OutboundPlan, name: string): Kind {
  const lower = name.toLowerCase()
  const normal = normalName(name)
  // A client must not choose who a person is at such an app.
  if (plan.app.upstreamLogin != null && isAuthorization(name)) return 'drop'
  const own = Object.hasOwn(special, lower) ? special[lower] : undefined
  if (own !== undefined && !(lower === 'authorization' && plan.configured.has(normal))) return own
  if (lower === 'host' || lower === 'expect' || isFraming(normal)) return 'drop'
  if (plan.configured.has(normal) || deviceHeaders.has(normal)) return 'drop'
  if (plan.passed.has(normal) || !isClaim(name)) return 'pass'
  return mayBeTheAppsOwn(name) ? 'claim' : 'drop'
}

/** Some servers fold names, so `Content_Length` and `Transfer.Encoding` count too (THREATS F1). */
function isFraming(normal: string): boolean {
  return hopByHop.has(normal) || normal === 'content-length'
}
