/**
 * Forward-auth: the verdict alone, for nginx (`auth_request`), Traefik, Caddy, Envoy and HAProxy, which then forward by themselves. Owns what such a
 * verdict looks like; believes what is said of the original request from trusted proxies only (GHSA-5wcc-hf24-rf5h), and judges it as
 * a request that came here itself. Keys of the signed assertion stand beside it.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { AuditSink } from '../src/audit/event.ts'
import { LogShare } from '../src/audit/log-share.ts'
import { pathForRecord } from '../src/audit/path-for-record.ts'
import type { Clock } from '../src/clock.ts'
import { describeError, GateError } from '../src/errors.ts'
import { originAllowed } from '../src/forwarding/origin.ts'
import type { Keyring } from '../src/keyring/keyring.ts'
import { decide } from '../src/policy/decide.ts'
import { originalOf } from '../src/routing/original.ts'
import { methodsInHeaders, methodsInQuery } from '../src/routing/other-methods.ts'
import type { App, RouteTable } from '../src/routing/route-table.ts'
import { destinationReadings } from '../src/routing/second-target.ts'
import { parseTarget } from '../src/routing/target.ts'
import type { Principal, Sessions } from '../src/session/sessions.ts'
import { newToken } from '../src/session/token.ts'
import { nonceCookie, readOwn, readOwnNonce, stateOf } from './cookies.ts'
import { errorBody } from './error-body.ts'
import { pageFor, usualLongest } from './return-address.ts'
import { claimTooMany, verdictHeaders } from './verdict-headers.ts'
import { wantsPage } from './wants-page.ts'
import { isRead, wayBack } from './way-back.ts'
import { isWorkerBesideUs } from './worker-beside-us.ts'

interface Options extends ForwardAuthOptions {
  readonly share: LogShare
}

export interface ForwardAuthOptions {
  readonly routes: RouteTable
  readonly sessions: Sessions
  readonly portalOrigin: string
  readonly keyring: () => Keyring
  /** Makes the value of `X-Factorgate-Assertion`; null where the app does not ask for it. */
  readonly assert: (app: App, principal: Principal) => string | null
  readonly audit: AuditSink
  readonly clock: Clock
  readonly longestUrl?: number
}

const path = '/.factorgate/auth'

export const forwardAuthPlugin = fp<ForwardAuthOptions>(
  async (app, given) => {
    const options = { ...given, share: new LogShare(given.clock) }
    const config = { requires: 'anyone', everyHost: true, isData: true } as const
    const answer = (request: FastifyRequest, reply: FastifyReply) => answerFor(request, reply, options)
    await app.register(async scope => {
      // Traefik and Envoy ask with the original method, and perhaps with its content type; the body itself stays with them.
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
      for (const url of [path, `${path}/*`]) scope.all(url, { config }, answer)
    })
    app.get('/.factorgate/jwks.json', { config }, async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300').type('application/jwk-set+json')
      return options.keyring().publicJwks
    })
  },
  { name: 'forward-auth', dependencies: ['enforce'] }
)

