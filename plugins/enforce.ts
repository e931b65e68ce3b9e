/**
 * The step `enforce`: asks `authorize()` about each request and answers those it does not permit. At start it fails if a
 * page of the gate does not declare what it requires.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import {
  type AppMatch,
  authorize,
  authorizeConsole,
  beforeAuthorize,
  type Demands,
  type TighteningOf,
  wouldFields
} from '../src/apps/authorize.ts'
import { isConsole } from '../src/apps/console-policy.ts'
import { askOfKept, isRead } from '../src/apps/return-to.ts'
import { type Match, ownPrefix, type RouteTable, type Site } from '../src/apps/route-table.ts'
import type { AuditSink } from '../src/audit/event.ts'
import type { Clock } from '../src/clock.ts'
import type { ServedFile } from '../src/decoys/served-file.ts'
import { describeError, GateError } from '../src/errors.ts'
import { isFresh } from '../src/factor/proof.ts'
import { isKeptMethod } from '../src/kept/keepable.ts'
import type { ChallengeReason, RefuseReason } from '../src/policy/decision.ts'
import { acceptsPage, wantsPage } from '../src/request/wants-page.ts'
import { learnWorkerScript } from '../src/request/worker-scripts.ts'
import type { Principal } from '../src/session/sessions.ts'
import { challengeUrl, queryOfReturnTo, returnQueryOf } from './challenge-url.ts'
import { type DecoyPort, sendDecoy, touchDecoy } from './decoys.ts'
import {
  type DevicePort,
  isFromElsewhere,
  mayGetKey,
  noteLost,
  offerKey,
  returnAddress,
  sendAgain
} from './device-port.ts'
import { errorBody } from './error-body.ts'
import type { Requires } from './exchange.ts'
import type { ExplainEnd } from './explain-end.ts'
import { formPage } from './form-page.ts'
import { isFramedStep } from './frame-page.ts'
import { type Held, hasKeptCookie, type KeepPost } from './kept-posts.ts'
import { type IsStillIn, lookAgain } from './look-again.ts'
import { defaultMaxUrlLength } from './return-address.ts'
import { tokenChallenge } from './token-challenge.ts'

interface EnforceOptions {
  readonly routes: RouteTable
  readonly portalOrigin: string
  readonly audit: AuditSink
  readonly clock: Clock
  readonly maxUrlLength?: number
  readonly demands?: Demands | null
  readonly tighteningOf?: TighteningOf | null
  /** Null or left out where no app has decoys. */
  readonly decoys?: DecoyPort | null
  readonly explainEnd?: ExplainEnd
  /** Null or left out where no app asks for device keys. */
  readonly device?: DevicePort | null
  /** Null or left out where no app keeps POSTs. */
  readonly keepPost?: KeepPost | null
  readonly isStillIn?: IsStillIn
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

