/**
 * The step `forward`: the handler that @fastify/http-proxy calls for every request to an app, WebSocket handshakes included. It forwards
 * nothing without a Permit; src/forwarding does the work.
 */
import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { onForeignOrigin, wouldFields } from '../src/apps/authorize.ts'
import type { App } from '../src/apps/route-table.ts'
import { type ErrorCode, GateError } from '../src/errors.ts'
import type { Proof } from '../src/factor/proof.ts'
import {
  type ForwardObserver,
  type ForwardRequest,
  type ForwardResult,
  needsHttp11,
  type RefusalDetails
} from '../src/forwarding/forward-request.ts'
import type { LiveConnections } from '../src/forwarding/live-connections.ts'
import type { LoginRefusal } from '../src/forwarding/login-refusal.ts'
import { originAllowed } from '../src/forwarding/origin.ts'
import { transfer } from '../src/forwarding/transfer.ts'
import { tunnel, type Upgrade } from '../src/forwarding/tunnel.ts'
import type { UpstreamRegistry } from '../src/forwarding/upstreams.ts'
import type { Unsent } from '../src/identity/identity-headers.ts'
import type { Flow } from '../src/metering/flow.ts'
import type { Leads } from '../src/metering/led-requests.ts'
import type { ObservedExchange } from '../src/metering/observation.ts'
import type { ResponseTap } from '../src/metering/response-tap.ts'
import { takesInterim } from '../src/platform/interim-response.ts'
import { endInStages, isLast } from '../src/platform/staged-close.ts'
import { responseToUpgrade } from '../src/platform/upgrade-response.ts'
import type { Permit } from '../src/policy/decision.ts'
import type { Program } from '../src/programs/program.ts'
import type { Principal } from '../src/session/principal.ts'
import type { UpstreamLogin } from '../src/upstream-login/upstream-login.ts'
import type { Exchange } from './exchange.ts'
import { observedExchange } from './observed-exchange.ts'
import { warnOfRemoved, warnOfUnsent } from './unsent-identity.ts'

interface ForwardOptions {
  readonly live: LiveConnections
  readonly upstreams: UpstreamRegistry
  /** `X-Factorgate-Assertion`, if the app asks for it; null for anonymous. */
  readonly assert?: (exchange: Exchange) => string | null
  /** Seconds until the session ends without another use. */
  readonly sessionLasts?: (principal: Principal) => number
  /** Observers of what leaves; null for none. */
  readonly watch?: WatchedFlows | null
  readonly tapOf?: ((app: string) => ResponseTap | null) | null
  /** Null if no app gets logins of people. */
  readonly logins?: LoginObserver | null
  /** `onOpen` for a WebSocket, `onEnd` after every forwarded request or WebSocket. */
  readonly onOpen?: (exchange: Exchange) => void
  readonly onEnd?: (exchange: Exchange, method: string, result: ForwardResult, isSocket: boolean) => void
}

/** Answers of apps to requests with a person's login. */
interface LoginObserver {
  accepted(exchange: Exchange, login: UpstreamLogin): void
  onRefused(exchange: Exchange, login: UpstreamLogin): void
  /** Answers the client in place of the app. */
  answer(request: FastifyRequest, reply: FastifyReply, code: LoginRefusal): void
}

export interface WatchedFlows {
  /** Nobody wants to know of any exchange. */
  readonly isIdle: boolean
  readonly leads: Leads | null
  /** Null if nobody wants to know of this exchange. */
  open(observed: ObservedExchange, app: App, permit: Permit, who: Principal | Program | null): Flow | null
}

