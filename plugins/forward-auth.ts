/**
 * Forward-auth for nginx (`auth_request`), Traefik, Caddy, Envoy and HAProxy, and the public keys of assertions. Only trusted proxies may
 * ask (GHSA-5wcc-hf24-rf5h).
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import {
  type AppAccess,
  type AppMatch,
  authorize,
  beforeAuthorize,
  type ChallengeAccess,
  type Demands,
  onForeignOrigin,
  type TighteningOf,
  wouldFields
} from '../src/apps/authorize.ts'
import { isRead, type Message } from '../src/apps/return-to.ts'
import { type App, type RouteTable, verdictPath } from '../src/apps/route-table.ts'
import type { AuditSink } from '../src/audit/event.ts'
import { LogRateLimit } from '../src/audit/log-rate-limit.ts'
import { pathForRecord } from '../src/audit/path-for-record.ts'
import type { Clock } from '../src/clock.ts'
import type { Binding } from '../src/device/binding.ts'
import { describeError, type ErrorCode, GateError } from '../src/errors.ts'
import type { LoginRefusal } from '../src/forwarding/login-refusal.ts'
import { originAllowed } from '../src/forwarding/origin.ts'
import type { Unsent } from '../src/identity/identity-headers.ts'
import { isSameSecret } from '../src/ids.ts'
import type { Leads } from '../src/metering/led-requests.ts'
import type { ObservedExchange } from '../src/metering/observation.ts'
import type { Permit } from '../src/policy/decision.ts'
import { carriesToken, isMisplacedToken } from '../src/programs/presented.ts'
import { type Original, originalOf } from '../src/request/forward-auth-request.ts'
import { parseTarget, type Target } from '../src/request/target.ts'
import { wantsPage } from '../src/request/wants-page.ts'
import type { Principal, Sessions } from '../src/session/sessions.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import type { UpstreamLogins } from '../src/upstream-login/upstream-logins.ts'
import { challengeUrl, queryOfReturnTo } from './challenge-url.ts'
import { readOwn } from './cookies.ts'
import { type DecoyPort, touchDecoy } from './decoys.ts'
import { bindingAt, type DevicePort, mayGetKey, noteLost, offerKey, returnAddress, sendAgain } from './device-port.ts'
import { errorBody } from './error-body.ts'
import type { ExplainEnd } from './explain-end.ts'
import { isPublic, loginUrl } from './login-challenge.ts'
import { observedVerdict } from './observed-exchange.ts'
import { defaultMaxUrlLength } from './return-address.ts'
import { warnOfUnsent } from './unsent-identity.ts'
import { unremovableClaim, unreplacedByEnvoy, verdictHeaders } from './verdict-headers.ts'
import { withHead } from './with-head.ts'

/** The request that the proxy would forward. */
interface Question {
  readonly original: Original
  readonly target: Target
  readonly match: AppMatch
}

interface Judged extends Question {
  readonly message: Message
  /** Null for a stranger, and if the sign-in's device key is not shown. */
  readonly principal: Principal | null
  readonly binding: Binding
  readonly watch: WatchedVerdicts | null
  readonly observed: () => ObservedExchange
}

interface LoginQuestion {
  readonly code: LoginRefusal
  readonly match: AppMatch
  readonly message: Message
  readonly raw: string
  readonly redirects: boolean
}

interface Options extends ForwardAuthOptions {
  readonly share: LogRateLimit
  /** Identity values that are logged already. */
  readonly logged: Set<string>
}

interface ForwardAuthOptions {
  readonly routes: RouteTable
  readonly sessions: Sessions
  readonly portalOrigin: string
  readonly publicKeys: () => object
  readonly assert: (app: App, principal: Principal) => string | null
  readonly audit: AuditSink
  readonly clock: Clock
  readonly maxUrlLength?: number
  readonly demands?: Demands | null
  /** Observers; null for none. */
  readonly watch?: WatchedVerdicts | null
  readonly tighteningOf?: TighteningOf | null
  /** Null or absent if no app has decoys. */
  readonly decoys?: DecoyPort | null
  readonly explainEnd?: ExplainEnd
  /** Null or absent if no app gets logins of people. */
  readonly logins?: Pick<UpstreamLogins, 'find' | 'isRefused'> | null
  /** Null or absent if no app asks for device keys. */
  readonly device?: DevicePort | null
}

/** The gate sees no bytes of what it only permits. */
export interface WatchedVerdicts {
  readonly isIdle: boolean
  readonly leads: Leads | null
  onPermit(observed: ObservedExchange, app: App, permit: Permit, principal: Principal | null): void
  onRefusal(observed: ObservedExchange, code: ErrorCode): void
}