async function answerFor(request: FastifyRequest, reply: FastifyReply, options: Options): Promise<unknown> {
  const { exchange, raw } = request
  reply.header('cache-control', 'no-store')
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
  const original = originalOf(raw.headers, raw.method as string, exchange.target.raw.slice(path.length))
  const target = original === null ? null : parseTarget(original.uri)
  if (original === null || target === null) throw new GateError('bad_request')
  const match = options.routes.match(original.host, target)
  // What lies under /.factorgate/ the proxy must hand to the gate itself; a verdict about it would open or close the wrong door.
  if (match.kind !== 'app') throw new GateError(match.kind === 'none' ? match.code : 'not_allowed')
  const { site } = match
  exchange.judged = { app: match.app, method: original.method, raw: target.raw }
  if (isWorkerBesideUs(raw.headers, site)) throw new GateError('not_allowed')
  const destination = raw.headers.destination as string | undefined
  const there = destination === undefined ? [] : destinationReadings(destination, match.app, site, options.routes)
  if (there === null) throw new GateError('bad_request')
  const token = readOwn(raw.headers.cookie, 'session', site)
  const principal = token === null ? null : await options.sessions.find(site.host, token)
  const decision = decide({
    appId: match.app.id,
    policy: match.app.policy,
    readings: [...match.readings, ...there],
    method: original.method,
    alsoAs: [...methodsInQuery(original.method, target.query), ...methodsInHeaders(raw.headers)],
    address: exchange.client.address,
    subject: principal?.subject ?? null,
    proofs: principal?.proofs ?? [],
    now: options.clock()
  })
  exchange.notes = {
    app: match.app.id,
    path: pathForRecord(match.path, match.readings, principal === null ? 256 : 1024),
    decision: decision.kind,
    ...(principal === null
      ? {}
      : { account: principal.account.id, name: principal.account.name, session: principal.session.id })
  }
  if (decision.kind === 'forward') {
    if (isHandshake(raw.headers) && !originAllowed(raw.headers.origin, match.app, decision.permit.subject !== null))
      throw new GateError('foreign_origin')
    if (!options.audit.writable) throw new GateError('journal_unwritable', { retryAfterSeconds: 2 })
    if (match.app.maintenance !== null) throw new GateError('app_maintenance', { retryAfterSeconds: 300 })
    const claim = claimTooMany(raw.headers, match.app, !original.redirects)
    if (claim !== null) {
      warn(
        request,
        options,
        'claim',
        { header: claim.slice(0, 64) },
        `A request was refused: it says who its sender is in a header that the proxy would let through, ${claim.slice(0, 64)}. Is it a header that another proxy of yours adds? Take it out there.`
      )
      throw new GateError('not_allowed')
    }
    const { subject } = decision.permit
    const assertion = subject === null ? null : options.assert(match.app, principal as Principal)
    const { address } = exchange.client
    return reply.headers(verdictHeaders(raw.headers, { app: match.app, subject, address, assertion })).send()
  }
  if (decision.kind === 'refuse') throw new GateError(decision.reason)
  const way = wayBack(
    { method: original.method, raw: target.raw, headers: raw.headers },
    site,
    match.app,
    decision.reason
  )
  const isPage = wantsPage(raw)
  const isSent = isPage && isRead(original.method)
  // Only a page sets a nonce: of programs many ask at once, and a form from another site comes without our cookies; each would lay a new one over
  // the one in use (FIELD F2).
  const known = readOwnNonce(raw.headers.cookie, site)
  const nonce = known ?? (isSent ? newToken() : null)
  if (nonce !== null) way.set('state', stateOf(nonce))
  if (nonce !== null && known === null) reply.header('set-cookie', nonceCookie(nonce, site))
  const page = `${options.portalOrigin}/.factorgate/${decision.reason === 'sign_in_required' ? 'login' : 'challenge'}`
  const url = pageFor(page, way, `${site.origin}${match.app.prefix}/`, options.longestUrl ?? usualLongest)
  // A form for an app is lost, and whoever sent it hears so on a page (FIELD F17). Proxies that show no page of ours have the address alone.
  if (original.redirects && isPage && !isSent) throw new GateError(decision.reason, { wayOn: url })
  reply.header('factorgate-error', decision.reason)
  if (original.redirects && isPage) return reply.redirect(url, 302)
  return reply.code(describeError(decision.reason).status).header('location', url).send(errorBody(decision.reason, url))
}

/** Whoever set up the proxy reads here why it is refused: a stranger's page cannot say it. */
function warn(request: FastifyRequest, { share }: Options, kind: string, facts: object, sentence: string): void {
  const more = share.take(kind)
  if (more !== null) request.log.warn({ reference: request.exchange.id, ...facts, ...more }, sentence)
}

/** Proxies drop `Upgrade` as a matter between them and their client; `Sec-` headers pass, and no page can leave them out (THREATS F9). */
function isHandshake(headers: IncomingHttpHeaders): boolean {
  return (
    headers['sec-websocket-key'] !== undefined ||
    headers['sec-websocket-version'] !== undefined ||
    /\bwebsocket\b/i.test(headers.upgrade ?? '')
  )
}
