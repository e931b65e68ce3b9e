/**
 * Whether a request may reach an app: the policy decision, and refusals for outages, maintenance, service workers on the portal's host, and WebDAV
 * destinations.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { AuditSink } from '../audit/event.ts'
import type { Demand, Who } from '../budgets/demand.ts'
import type { Clock } from '../clock.ts'
import type { Binding } from '../device/binding.ts'
import type { ErrorCode } from '../errors.ts'
import { isFullySignedIn, type Proof } from '../factor/proof.ts'
import type { Subject } from '../identity/subject.ts'
import { decide, forwardAsNobody, type Question } from '../policy/decide.ts'
import type { Decision, Permit, Would } from '../policy/decision.ts'
import { anySecondFactor } from '../policy/evaluate.ts'
import type { Tightening } from '../policy/tightening.ts'
import type { Program, TokenFailure } from '../programs/program.ts'
import { type ProgramToken, scopeOf } from '../programs/program-token.ts'
import type { Client } from '../request/client.ts'
import type { Target } from '../request/target.ts'
import type { StoreUnreachable } from '../store/store.ts'
import { consoleApp, consolePolicy, consolePrefix, isConsole } from './console-policy.ts'
import { methodsInQuery, overridesIn } from './method-override.ts'
import { type Message, type ReturnTo, returnTo } from './return-to.ts'
import { type App, type Maintenance, type Match, ownPrefix, type RouteTable, type Site } from './route-table.ts'
import { destinationReadings } from './webdav-destination.ts'

export type AppMatch = Extract<Match, { readonly kind: 'app' }>

/** Demands of the watch. */
export interface Demands {
  /** True where only tokens have limits. */
  readonly onlyOfPrograms?: boolean
  /** Null if nothing is demanded. `who`: null for a stranger. `token`: that of the program that asks; null for a person. */
  on(app: App, permit: Permit, who: Who | null, token: ProgramToken | null): Demand | null
  /** Null if `on` can answer now; otherwise it resolves when the store has been asked, and never rejects. */
  ready?(app: App, who: Who): Promise<unknown> | null
  readonly hasRoom?: boolean
  /**
   * Null if a request may begin now; otherwise it resolves when there is room, or `on` refuses the request. Never rejects. `hasBody`: the request brings bytes.
   * A `path` that was counted already takes nothing from a budget of distinct paths.
   */
  room?(
    app: App,
    who: Who | null,
    token: ProgramToken | null,
    asked: { readonly hasBody: boolean; readonly path: string }
  ): Promise<unknown> | null
}

export type TighteningOf = (app: string) => Tightening | null

export interface AccessContext {
  readonly routes: RouteTable
  readonly clock: Clock
  /** Null if nothing will be forwarded. */
  readonly audit: Pick<AuditSink, 'writable'> | null
  readonly demands?: Demands | null
  /** What the posture of an app adds to its rules; null for nothing. Each request asks it. */
  readonly tighteningOf?: TighteningOf | null
}

interface AccessRequest {
  readonly match: Match
  readonly target: Target
  readonly client: Pick<Client, 'address'>
  readonly principal: {
    readonly subject: Subject
    readonly proofs: readonly Proof[]
    readonly session?: { readonly id: string }
  } | null
  /** Of the sign-in's device key on this host. */
  readonly binding?: Binding
  /** A program that asks with a token; then `principal` is null. */
  readonly program?: Program | null
  /** Why a presented token counts for nothing. */
  readonly tokenFailure?: TokenFailure | null
  readonly storeFailure: StoreUnreachable | null
}

interface Refusal {
  readonly kind: 'refuse'
  readonly reason: Extract<
    ErrorCode,
    | 'not_allowed'
    | 'lockdown'
    | 'bad_request'
    | StoreUnreachable['code']
    | 'journal_unwritable'
    | 'app_maintenance'
    | 'budget_spent'
    | 'token_not_allowed'
    | 'token_spent'
    | TokenFailure
  >
  /** Null if the policy was not asked. */
  readonly decision: Decision | null
  readonly retryAfterSeconds?: number
  readonly cause?: Error
}

export type ChallengeAccess = Extract<Decision, { kind: 'challenge' }> & {
  readonly match: AppMatch
  readonly returnTo: ReturnTo
}

export type AppAccess = Extract<Decision, { kind: 'forward' }> | ChallengeAccess | Refusal
type Access = Exclude<Match, AppMatch> | AppAccess

const nobody: readonly Proof[] = []
const retrySeconds = 2
const maintenanceSeconds = 300
const programWaitSeconds = 60

