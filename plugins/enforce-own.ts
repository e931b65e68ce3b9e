/** Who may see the gate's own pages: each route declares whom it requires. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { authorizeConsole, type Demands, type TighteningOf } from '../src/apps/authorize.ts'
import { isConsole } from '../src/apps/console-policy.ts'
import { type Match, ownPrefix, type RouteTable } from '../src/apps/route-table.ts'
import type { AuditSink } from '../src/audit/event.ts'
import type { Clock } from '../src/clock.ts'
import { GateError } from '../src/errors.ts'
import { anyFactor, isFresh } from '../src/factor/proof.ts'
import type { ChallengeReason, RefuseReason } from '../src/policy/decision.ts'
import { wantsPage } from '../src/request/wants-page.ts'
import type { Principal } from '../src/session/sessions.ts'
import { type ChallengeContext, challenge, isPageRead, sendAgainHere, sendAway } from './challenge.ts'
import { returnQueryOf } from './challenge-url.ts'
import { isFromElsewhere, offerKey, returnAddress } from './device-port.ts'
import type { Requires } from './exchange.ts'
import { pageAfterProof } from './form-page.ts'
import { isFramedStep } from './frame-page.ts'

export interface OwnContext extends ChallengeContext {
  readonly routes: RouteTable
  readonly audit: AuditSink
  readonly clock: Clock
  readonly demands: Demands | null
  readonly tighteningOf: TighteningOf | null
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served on every host. Other routes are served on the portal's host only. */
    everyHost?: boolean
    /** Answers data. Other routes are pages, which only documents may load. */
    isData?: boolean
    /** A step with a return address in its query: after signing in again, people continue there. */
    isStep?: boolean
    /** Handles a repeated submission of the same form itself. */
    isRepeatable?: boolean
  }
}

const retrySeconds = 2

/** Fails at start if a route does not say whom it requires. */
export function requireDeclarations(app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    if (route.url.startsWith('/.factorgate') && route.config?.requires === undefined)
      throw new Error(`route ${route.url} does not say whom it requires`)
    if (isConsole(route.url.slice(ownPrefix.length)) !== (route.config?.requires === 'console'))
      throw new Error(`route ${route.url} is a page of the console, or says so, and not both`)
  })
}

export function enforceOwn(
  context: OwnContext,
  request: FastifyRequest,
  reply: FastifyReply,
  match: Match & { kind: 'own' },
  done: (error?: Error) => void
): void {
  const { exchange } = request
  const { device, audit } = context
  const config = request.routeOptions.config
  if (request.is404) return done(new GateError('not_found'))
  const requires = config.requires as Requires
  if (!match.site.isPortal && config.everyHost !== true) {
    reply.header('cache-control', 'no-store').redirect(context.portalOrigin + exchange.target.raw, 302)
    return
  }
  // An app's service worker may fetch the end of a hand-over.
  const isWorkerFetch =
    !match.site.isPortal && request.raw.headers['sec-fetch-dest'] === 'empty' && isCallback(match.path)
  if (config.isData !== true && !isWorkerFetch && isSubresourceRequest(request.raw)) {
    if (!isFramedStep(request.raw, match.path.replace(/\?.*/s, ''))) return done(new GateError('foreign_origin'))
    exchange.framed = 'step'
  }
  // The addresses that browsers call for their keys need no cookie.
  if ((config.isData !== true || requires !== 'anyone') && sendAgainHere(device, request, reply, match.site)) return
  if (device !== null && config.isData !== true && isPageRead(request.raw)) {
    if (exchange.stale !== null && match.site.isPortal && isFromElsewhere(request.raw.headers)) {
      sendAway(reply, returnAddress(match.site, exchange.target.raw))
      return
    }
    offerKey(device, exchange.principal, reply)
  }
  if (requires === 'anyone') return done()
  if (exchange.storeFailure !== null) return done(exchange.storeFailure)
  if (!audit.writable) return done(new GateError('journal_unwritable', { retryAfterSeconds: retrySeconds }))
  const verdict =
    requires === 'console'
      ? consoleVerdict(context, request)
      : missingFor(requires, exchange.principal, context.clock())
  if (verdict === null) return done()
  if (verdict === 'not_allowed' || verdict === 'lockdown') return done(new GateError(verdict))
  const reason = verdict === 'sign_in_required' && exchange.stale !== null ? 'device_proof_required' : verdict
  // The first submission has replaced the token; the handler repeats its response (portal/answer-once.ts).
  if (config.isRepeatable && verdict === 'sign_in_required' && wantsPage(request.raw)) return done()
  const given = config.isStep ? returnQueryOf(exchange.target.query) : null
  const returnQuery = given?.has('rd')
    ? given
    : new URLSearchParams({ rd: match.site.origin + pageAfterProof(request) })
  challenge(context, request, reply, { match, reason, returnQuery }, done)
}

function consoleVerdict(
  context: OwnContext,
  { exchange, method }: FastifyRequest
): ChallengeReason | RefuseReason | null {
  const decision = authorizeConsole(context, exchange, method)
  if (decision?.kind === 'forward') return null
  return decision === null ? 'not_allowed' : decision.reason
}

function missingFor(
  requires: Exclude<Requires, 'console'>,
  principal: Principal | null,
  now: number
): ChallengeReason | null {
  if (principal === null || principal.proofs.length === 0) return 'sign_in_required'
  if (requires === 'first-factor') return null
  if (!principal.isFullySignedIn) return 'second_factor_required'
  if (requires === 'signed-in') return null
  const taken = requires === 'fresh-anywhere' ? anyFactor : undefined
  return isFresh(principal.proofs, now, taken) ? null : 'fresh_proof_required'
}

function isCallback(path: string): boolean {
  return path.replace(/\?.*/s, '') === '/callback'
}

/** Requests of scripts, frames and workers must not read the portal's pages, otherwise an app on the portal's origin could read the CSRF tokens. */
function isSubresourceRequest({ headers }: IncomingMessage): boolean {
  const dest = headers['sec-fetch-dest']
  return dest !== undefined && dest !== 'document'
}