export const forwardAuthPlugin = fp<ForwardAuthOptions>(
  async (app, given) => {
    const options = { ...given, share: new LogRateLimit(given.clock), logged: new Set<string>() }
    const config = { requires: 'anyone', everyHost: true, isData: true } as const
    const answer = (request: FastifyRequest, reply: FastifyReply) => answerVerdict(request, reply, options)
    await app.register(async scope => {
      // Traefik and Envoy send the original method and perhaps the content type, but no body.
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
      for (const url of [verdictPath, `${verdictPath}/*`]) scope.all(url, { config }, answer)
    })
    app.get('/.factorgate/jwks.json', { config, ...withHead }, async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300').type('application/jwk-set+json')
      return options.publicKeys()
    })
  },
  { name: 'forward-auth', dependencies: ['enforce'] }
)

async function answerVerdict(request: FastifyRequest, reply: FastifyReply, options: Options): Promise<unknown> {
  const { exchange, raw } = request
  reply.header('cache-control', 'no-store')
  const { original, target, match } = questionOf(request, options)
  const look = () => identify(match, raw.headers.cookie, options.sessions, options.device ?? null)
  let identified = await look()
  const message = { method: original.method, headers: raw.headers, keepsOverrides: true }
  const touched = await touchDecoy(options.decoys ?? null, match, options.routes, {
    method: original.method,
    headers: raw.headers,
    query: target.query,
    address: exchange.client.address,
    reference: exchange.id,
    principal: identified.binding === 'stale' ? null : identified.principal,
    program: null,
    isUnknown: identified.storeFailure !== null
  })
  const wait = beforeAuthorize(options.demands, match, identified, message)
  if (wait !== null) {
    await wait
    // Access may have ended meanwhile. For a refused touch of a decoy the journal needs the person as they came.
    if (touched === null || touched.refusal === null) identified = await look()
  }
  const { binding } = identified
  exchange.binding = binding
  const access = authorize(options, { match, target, client: exchange.client, ...identified }, message)
  const isNobody = binding === 'stale' && (access.kind !== 'forward' || access.permit.subject === null)
  const principal = isNobody ? null : identified.principal
  exchange.notes = notesOf(match, access, principal)
  // A verdict has no file to answer with, so the app answers for the gate.
  if (touched !== null && touched.refusal !== null) throw new GateError(touched.refusal.code, touched.refusal)
  const watch = options.watch == null || options.watch.isIdle ? null : options.watch
  const observed = () => {
    const { method } = original
    const asked = { match, method, query: target.query, principal, isSocket: isHandshake(raw.headers) }
    return observedVerdict(exchange, raw, asked, watch?.leads ?? null)
  }
  const judged: Judged = { original, target, match, message, principal, binding, watch, observed }
  if (access.kind === 'forward') return answerPermit(request, reply, judged, access, options)
  watch?.onRefusal(observed(), access.reason)
  if (access.kind === 'refuse') throw new GateError(access.reason, access)
  return answerChallenge(request, reply, { ...judged, owner: identified.principal }, access, options)
}

/** Throws GateError for askers that are not listed proxies, and if the gate gives no verdict. */
function questionOf(request: FastifyRequest, options: Options): Question {
  const { exchange, raw } = request
  if (!exchange.client.viaTrustedProxy) {
    const { address } = exchange.client
    warn(
      request,
      options,
      'proxy',
      { address },
      `${address} asked for a verdict (/.factorgate/auth) and was refused: it is not in trustedProxies. Is it your proxy? Add its address there.`
    )
    throw new GateError('not_allowed')
  }
  const original = originalOf(raw.headers, raw.method as string, exchange.target.raw.slice(verdictPath.length))
  const target = original === null ? null : parseTarget(original.uri)
  if (original === null || target === null) throw new GateError('bad_request')
  const match = options.routes.match(original.host, target)
  // The proxy must send /.factorgate/ to the gate itself, so there is no verdict about it.
  if (match.kind !== 'app') throw new GateError(match.kind === 'none' ? match.code : 'not_allowed')
  exchange.judged = { app: match.app, method: original.method, raw: target.raw }
  checkSecret(request, match.app, options)
  // Otherwise the proxy would pass the token on to the app (THREATS T4).
  if (hasToken(raw.headers, match.app)) {
    exchange.hasToken = true
    throw new GateError('token_not_allowed')
  }
  return { original, target, match }
}