export function authorize(
  context: AccessContext,
  request: AccessRequest & { match: AppMatch },
  message: Message
): AppAccess
export function authorize(context: AccessContext, request: AccessRequest, message: Message): Access
export function authorize(context: AccessContext, request: AccessRequest, message: Message): Access {
  const { match } = request
  if (match.kind !== 'app') return match
  if (isWorkerBesidePortal(message.headers, match.site))
    return { kind: 'refuse', reason: 'not_allowed', decision: null }
  const question = questionOf(context, request, match, message)
  if (question === null) return { kind: 'refuse', reason: 'bad_request', decision: null }
  const { app } = match
  const tokenRefusal = refusedToken(request, match, question)
  if (tokenRefusal !== null) {
    if (app.isReportOnly !== true) return tokenRefusal
    return forwardAsNobody(app.id, { kind: 'refuse', reason: tokenRefusal.reason })
  }
  const decision = decide(question)
  if (decision.kind === 'forward') {
    if (context.audit !== null && !context.audit.writable && !app.isReportOnly)
      return unavailable('journal_unwritable', decision, retrySeconds)
    if (app.maintenance !== null)
      return unavailable('app_maintenance', decision, maintenanceWait(app.maintenance, context.clock()))
    if (decision.would !== undefined && request.storeFailure !== null)
      return forwardAsNobody(app.id, { kind: 'refuse', reason: request.storeFailure.code })
    const { demands } = context
    const isUnwatched = demands == null || (demands.onlyOfPrograms === true && request.program == null)
    return isUnwatched || app.isReportOnly ? decision : underWatch(demands, request, match, decision, message)
  }
  // A sign-in would not help while the store is down. Public paths need no store.
  if (request.storeFailure !== null) {
    const { code, retryAfterSeconds } = request.storeFailure
    return unavailable(code, decision, retryAfterSeconds, request.storeFailure)
  }
  if (decision.kind === 'refuse')
    return request.program == null || decision.reason === 'lockdown'
      ? { ...decision, decision }
      : { ...decision, reason: 'token_not_allowed', decision }
  const { site } = match
  return { ...decision, match, returnTo: returnTo(message, request.target.raw, site, app, decision.reason) }
}

/** The app's rules still decide whether the token's owner may. */
function refusedToken(
  { program = null, tokenFailure = null }: AccessRequest,
  { app }: AppMatch,
  question: Question
): Refusal | null {
  if (tokenFailure !== null)
    return {
      kind: 'refuse',
      reason: tokenFailure,
      decision: null,
      ...(tokenFailure === 'too_many_attempts' ? { retryAfterSeconds: retrySeconds } : {})
    }
  if (program === null) return null
  const { token } = program
  const covers = token.app === app.id && app.tokens != null
  const scope = { ...question, policy: scopeOf(token), isReportOnly: false, tightening: null }
  if (covers && decide(scope).kind === 'forward') return null
  return { kind: 'refuse', reason: 'token_not_allowed', decision: null }
}

/** Null if the request can be judged now. Otherwise it resolves when the store has told what is demanded, and a budget has room. Never rejects. */
export function beforeAuthorize(
  demands: Demands | null | undefined,
  { app, path }: AppMatch,
  { principal, program = null }: Pick<AccessRequest, 'principal' | 'program'>,
  message: Message
): Promise<unknown> | null {
  if (demands == null || app.isReportOnly === true) return null
  if (app.isGuarded !== true && demands.hasRoom === true) return null
  const who = whoAsks(principal, program)
  const known = app.isGuarded === true && who !== null ? (demands.ready?.(app, who) ?? null) : null
  const room = () =>
    demands.hasRoom === true
      ? null
      : (demands.room?.(app, who, program?.token ?? null, { hasBody: hasBody(message), path }) ?? null)
  return known === null ? room() : known.then(room)
}

/** After a handshake the client may send too. */
function hasBody({ headers }: Message): boolean {
  const length = headers['content-length']
  return (
    (length !== undefined && length !== '0') ||
    headers['transfer-encoding'] !== undefined ||
    headers.upgrade !== undefined
  )
}

function whoAsks(principal: AccessRequest['principal'], program: Program | null): Who | null {
  const subject = principal?.subject ?? program?.subject ?? null
  const session = principal?.session?.id ?? null
  const token = program?.token.id ?? null
  if (subject === null || (session === null && token === null)) return null
  return { account: subject.id, session, token, proofs: principal?.proofs ?? nobody }
}

