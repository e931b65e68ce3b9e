/**
 * Authorization of one request: what `decide()` is asked, and what its verdict comes to while the store, the journal or the app is out of
 * service. In-line enforcement, forward-auth, return addresses, `explain` and the review of open connections all call it.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { AuditSink } from '../audit/event.ts'
import type { Clock } from '../clock.ts'
import type { ErrorCode } from '../errors.ts'
import type { Proof } from '../factor/proof.ts'
import type { Subject } from '../identity/subject.ts'
import { decide, type Question } from '../policy/decide.ts'
import type { Decision } from '../policy/decision.ts'
import type { Client } from '../request/client.ts'
import type { Target } from '../request/target.ts'
import type { StoreUnreachable } from '../store/store.ts'
import { methodsInHeaders, methodsInQuery } from './method-override.ts'
import { type Message, type ReturnTo, returnTo } from './return-to.ts'
import type { Match, RouteTable, Site } from './route-table.ts'
import { destinationReadings } from './webdav-destination.ts'

export type AppMatch = Extract<Match, { readonly kind: 'app' }>

/** What the gate answers with. */
export interface Gate {
  readonly routes: RouteTable
  readonly clock: Clock
  /** What is forwarded must be recorded; null where nothing will be forwarded. */
  readonly audit: Pick<AuditSink, 'writable'> | null
}

/** Who asks for what. An exchange is one, so that a request in line costs no object more. */
export interface AccessRequest {
  readonly match: Match
  readonly target: Target
  readonly client: Pick<Client, 'address'>
  /** Null for nobody. */
  readonly principal: { readonly subject: Subject; readonly proofs: readonly Proof[] } | null
  /** Why the store could not say who this is; null where it could. */
  readonly storeFailure: StoreUnreachable | null
}

export interface Refusal {
  readonly kind: 'refuse'
  readonly reason: Extract<
    ErrorCode,
    'not_allowed' | 'bad_request' | StoreUnreachable['code'] | 'journal_unwritable' | 'app_maintenance'
  >
  /** What the rules say; null where they were not asked. */
  readonly decision: Decision | null
  readonly retryAfterSeconds?: number
  readonly cause?: Error
}

export type Challenge = Extract<Decision, { kind: 'challenge' }> & {
  readonly match: AppMatch
  readonly returnTo: ReturnTo
}

/** What comes of a request for an app. */
export type AppAccess = Extract<Decision, { kind: 'forward' }> | Challenge | Refusal
/** With `none` and `own` no rule is asked: the address belongs to nobody, or to the gate itself. */
export type Access = Exclude<Match, AppMatch> | AppAccess

const nobody: readonly Proof[] = []
/** How soon a client may try again while the store or the journal is down, and while an app is in maintenance. */
const retrySeconds = 2
const maintenanceSeconds = 300

export function authorize(gate: Gate, request: AccessRequest & { match: AppMatch }, message: Message): AppAccess
export function authorize(gate: Gate, request: AccessRequest, message: Message): Access
export function authorize(gate: Gate, request: AccessRequest, message: Message): Access {
  const { match } = request
  if (match.kind !== 'app') return match
  if (isWorkerBesidePortal(message.headers, match.site))
    return { kind: 'refuse', reason: 'not_allowed', decision: null }
  const question = questionOf(gate, request, match, message)
  if (question === null) return { kind: 'refuse', reason: 'bad_request', decision: null }
  const decision = decide(question)
  if (decision.kind === 'forward') {
    if (gate.audit !== null && !gate.audit.writable) return unavailable('journal_unwritable', decision, retrySeconds)
    if (match.app.maintenance !== null) return unavailable('app_maintenance', decision, maintenanceSeconds)
    return decision
  }
  // Somebody is nobody only because the store could not be asked: the gate has failed, and a sign-in would not help. A public path needs no store.
  if (request.storeFailure !== null)
    return unavailable(request.storeFailure.code, decision, retrySeconds, request.storeFailure)
  if (decision.kind === 'refuse') return { ...decision, decision }
  const { site, app } = match
  return { ...decision, match, returnTo: returnTo(message, request.target.raw, site, app, decision.reason) }
}

/** What the rules are asked; null for a WebDAV destination that the app could place elsewhere than the gate does. */
export function questionOf(
  { routes, clock }: Gate,
  { target: { query }, client, principal }: AccessRequest,
  { app, site, readings }: AppMatch,
  message: Message
): Question | null {
  const method = message.method as string
  const destination = message.headers.destination as string | undefined
  const there = destination === undefined ? null : destinationReadings(destination, app, site, routes)
  if (there === null && destination !== undefined) return null
  let alsoAs = query === '' ? undefined : methodsInQuery(method, query)
  if (message.keepsOverrides === true) alsoAs = [...(alsoAs ?? []), ...methodsInHeaders(message.headers)]
  return {
    appId: app.id,
    policy: app.policy,
    // One question for both places: the strictest reading of either counts.
    readings: there === null ? readings : [...readings, ...there],
    method,
    alsoAs,
    address: client.address,
    subject: principal === null ? null : principal.subject,
    proofs: principal === null ? nobody : principal.proofs,
    now: clock()
  }
}

/** True for the script of a service worker on the portal's host: it would see what people type into the gate's own pages. */
function isWorkerBesidePortal(headers: IncomingHttpHeaders, site: Site): boolean {
  return site.isPortal && headers['service-worker'] !== undefined
}

function unavailable(reason: Refusal['reason'], decision: Decision, retryAfterSeconds: number, cause?: Error): Refusal {
  return { kind: 'refuse', reason, decision, retryAfterSeconds, ...(cause === undefined ? {} : { cause }) }
}