export interface Pipeline {
  request(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

/** TRACE has a route so that the accept step can refuse it. */
const methods = METHODS.filter(method => method !== 'CONNECT')
/** Methods that Fastify has by default. */
const readByFastify = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'])

/** What Fastify sees of a request with a body, because it answers 415 to unknown content types. */
const withoutType = { 'content-type': undefined }

const noProofs: readonly Proof[] = []
const upgrades = new WeakMap<IncomingMessage, Upgrade>()

export const forwardPlugin = fp<ForwardOptions>(
  async (app, options) => {
    const { upstreams: registry } = options
    /** Logged oddities and unsent identity values, with their app. */
    const logged = new Set<string>()
    for (const method of methods)
      if (!readByFastify.has(method)) app.addHttpMethod(method, { hasBody: false, overrideExisting: true })

    const forward = (request: FastifyRequest, reply: FastifyReply): void => {
      const { exchange } = request
      const raw = exchange.messageOf(request.raw)
      const { match } = exchange
      if (match.kind !== 'app' || exchange.decision.kind !== 'forward') throw new GateError('internal')
      const upgrade = upgrades.get(request.raw)
      const front = upgrade === undefined ? frontRedirect(exchange, match.app, raw.method as string) : null
      if (front !== null) {
        reply.header('cache-control', 'no-store').redirect(front, 308)
        return
      }
      if (upgrade !== undefined) checkHandshake(exchange, raw, match.app)
      const { permit } = exchange.decision
      const principal = permit.subject === null ? null : exchange.principal
      const program = permit.subject === null ? null : exchange.program
      const forwardRequest: ForwardRequest = {
        req: raw,
        res: reply.raw,
        app: match.app,
        target: exchange.target.raw,
        path: isBare(exchange, match.app) ? '' : match.path,
        query: exchange.target.query,
        permit,
        address: exchange.client.address,
        sessionId: principal?.session.id ?? null,
        program,
        visitor: visitorOf(request),
        affinity: match.app.sticky == null ? null : affinityOf(exchange, match.app.sticky),
        endsAt: earliest(permit.freshUntil, principal?.session.expiresAt ?? program?.token.expiresAt ?? null),
        sessionEndsAt: principal?.session.expiresAt ?? program?.token.expiresAt ?? null,
        sessionLasts:
          principal !== null && match.app.saysSessionEnd ? (options.sessionLasts?.(principal) ?? null) : null,
        proofs: principal?.proofs ?? program?.proofs ?? noProofs,
        upstreamLogin: permit.subject === null ? null : exchange.upstreamLogin,
        binding: exchange.binding,
        deviceOffer: exchange.deviceOffer,
        assertion: match.app.assertion && permit.subject !== null ? (options.assert?.(exchange) ?? null) : null,
        flow:
          options.watch == null || (options.watch.isIdle && program?.token.bytes == null)
            ? null
            : flowOf(options.watch, request, match.app, permit, upgrade !== undefined),
        tap: options.tapOf == null ? null : options.tapOf(match.app.id),
        trace: exchange.trace,
        observer: new ReplyObserver(request, reply, options, upgrade !== undefined, logged)
      }
      const upstreams = registry.of(match.app)
      if (upgrade === undefined) transfer(forwardRequest, upstreams, options.live)
      else tunnel(forwardRequest, upgrade, upstreams, options.live)
    }

    await app.register(async scope => {
      scope.addHook('onRequest', (request, _reply, done) => {
        if (request.raw.headers['content-type'] !== undefined) request.headers = withoutType
        done()
      })
      // http-proxy's parsers leave every body unread. Requests to apps have the route '/' (exchange.ts). Nothing can be sent to this
      // upstream; its short address without a host halves the time in which http-proxy parses it for every request.
      const routes = { routes: ['/'], httpMethods: methods, upstream: 'app:/' }
      await scope.register(httpProxy, { ...routes, handler: forward })
    })
    app.addHook('onReady', async () => registry.start())
    app.addHook('onClose', async () => registry.close())
  },
  { name: 'forward', dependencies: ['upstream-login'] }
)

/** The pipeline of a Fastify app. `upgrade` runs the same steps, and closes the socket after a refusal. */
export function pipelineOf(app: FastifyInstance): Pipeline {
  return {
    request(request, response) {
      // After the last response of a connection nothing is a request (RFC 9112 §9.6).
      if (isLast(request.socket)) return
      // If an upgrade is not accepted, Node drops the bytes of the same chunk, so the connection must not be reused.
      if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false
      // Pages of the gate always read the body. Forwarding sends 100 itself.
      const asksFirst = request.headers.expect !== undefined && takesInterim(request)
      if (asksFirst && request.url?.startsWith('/.factorgate/')) response.writeContinue()
      app.routing(request, response)
    },
    upgrade(request, socket, head) {
      const response = responseToUpgrade(request, socket)
      upgrades.set(request, { socket, head })
      socket.on('error', ignore)
      // Only a refusal emits `finish`. Later bytes on that socket are never parsed as a request (THREATS F8).
      response.on('finish', () => {
        endInStages(socket)
      })
      app.routing(request, response)
    }
  }
}

class ReplyObserver implements ForwardObserver {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  readonly #options: ForwardOptions
  readonly #isSocket: boolean
  readonly #logged: Set<string>

  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    options: ForwardOptions,
    isSocket: boolean,
    logged: Set<string>
  ) {
    this.#logged = logged
    this.#request = request
    this.#reply = reply
    this.#options = options
    this.#isSocket = isSocket
  }

  onResponse(status: number): void {
    this.#reply.hijack()
    this.#request.exchange.isRecorded = true
    this.#onLoginAnswered(status)
    if (this.#isSocket && status === 101) this.#options.onOpen?.(this.#request.exchange)
  }

  onOddities(oddities: readonly string[]): void {
    const { exchange, log } = this.#request
    const app = exchange.match.kind === 'app' ? exchange.match.app.id : ''
    const isNew = (oddity: string) => !this.#logged.has(`${app} ${oddity}`)
    for (const oddity of oddities.filter(isNew)) {
      this.#logged.add(`${app} ${oddity}`)
      log.warn(
        { app, oddity, reference: exchange.id },
        'the app answers in old or broken HTTP: put right, connection not kept'
      )
    }
  }

  onUnsent(unsent: readonly Unsent[]): void {
    const { exchange, log } = this.#request
    if (exchange.match.kind === 'app') warnOfUnsent(log, exchange.match.app.id, unsent, this.#logged)
  }

  onRemoved(names: readonly string[]): void {
    const { exchange, log } = this.#request
    if (exchange.match.kind === 'app') warnOfRemoved(log, exchange.match.app.id, names, this.#logged)
  }

  onRefused(code: ErrorCode, cause: unknown, { cut, retryAfterSeconds, isUnsent = false }: RefusalDetails = {}): void {
    const { exchange } = this.#request
    if (cut !== undefined) exchange.notes = { ...exchange.notes, cut }
    const { logins } = this.#options
    const { upstreamLogin } = exchange
    if (logins != null && (code === 'upstream_login_refused' || code === 'upstream_login_required')) {
      if (upstreamLogin !== null) logins.onRefused(exchange, upstreamLogin)
      exchange.endLoginTrial?.()
      const answer = () => logins.answer(this.#request, this.#reply, code)
      if (exchange.resent === null) return answer()
      // The app refuses the login before it reads the form, so the form goes on waiting.
      return void exchange.resent.end(false).then(answer, answer)
    }
    exchange.endLoginTrial?.()
    const refuse = (continueUrl?: string) =>
      this.#reply.send(
        new GateError(code, {
          cause,
          ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
          ...(continueUrl === undefined ? {} : { continueUrl })
        })
      )
    if (exchange.resent === null) return void refuse()
    exchange.resent.end(!isUnsent).then(refuse, () => refuse())
  }

  /** A failure of the app says nothing of the login, and neither does a missing page. */
  #onLoginAnswered(status: number): void {
    const { exchange } = this.#request
    if (exchange.upstreamLogin !== null && status < 400)
      this.#options.logins?.accepted(exchange, exchange.upstreamLogin)
    exchange.endLoginTrial?.()
  }

  onEnd(result: ForwardResult): void {
    const { exchange, raw } = this.#request
    void exchange.resent?.end(result.cut !== needsHttp11)
    exchange.isRecorded = true
    exchange.endLoginTrial?.()
    this.#options.onEnd?.(
      exchange,
      exchange.messageOf(raw).method as string,
      result,
      this.#isSocket && result.status === 101
    )
  }
}

function flowOf(
  watch: WatchedFlows,
  { exchange, raw }: FastifyRequest,
  app: App,
  permit: Permit,
  isSocket: boolean
): Flow | null {
  const observed = observedExchange(exchange, exchange.messageOf(raw), isSocket, watch.leads)
  return observed === null ? null : watch.open(observed, app, permit, exchange.principal ?? exchange.program)
}

/** A client that sends one may be an unlisted proxy for several people. */
const proxyHeaders = [
  ...['via', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-server'],
  ...['x-real-ip', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip', 'cf-connecting-ip']
]

/** The user of this client connection: a session id, '' for anonymous, or null for an anonymous request through a proxy, which may share the connection. */
function visitorOf({ raw: { headers }, exchange }: FastifyRequest): string | null {
  const { principal, program, client } = exchange
  if (principal !== null) return principal.session.id
  if (program !== null) return `token:${program.token.id}`
  return client.viaTrustedProxy || proxyHeaders.some(name => headers[name] !== undefined) ? null : ''
}

/** The key for one upstream: the person or session, even on public paths; a stranger's address. */
function affinityOf({ principal, program, client }: Exchange, sticky: 'session' | 'person'): string {
  if (program !== null) return sticky === 'session' ? program.token.id : program.subject.id
  if (principal === null) return client.address
  return sticky === 'session' ? principal.session.id : principal.subject.id
}

/** Throws if the handshake may not be forwarded. A report-only app gets it without the person's identity. */
function checkHandshake(exchange: Exchange, request: IncomingMessage, app: App): void {
  const { rawHeaders } = request
  const hasBody = rawHeaders.some((name, i) => i % 2 === 0 && /^(?:content-length|transfer-encoding)$/i.test(name))
  if (request.method !== 'GET' || hasBody) throw new GateError('upgrade_refused')
  const { decision } = exchange
  const isSignedIn = decision.kind === 'forward' && decision.permit.subject !== null
  // Only browsers open sockets for other sites, and they say so.
  if (exchange.program !== null && request.headers.origin === undefined) return
  if (originAllowed(request.headers.origin, app, isSignedIn)) return
  const asNobody = onForeignOrigin(app)
  if (asNobody?.would === undefined) throw new GateError('foreign_origin')
  exchange.decision = asNobody
  exchange.notes = { ...exchange.notes, ...wouldFields(asNobody.would) }
}

/** The redirect from `/nb` to `/nb/`, for relative links on the front page of an app that does not know its prefix. */
function frontRedirect(exchange: Exchange, app: App, method: string): string | null {
  if (!isBare(exchange, app) || (method !== 'GET' && method !== 'HEAD')) return null
  if (app.upstreams.every(({ basePath }) => basePath === app.prefix)) return null
  return `${app.origin}${app.prefix}/${exchange.target.query}`
}

/** `/nb` if the app is at `/nb`. */
function isBare({ target }: Exchange, app: App): boolean {
  return app.prefix !== '' && target.path === app.prefix
}

function earliest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

function ignore(): void {}