function underWatch(
  demands: Demands,
  { principal, program = null, target }: AccessRequest,
  match: AppMatch,
  decision: Extract<Decision, { kind: 'forward' }>,
  message: Message
): AppAccess {
  const { subject } = decision.permit
  const session = principal?.session?.id
  const token = program?.token.id ?? null
  const who =
    subject === null || (session === undefined && token === null)
      ? null
      : { account: subject.id, session: session ?? null, token, proofs: principal?.proofs ?? nobody }
  const demand = demands.on(match.app, decision.permit, who, program?.token ?? null)
  if (demand === null) return decision
  if (demand.kind === 'refuse' && demand.isQuota) return { kind: 'refuse', reason: 'token_spent', decision }
  if (demand.kind === 'refuse') return unavailable('budget_spent', decision, demand.retryAfterSeconds)
  if (demand.kind === 'store_unreachable') {
    const { tooNew } = demand
    // The log names the record, which needs a newer release.
    if (tooNew !== null) return unavailable(tooNew.code, decision, tooNew.retryAfterSeconds, tooNew)
    return unavailable('store_unreachable', decision, retrySeconds)
  }
  if (program !== null) return unavailable('budget_spent', decision, programWaitSeconds)
  const { reason, requirement } = demand
  const asked = { kind: 'challenge', reason, requirement } as const
  return { ...asked, match, returnTo: returnTo(message, target.raw, match.site, match.app, reason) }
}

/** Null for other addresses than the console's. People who are half signed in learn of no console. */
export function authorizeConsole(
  { clock }: Pick<AccessContext, 'clock'>,
  { match, target, client, principal }: Omit<AccessRequest, 'storeFailure'>,
  method: string
): Decision | null {
  if (match.kind !== 'own' || !match.site.isPortal || !isConsole(match.path)) return null
  const inside = (reading: string) => reading.slice(ownPrefix.length + consolePrefix.length) || '/'
  const decision = decide({
    appId: consoleApp.id,
    policy: consolePolicy,
    readings: target.readings.map(inside),
    method,
    address: client.address,
    subject: principal === null ? null : principal.subject,
    proofs: principal === null ? nobody : principal.proofs,
    now: clock()
  })
  return decision.kind === 'challenge' && !isFullySignedIn(principal?.proofs ?? nobody)
    ? { ...decision, requirement: anySecondFactor }
    : decision
}

/**
 * Null refuses a WebSocket handshake from a foreign origin. A report-only app gets it without the person's identity, because a foreign page may have sent it
 * (THREATS F9).
 */
export function onForeignOrigin(app: App): Extract<Decision, { kind: 'forward' }> | null {
  return app.isReportOnly ? forwardAsNobody(app.id, { kind: 'refuse', reason: 'foreign_origin' }) : null
}

export function wouldFields({ kind, reason }: Would): { readonly would: Would['kind']; readonly reason: ErrorCode } {
  return { would: kind, reason }
}

/** Null if the WebDAV destination is refused. */
export function questionOf(
  { routes, clock, tighteningOf }: AccessContext,
  { target: { query }, client, principal: person, program = null, binding = 'none' }: AccessRequest,
  { app, site, readings }: AppMatch,
  message: Message
): Question | null {
  const method = message.method as string
  const principal = program ?? person
  const destination = message.headers.destination as string | undefined
  const there = destination === undefined ? null : destinationReadings(destination, app, site, routes)
  if (there === null && destination !== undefined) return null
  let alsoAs = query === '' ? undefined : methodsInQuery(method, query)
  const overrides = overridesIn(message, app)
  if (overrides.length > 0) alsoAs = [...(alsoAs ?? []), ...overrides]
  return {
    appId: app.id,
    policy: app.policy,
    readings: there === null ? readings : [...readings, ...there],
    method,
    alsoAs,
    address: client.address,
    subject: principal === null ? null : principal.subject,
    proofs: principal === null ? nobody : principal.proofs,
    now: clock(),
    isReportOnly: app.isReportOnly === true,
    tightening: tighteningOf == null ? null : tighteningOf(app.id),
    binding
  }
}

/** A service worker on the portal's host could read what people type. */
function isWorkerBesidePortal(headers: IncomingHttpHeaders, site: Site): boolean {
  return site.isPortal && headers['service-worker'] !== undefined
}

function maintenanceWait({ until }: Maintenance, now: number): number {
  const at = until?.at ?? null
  return at === null || at <= now ? maintenanceSeconds : Math.ceil((at - now) / 1000)
}

function unavailable(reason: Refusal['reason'], decision: Decision, retryAfterSeconds: number, cause?: Error): Refusal {
  return { kind: 'refuse', reason, decision, retryAfterSeconds, ...(cause === undefined ? {} : { cause }) }
}