/** A secret belongs to one app, so it gives no verdicts about another one (THREATS H29). */
function checkSecret(request: FastifyRequest, { id, verdictSecret }: App, options: Options): void {
  if (verdictSecret == null) return
  const given = request.raw.headers['factorgate-secret']
  if (typeof given === 'string' && isSameSecret(given, verdictSecret)) return
  const { peer } = request.exchange.client
  const what = given === undefined ? 'no Factorgate-Secret' : 'a Factorgate-Secret of something else'
  const sentence = `A question about ${id} (/.factorgate/auth) was refused: it came through ${peer} with ${what}. If your proxy asked it, add the secret of forwardAuth of this app there. If not, a browser asked: refuse this address at your proxy.`
  warn(request, options, 'secret', { app: id, peer }, sentence)
  throw new GateError('not_allowed')
}

/** What the journal says of the request that the proxy asks about. */
function notesOf(match: AppMatch, access: AppAccess, principal: Principal | null) {
  const decision = access.kind === 'refuse' ? access.decision : access
  return {
    app: match.app.id,
    path: pathForRecord(match.path, match.readings, principal === null ? 256 : 1024),
    ...(decision === null ? {} : { decision: decision.kind }),
    ...(principal === null
      ? {}
      : { account: principal.account.id, name: principal.account.name, session: principal.session.id })
  }
}

/** The headers for the proxy. A claim that it would let through, or a missing login, refuses the request. */
async function answerPermit(
  request: FastifyRequest,
  reply: FastifyReply,
  { original, target, match, message, principal, watch, observed }: Judged,
  access: Extract<AppAccess, { kind: 'forward' }>,
  options: Options
): Promise<unknown> {
  const { exchange, raw } = request
  let granted = access
  if (isHandshake(raw.headers) && !originAllowed(raw.headers.origin, match.app, access.permit.subject !== null))
    granted = onForeignOrigin(match.app) ?? throwing('foreign_origin')
  if (granted.would !== undefined) exchange.notes = { ...exchange.notes, ...wouldFields(granted.would) }
  refuseClaim(request, options, unremovableClaim(raw.headers, match.app, !original.redirects))
  const { subject } = granted.permit
  const login = await loginInVerdict(match.app, granted.permit, options)
  if (typeof login === 'string') {
    watch?.onRefusal(observed(), login)
    const asked = { code: login, match, message, raw: target.raw, redirects: original.redirects }
    return answerLogin(request, reply, asked, options)
  }
  const assertion = subject === null ? null : options.assert(match.app, principal as Principal)
  const { address } = exchange.client
  const unsent: Unsent[] = []
  const onUnsent = (one: Unsent) => void unsent.push(one)
  const verdict = verdictHeaders(raw.headers, { app: match.app, subject, address, assertion, login, onUnsent })
  if (original.isAppended) refuseClaim(request, options, unreplacedByEnvoy(raw.headers, verdict))
  warnOfUnsent(request.log, match.app.id, unsent, options.logged)
  watch?.onPermit(observed(), match.app, granted.permit, principal)
  return reply.headers(verdict).send()
}

/** Refuses the request if the proxy would let this header of its client through. */
function refuseClaim(request: FastifyRequest, options: Options, claim: string | null): void {
  if (claim === null) return
  warn(
    request,
    options,
    'claim',
    { header: claim.slice(0, 64) },
    `A request was refused: it says who its sender is in a header that the proxy would let through, ${claim.slice(0, 64)}. Is it a header that another proxy of yours adds? Take it out there.`
  )
  throw new GateError('not_allowed')
}

