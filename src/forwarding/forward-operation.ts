/** The base class of transfers and tunnels. */
import { performance } from 'node:perf_hooks'
import { overridesIn } from '../apps/method-override.ts'
import type { App } from '../apps/route-table.ts'
import type { ErrorCode } from '../errors.ts'
import type { Direction, Flow, Holder } from '../metering/flow.ts'
import { takesInterim, writeInterim } from '../platform/interim-response.ts'
import { type ResponseHandler, type UpstreamConnection, UpstreamError } from '../upstream/connection.ts'
import type { InterimHead } from '../upstream/response-parser.ts'
import { takeTied, wasRefused } from '../upstream/tied-connections.ts'
import { type ForwardRequest, refusalOf } from './forward-request.ts'
import { inboundHeaders } from './inbound.ts'
import type { LiveEntry, LiveRequest, Registration } from './live-connections.ts'
import { type CloseCode, closeCodes, type LiveConnections } from './live-connections.ts'
import type { LoginRefusal } from './login-refusal.ts'
import { type Outbound, type OutboundPlan, outboundHeaders, requestHead } from './outbound.ts'
import type { RequestBody } from './request-body.ts'
import { type AppUpstreams, explainFailure } from './upstreams.ts'
import { toUpstreamPath } from './url-mapping.ts'

/** These may be sent again (RFC 9110 §9.2.2). */
const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH'])

const retrySeconds = 2

export abstract class ForwardOperation implements LiveEntry, Holder {
  protected readonly forwardRequest: ForwardRequest
  protected readonly flow: Flow | null
  protected readonly upstreams: AppUpstreams
  protected status: number | null = null
  protected bytesOut = 0
  protected cutBy: string | null = null
  protected isOver = false
  protected connection: UpstreamConnection | null = null
  /** The current upstream comes last. */
  protected readonly tried: number[] = []
  #failure: UpstreamError | null = null
  #slowConnects = 0
  readonly #startedAt = performance.now()
  readonly #registration: Registration

  constructor(forwardRequest: ForwardRequest, upstreams: AppUpstreams, live: LiveConnections) {
    this.forwardRequest = forwardRequest
    this.flow = forwardRequest.flow
    this.upstreams = upstreams
    this.#registration = live.add(this)
  }

  abstract get isSocket(): boolean
  protected abstract get bytesIn(): number
  abstract end(reason: string, closeCode: CloseCode, code?: ErrorCode): void
  abstract goOn(direction: Direction): void

  get sessionId(): string | null {
    return this.forwardRequest.sessionId
  }

  get tokenId(): string | null {
    return this.forwardRequest.program?.token.id ?? null
  }

  get accountId(): string | null {
    return this.forwardRequest.permit.subject?.id ?? null
  }

  get appId(): string {
    return this.forwardRequest.app.id
  }

  get groups(): readonly string[] {
    return this.forwardRequest.permit.subject?.groups ?? []
  }

  get bytesMoved(): number {
    return this.bytesIn + this.bytesOut
  }

  get endsAt(): number | null {
    return this.forwardRequest.endsAt
  }

  get app(): App {
    return this.forwardRequest.app
  }

  protected get overrides(): readonly string[] {
    return overridesIn(this.forwardRequest.req, this.app)
  }

  protected get isRepeatable(): boolean {
    return repeatable.has(this.forwardRequest.req.method as string) && this.overrides.every(one => repeatable.has(one))
  }

  get asked(): LiveRequest {
    const { req, target, address, permit, proofs, binding, program, sessionEndsAt } = this.forwardRequest
    const { host, origin } = req.headers
    return {
      host,
      target,
      method: req.method as string,
      destination: req.headers.destination as string | undefined,
      overrides: this.overrides,
      origin,
      address,
      subject: permit.subject,
      proofs,
      binding,
      program,
      sessionEndsAt
    }
  }

  renew(endsAt: number | null): void {
    this.forwardRequest.endsAt = endsAt
  }

  cut(reason: string, code: ErrorCode): void {
    this.end(reason, closeCodes.policy, code)
  }

  protected abstract bodyOf(outbound: Outbound): RequestBody | null
  protected abstract refuse(error: UpstreamError): void

  protected get plan(): OutboundPlan {
    return this.upstreams.plans[this.tried.at(-1) as number]!
  }