export const enforcePlugin = fp<EnforceOptions>(
  async (
    app,
    {
      routes,
      portalOrigin,
      audit,
      clock,
      maxUrlLength = defaultMaxUrlLength,
      demands = null,
      tighteningOf = null,
      decoys = null,
      explainEnd,
      device = null,
      keepPost = null,
      isStillIn = async () => true
    }
  ) => {
    const context = { routes, clock, audit, demands, tighteningOf }
    app.addHook('onRoute', route => {
      if (route.url.startsWith('/.factorgate') && route.config?.requires === undefined)
        throw new Error(`route ${route.url} does not say whom it requires`)
      if (isConsole(route.url.slice(ownPrefix.length)) !== (route.config?.requires === 'console'))
        throw new Error(`route ${route.url} is a page of the console, or says so, and not both`)
    })

    app.addHook('onRequest', (request, reply, done) => {
      const { match } = request.exchange
      const touched = match.kind === 'app' && match.app.decoys != null ? touch(request, match) : null
      if (touched === null) return enforceWhenKnown(request, reply, done)
      touched
        .then(answer => {
          if (answer.file === null && answer.refusal !== null) {
            request.exchange.decision = { kind: 'refuse', reason: 'not_allowed' }
            return done(new GateError(answer.refusal.code, answer.refusal))
          }
          enforceWhenKnown(request, reply, done, answer.file)
        })
        .catch(done)
    })

    /** A request to a guarded app waits until the store has said what is demanded, also if it touches a decoy. */
    function enforceWhenKnown(
      request: FastifyRequest,
      reply: FastifyReply,
      done: (error?: Error) => void,
      file: ServedFile | null = null
    ): void {
      const { match } = request.exchange
      const known = match.kind === 'app' ? beforeAuthorize(demands, match, request.exchange) : null
      if (known === null) return enforce(request, reply, done, file)
      // Whoever touched a decoy gets its file, although the touch has ended their access.
      known
        .then(() => (file === null ? lookAgain(request.exchange, isStillIn) : undefined))
        .then(() => enforce(request, reply, done, file))
        .catch(done)
    }

    function touch({ exchange, raw }: FastifyRequest, match: AppMatch) {
      const { target, client, program, id } = exchange
      // A request that lacks its device key counts as a stranger's, otherwise a worthless token could get its owner suspended.
      const principal = exchange.stale === null ? exchange.principal : null
      const { method = '', headers } = exchange.messageOf(raw)
      const asking = {
        method,
        headers,
        query: target.query,
        address: client.address,
        reference: id,
        principal,
        program,
        isUnknown: exchange.storeFailure !== null
      }
      return touchDecoy(decoys, match, routes, asking)
    }

    /** `file`: what the gate answers where the rules would forward the request. */
    function enforce(
      request: FastifyRequest,
      reply: FastifyReply,
      done: (error?: Error) => void,
      file: ServedFile | null = null
    ): void {
      const { exchange } = request
      const access = authorize(context, exchange, exchange.messageOf(request.raw))
      if (access.kind === 'own') return enforceOwn(request, reply, access, done)
      if (access.kind === 'none') return done(new GateError(access.code))
      if (exchange.stale !== null && (access.kind !== 'forward' || access.permit.subject === null))
        exchange.principal = null
      if (access.kind === 'refuse') {
        if (access.decision !== null) exchange.decision = access.decision
        return done(new GateError(access.reason, access))
      }
      exchange.decision = access
      if (access.kind === 'forward') {
        if (access.would !== undefined) exchange.notes = { ...exchange.notes, ...wouldFields(access.would) }
        if (file !== null) {
          exchange.notes = { ...exchange.notes, served: 'decoy' }
          return sendDecoy(reply, request.raw.method as string, file)
        }
        const { principal, match, target } = exchange
        if (device !== null && match.kind === 'app' && match.app.isDeviceBound === true && isPageRead(request.raw))
          exchange.deviceOffer = principal === null ? null : device.binding.offerAgain(principal)
        if (principal !== null && request.raw.headers['service-worker'] !== undefined && match.site !== null)
          learnWorkerScript(match.site.origin + target.raw)
        if (keepPost === null || principal === null || !mayBeLed(match, request.raw)) return done()
        return void keepPost
          .waiting(request, match, true)
          .then(async held => {
            if (held !== null) return sendAway(reply, held.url)
            await lookAgain(exchange, isStillIn)
            done(exchange.principal === null ? new GateError('sign_in_required') : undefined)
          })
          .catch(done)
      }
      const { match, reason, returnTo } = access
      if (reason === 'device_proof_required' && comesAgain(request, reply, match.site)) return
      const stop = (held: Held | null) => {
        // The page of a kept POST sends people on, and takes them here again if more is missing.
        if (held !== null && !held.isScript) {
          if (device !== null && isAboutDevice(reason)) noteStale(request, reply, match.site, device)
          return toKept(reply, reason, held.url)
        }
        const to = held === null ? returnTo : { rd: held.url, ask: askOfKept(held.post) }
        challenge(request, reply, match, reason, queryOfReturnTo(to), done, held)
      }
      if (keepPost === null || match.app.keepPosts == null || reason === 'device_required') return stop(null)
      if (isKeptMethod(request.method)) return void keepPost.keep(request, reply, match, access).then(stop, done)
      const mayWait = isPageRead(request.raw) && !isAboutDevice(reason) && hasKeptCookie(request.raw.headers)
      if (!mayWait) return stop(null)
      keepPost.waiting(request, match).then(held => {
        if (held === null) return stop(null)
        const query = queryOfReturnTo({ rd: held.url, ask: askOfKept(held.post) })
        challenge(request, reply, match, reason, query, done)
      }, done)
    }

    function enforceOwn(
      request: FastifyRequest,
      reply: FastifyReply,
      match: Match & { kind: 'own' },
      done: (error?: Error) => void
    ): void {
      const { exchange } = request
      const config = request.routeOptions.config
      if (request.is404) return done(new GateError('not_found'))
      const requires = config.requires as Requires
      if (!match.site.isPortal && config.everyHost !== true) {
        reply.header('cache-control', 'no-store').redirect(portalOrigin + exchange.target.raw, 302)
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
      if ((config.isData !== true || requires !== 'anyone') && comesAgain(request, reply, match.site)) return
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
        requires === 'console' ? consoleVerdict(request) : missingFor(requires, exchange.principal, clock())
      if (verdict === null) return done()
      if (verdict === 'not_allowed' || verdict === 'lockdown') return done(new GateError(verdict))
      const missing = verdict === 'sign_in_required' && exchange.stale !== null ? 'device_proof_required' : verdict
      // The first submission has replaced the token; the handler repeats its response (portal/answer-once.ts).
      if (config.isRepeatable && verdict === 'sign_in_required' && wantsPage(request.raw)) return done()
      const given = config.isStep ? returnQueryOf(exchange.target.query) : null
      const returnQuery = given?.has('rd') ? given : new URLSearchParams({ rd: match.site.origin + formPage(request) })
      challenge(request, reply, match, missing, returnQuery, done)
    }

    function comesAgain({ exchange, raw }: FastifyRequest, reply: FastifyReply, { origin }: Site): boolean {
      // The script on the page of a kept POST takes a redirect for the answer of the app (plugins/portal/assets/kept.js).
      if (device === null || (exchange.resent?.post != null && !wantsPage(raw))) return false
      return sendAgain(device, exchange.stale, raw.headers, reply, origin + exchange.target.raw)
    }

    function consoleVerdict({ exchange, method }: FastifyRequest): ChallengeReason | RefuseReason | null {
      const decision = authorizeConsole(context, exchange, method)
      if (decision?.kind === 'forward') return null
      return decision === null ? 'not_allowed' : decision.reason
    }

    /** Redirects navigations to the portal and answers programs with 401. The sender of a form for an app gets a page. */
    function challenge(
      request: FastifyRequest,
      reply: FastifyReply,
      match: Match & { kind: 'app' | 'own' },
      reason: ChallengeReason,
      returnQuery: URLSearchParams,
      done: (error?: Error) => void,
      held: Held | null = null
    ): void {
      const { kind, site } = match
      const message = request.exchange.messageOf(request.raw)
      const isPage = wantsPage(message)
      if (device !== null && isAboutDevice(reason)) {
        if (kind === 'app' && toDeviceReturn(request, reply, site, reason, device)) return
        noteStale(request, reply, site, device)
      }
      const isRedirected = isPage && (isRead(request.method) || kind === 'own')
      // A service worker could not follow the redirect, so it gets a page.
      const showsPage = !isPage && kind === 'app' && acceptsPage(message)
      const setsNonce = isRedirected || (showsPage && isRead(request.method))
      const front = frontOf(match)
      const url = challengeUrl(request, reply, reason, returnQuery, {
        portalOrigin,
        maxUrlLength,
        site,
        front,
        setsNonce
      })
      if ((isPage && !isRedirected) || showsPage) return done(new GateError(reason, { continueUrl: url }))
      reply.header('cache-control', 'no-store').header('vary', 'Cookie').header('factorgate-error', reason)
      if (isRedirected) {
        reply.redirect(url, 302)
        return
      }
      const offered = kind === 'app' ? tokenChallenge(reason, match.app, request.raw.headers) : null
      if (offered !== null) reply.header('www-authenticate', offered)
      reply.code(describeError(reason).status)
      const send = (message: string | null) => reply.send(errorBody(reason, url, message, held?.url))
      if (reason !== 'sign_in_required' || explainEnd === undefined) return void send(null)
      explainEnd(request.raw.headers.cookie, site).then(send, done)
    }
  },
  { name: 'enforce', dependencies: ['session'] }
)

function isAboutDevice(reason: ChallengeReason): boolean {
  return reason === 'device_required' || reason === 'device_proof_required'
}

/** True for a read that shows a page, whose answer may lead elsewhere. */
function isPageRead(request: IncomingMessage): boolean {
  return request.method === 'GET' && wantsPage(request)
}

/**
 * True for a page that somebody opens who may have sent something that waits. Where only what they have sent needs a proof, no page of the app asks for
 * one, so nothing else leads them there.
 */
function mayBeLed(match: Match, request: IncomingMessage): match is AppMatch {
  const { headers } = request
  const isOpened = headers['sec-fetch-dest'] === 'document' && headers['sec-purpose'] === undefined
  return (
    isOpened && isPageRead(request) && hasKeptCookie(headers) && match.kind === 'app' && match.app.keepPosts != null
  )
}

function sendAway(reply: FastifyReply, url: string): void {
  reply.header('cache-control', 'no-store').header('vary', 'Cookie').redirect(url, 302)
}

/** Sends a navigation to the address where browsers wait for a refresh, or for their first key. False if that would not help. */
function toDeviceReturn(
  { raw, exchange }: FastifyRequest,
  reply: FastifyReply,
  site: Site,
  reason: ChallengeReason,
  device: DevicePort
): boolean {
  if (!isPageRead(raw) || !mayGetKey(reason, raw.headers)) return false
  offerKey(device, exchange.principal, reply)
  sendAway(reply.header('factorgate-error', reason), returnAddress(site, exchange.target.raw))
  return true
}

function noteStale({ raw, exchange }: FastifyRequest, reply: FastifyReply, site: Site, device: DevicePort): void {
  const { stale } = exchange
  if (stale !== null) noteLost(device, { exchange, stale, site }, reply, raw.headers.cookie)
}

function toKept(reply: FastifyReply, reason: ChallengeReason, url: string): void {
  reply.header('cache-control', 'no-store').header('vary', 'Cookie').header('factorgate-error', reason)
  reply.redirect(url, 303)
}

function frontOf(match: Match & { kind: 'app' | 'own' }): string {
  return `${match.site.origin}${match.kind === 'app' ? match.app.prefix : ownPrefix}/`
}

function isCallback(path: string): boolean {
  return path.replace(/\?.*/s, '') === '/callback'
}

/**
 * True for requests of scripts, frames and workers. They must not read the portal's pages, otherwise an app on the
 * portal's origin could read the CSRF tokens.
 */
function isSubresourceRequest({ headers }: IncomingMessage): boolean {
  const dest = headers['sec-fetch-dest']
  return dest !== undefined && dest !== 'document'
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
  return isFresh(principal.proofs, now) ? null : 'fresh_proof_required'
}