/** The way to the missing proof. `owner`: whose sign-in it is, also if its device key is not shown. */
async function answerChallenge(
  request: FastifyRequest,
  reply: FastifyReply,
  { original, target, match, principal, binding, owner }: Judged & { readonly owner: Principal | null },
  { reason, returnTo }: ChallengeAccess,
  options: Options
): Promise<unknown> {
  const { exchange, raw } = request
  const { site } = match
  const { device = null } = options
  const isPage = wantsPage(raw)
  const isRedirected = isPage && isRead(original.method)
  const isLate = binding === 'stale' && device !== null && original.redirects && !isHandshake(raw.headers)
  if (isLate && sendAgain(device, owner, raw.headers, reply, site.origin + target.raw)) return reply
  const toDevice = device !== null && mayGetKey(reason, raw.headers) && isPage && original.method === 'GET'
  if (binding === 'stale' && !toDevice && device !== null)
    noteLost(device, { exchange, stale: owner as Principal, site }, reply, raw.headers.cookie)
  if (toDevice) offerKey(device, principal, reply)
  const url = toDevice
    ? returnAddress(site, target.raw)
    : challengeUrl(request, reply, reason, queryOfReturnTo(returnTo), {
        portalOrigin: options.portalOrigin,
        maxUrlLength: options.maxUrlLength ?? defaultMaxUrlLength,
        site,
        front: `${site.origin}${match.app.prefix}/`,
        setsNonce: isRedirected
      })
  // The sender of a form for an app gets a page, because the form is lost (FIELD F17). nginx cannot show it and gets the URL.
  if (original.redirects && isPage && !isRedirected) throw new GateError(reason, { continueUrl: url })
  reply.header('factorgate-error', reason)
  if (original.redirects && isPage) return reply.redirect(url, 302)
  const message = reason === 'sign_in_required' ? await options.explainEnd?.(raw.headers.cookie, site) : null
  return reply
    .code(describeError(reason).status)
    .header('location', url)
    .send(errorBody(reason, url, message))
}

/** The login, or why it cannot be sent. The gate does not see the app's answer to it. */
async function loginInVerdict(
  app: App,
  permit: Permit,
  { logins }: Options
): Promise<{ readonly authorization: string } | LoginRefusal | null> {
  if (logins == null || app.upstreamLogin?.inVerdict !== true || permit.subject === null) return null
  const login = await logins.find(permit.subject.id, app.id)
  if (login !== null && !logins.isRefused(login)) return login
  if (isPublic(app, permit)) return null
  return login === null ? 'upstream_login_required' : 'upstream_login_refused'
}

/** Sends the person to the page that asks for the login, as for a missing proof. */
function answerLogin(
  request: FastifyRequest,
  reply: FastifyReply,
  asked: LoginQuestion,
  { portalOrigin, maxUrlLength = defaultMaxUrlLength }: Options
): FastifyReply {
  const { code, match, message, raw, redirects } = asked
  const { app, site } = match
  const isPage = wantsPage(request.raw)
  const isRedirected = redirects && isPage && isRead(message.method)
  const judged = { app, site, message, raw }
  const url = loginUrl(request, reply, judged, isPage && isRead(message.method), { portalOrigin, maxUrlLength })
  if (redirects && isPage && !isRedirected) throw new GateError(code, { continueUrl: url })
  reply.header('factorgate-error', code)
  if (isRedirected) return reply.redirect(url, 302)
  // nginx shows only the answer to 401: it then asks again, as proxies do that show what the gate says.
  return reply
    .code(redirects ? describeError(code).status : 401)
    .header('location', url)
    .send(errorBody(code, url))
}

/** True also in an app that takes no tokens of its own. */
function hasToken(headers: IncomingHttpHeaders, { tokens = null }: App): boolean {
  const { authorization } = headers
  if (authorization !== undefined && carriesToken(authorization, tokens !== null)) return true
  if (tokens !== null && tokens.header !== null && headers[tokens.header] !== undefined) return true
  return Object.values(headers).some(value => typeof value === 'string' && isMisplacedToken(value))
}

/** The person of the session cookie, or the store's error, with which public paths stay open. */
async function identify(match: AppMatch, cookie: string | undefined, sessions: Sessions, device: DevicePort | null) {
  const { site } = match
  const token = readOwn(cookie, 'session', site)
  const nobody = { principal: null, binding: 'none', storeFailure: null } as const
  if (token === null) return nobody
  try {
    const principal = await sessions.look(site.host, token)
    if (principal === null) return nobody
    const binding = bindingAt(device, principal, match, cookie)
    if (binding !== 'stale') sessions.noteActivity(principal.session.id)
    return { principal, binding, storeFailure: null }
  } catch (error) {
    if (!(error instanceof StoreUnreachable)) throw error
    return { ...nobody, storeFailure: error }
  }
}

function throwing(code: ErrorCode): never {
  throw new GateError(code)
}

function warn(request: FastifyRequest, { share }: Options, kind: string, facts: object, sentence: string): void {
  const more = share.take(kind)
  if (more !== null) request.log.warn({ reference: request.exchange.id, ...facts, ...more }, sentence)
}

/** A proxy may drop `Upgrade`, but passes on the `Sec-` headers (THREATS F9). */
function isHandshake(headers: IncomingHttpHeaders): boolean {
  return (
    headers['sec-websocket-key'] !== undefined ||
    headers['sec-websocket-version'] !== undefined ||
    /\bwebsocket\b/i.test(headers.upgrade ?? '')
  )
}