  protected ask(handler: ResponseHandler, isUpgrade: boolean, isFresh: boolean): void {
    const { req, app, path, query, affinity, trace } = this.forwardRequest
    const { connectTimeoutMs, responseTimeoutMs } = app
    const { balancer } = this.upstreams
    const tied = isUpgrade ? null : this.#takeTied()
    const index = tied === null ? balancer.next(this.tried, affinity) : balancer.indexOf(tied.pool)
    if (index < 0) return this.refuse(this.#failure ?? noneIsUp(app))
    this.tried.push(index)
    const { plan } = this
    const method = req.method as string
    if (trace !== null) trace.ask(method, app.upstreams[index]!)
    const outbound = outboundHeaders(plan, req.rawHeaders, this.forwardRequest, isUpgrade)
    const { tiesConnection, unsent, removed } = outbound
    if (unsent !== null) this.forwardRequest.observer.onUnsent(unsent)
    if (removed !== null) this.forwardRequest.observer.onRemoved(removed)
    // The first leg of NTLM goes without its body (README, "NTLM's first leg").
    const sent = outbound.isFirstLeg && wasRefused(this.forwardRequest) ? withoutBody(outbound) : outbound
    const head = requestHead(method, toUpstreamPath(path, plan.mapping) + query, sent)
    if (head === null) {
      tied?.destroy()
      return this.refuse(new UpstreamError('invalid_request', 'a control byte in a header line', false))
    }
    const body = this.bodyOf(sent)
    if (sent !== outbound && req.headers.expect !== undefined) this.forwardRequest.res.writeContinue()
    const { forwardRequest: requester } = this
    const request = { method, head, body, isUpgrade, requester, tiesConnection, connectTimeoutMs, responseTimeoutMs }
    const pool = balancer.pool(index)
    const isTrial = balancer.asked(index)
    if (tied !== null) {
      this.connection = tied
      pool.sendTied(request, handler, tied)
      return
    }
    const isNew = isFresh || isTrial || tiesConnection || body !== null || !this.isRepeatable
    this.connection = pool.send(request, handler, isNew)
    if (this.connection !== null) return
    this.#failure = new UpstreamError('pool_exhausted', 'too many connections to it', false)
    trace?.failed('pool_exhausted')
    this.ask(handler, isUpgrade, isFresh)
  }

  onConnect(): void {
    this.upstreams.balancer.reached(this.tried.at(-1) as number)
  }

  /** HTTP/1.0 knows no interim responses (RFC 9110 §15.2). */
  onInterim({ status, headers: raw }: InterimHead): void {
    const { req, res } = this.forwardRequest
    if (this.isOver || res.destroyed || !takesInterim(req)) return
    writeInterim(res, status, inboundHeaders(raw, status, this.plan.mapping).headers)
  }

  #takeTied(): UpstreamConnection | null {
    const tied = takeTied(this.forwardRequest)
    if (tied === null || this.upstreams.balancer.indexOf(tied.pool) >= 0) return tied
    tied.destroy()
    return null
  }

  /** Marks the upstream as down. Another may be asked if no byte was read, after two timeouts at most. */
  protected mayAskAnother(error: UpstreamError): boolean {
    this.#failure = error
    this.forwardRequest.trace?.failed(error.failure)
    const index = this.tried.at(-1) as number
    this.upstreams.balancer.refused(index, this.#explain(error) ?? error.message)
    if (error.failure === 'timeout') this.#slowConnects++
    return this.#slowConnects < 2
  }

  #explain(error: UpstreamError): string | null {
    const { app } = this.forwardRequest
    const upstream = app.upstreams[this.tried.at(-1) ?? -1]
    return upstream === undefined ? null : explainFailure(app, upstream, error)
  }

  protected decline(error: UpstreamError): void {
    this.isOver = true
    this.#registration.release()
    const { observer, trace } = this.forwardRequest
    trace?.failed(error.failure)
    const trouble = this.#explain(error)
    const told =
      trouble === null ? error : new UpstreamError(error.failure, trouble, error.wasSent, { cause: error.cause })
    const code = refusalOf(error)
    this.flow?.end(code)
    if (error.wasSent || code === 'bad_request') return observer.onRefused(code, told)
    const waitSeconds = Math.ceil(this.upstreams.balancer.waitMs / 1000)
    observer.onRefused(code, told, { retryAfterSeconds: Math.max(waitSeconds, retrySeconds), isUnsent: true })
  }

  protected turnAway(code: ErrorCode, reason: string): void {
    this.isOver = true
    this.#registration.release()
    this.flow?.end(reason)
    this.forwardRequest.trace?.failed('cancelled')
    this.forwardRequest.observer.onRefused(code, undefined, { cut: reason })
  }

  /** The app has refused the person's login. */
  protected turnAwayLogin(code: LoginRefusal, status: number): void {
    this.isOver = true
    this.#registration.release()
    this.connection?.destroy()
    this.connection = null
    this.flow?.end(code)
    this.forwardRequest.trace?.forwarded(status, this.bytesIn, 0, null)
    this.forwardRequest.observer.onRefused(code, undefined)
  }

  protected report(): void {
    this.isOver = true
    this.#registration.release()
    const { status, bytesIn, bytesOut, cutBy: cut } = this
    this.flow?.end(cut)
    const outcome = cut === null ? 'complete' : 'cut'
    const durationMs = performance.now() - this.#startedAt
    this.forwardRequest.trace?.forwarded(status, bytesIn, bytesOut, cut)
    this.forwardRequest.observer.onEnd({ status, bytesIn, bytesOut, outcome, cut, durationMs })
  }
}

function noneIsUp(app: App): UpstreamError {
  return new UpstreamError('connect_failed', `app '${app.id}': none of its upstreams is up`, false)
}

function withoutBody(outbound: Outbound): Outbound {
  const headers = outbound.headers.flatMap((name, i, all) =>
    i % 2 === 1 || name.toLowerCase() === 'content-length' ? [] : [name, all[i + 1] as string]
  )
  return { ...outbound, headers, body: 'none' }
}
