/** The step `enforce`: asks `authorize()` about each request and answers those it does not permit. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type AppMatch, authorize, beforeAuthorize, wouldFields } from '../src/apps/authorize.ts'
import { askOfKept } from '../src/apps/return-to.ts'
import type { Match } from '../src/apps/route-table.ts'
import type { ServedFile } from '../src/decoys/served-file.ts'
import { GateError } from '../src/errors.ts'
import { isKeptMethod } from '../src/kept/keepable.ts'
import type { ChallengeReason } from '../src/policy/decision.ts'
import { learnWorkerScript } from '../src/request/worker-scripts.ts'
import { challenge, isAboutDevice, isPageRead, noteStale, sendAgainHere, sendAway } from './challenge.ts'
import { queryOfReturnTo } from './challenge-url.ts'
import { type DecoyPort, sendDecoy, touchDecoy } from './decoys.ts'
import { enforceOwn, type OwnContext, requireDeclarations } from './enforce-own.ts'
import { type Held, hasKeptCookie, type KeepPost } from './kept-posts.ts'
import { recheckAccess, type StillHasAccess } from './recheck-access.ts'
import { defaultMaxUrlLength } from './return-address.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Judges a request whose sender has become a stranger while a later step waited. */
    readonly judgeAgain: (request: FastifyRequest, reply: FastifyReply, done: Done) => void
  }
}

interface EnforceContext extends OwnContext {
  /** Null if no app has decoys. */
  readonly decoys: DecoyPort | null
  /** Null if no app keeps POSTs. */
  readonly keepPost: KeepPost | null
  readonly stillHasAccess: StillHasAccess
}

type Defaults = Omit<EnforceContext, 'routes' | 'portalOrigin' | 'audit' | 'clock'>
type EnforceOptions = Omit<EnforceContext, keyof Defaults> & Partial<Defaults>
type Done = (error?: Error) => void

const defaults: Defaults = {
  ...{ maxUrlLength: defaultMaxUrlLength, demands: null, tighteningOf: null, explainEnd: null },
  ...{ decoys: null, device: null, keepPost: null, stillHasAccess: async () => true }
}

export const enforcePlugin = fp<EnforceOptions>(
  async (app, options) => {
    const context: EnforceContext = { ...defaults, ...options }
    requireDeclarations(app)
    app.decorate('judgeAgain', (request: FastifyRequest, reply: FastifyReply, done: Done) =>
      enforce(context, request, reply, done, null)
    )
    app.addHook('onRequest', (request, reply, done) => {
      const { match } = request.exchange
      const touched = match.kind === 'app' && match.app.decoys != null ? touch(context, request, match) : null
      if (touched === null) return enforceWhenKnown(context, request, reply, done)
      touched
        .then(answer => {
          if (answer.file === null && answer.refusal !== null) {
            request.exchange.decision = { kind: 'refuse', reason: 'not_allowed' }
            return done(new GateError(answer.refusal.code, answer.refusal))
          }
          enforceWhenKnown(context, request, reply, done, answer.file)
        })
        .catch(done)
    })
  },
  { name: 'enforce', dependencies: ['session'] }
)

function touch({ decoys, routes }: EnforceContext, { exchange, raw }: FastifyRequest, match: AppMatch) {
  const { target, client, program, id } = exchange
  // A request without its device key counts as a stranger's, otherwise a worthless token could get its owner suspended.
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

/** A request to a guarded app waits until the store has said what is demanded, also if it touches a decoy. */
function enforceWhenKnown(
  context: EnforceContext,
  request: FastifyRequest,
  reply: FastifyReply,
  done: Done,
  file: ServedFile | null = null
): void {
  const { exchange, raw } = request
  const { match } = exchange
  const known = match.kind === 'app' ? beforeAuthorize(context.demands, match, exchange, exchange.messageOf(raw)) : null
  if (known === null) return enforce(context, request, reply, done, file)
  // The file of a decoy goes out although the touch has ended access.
  known
    .then(() => (file === null ? recheckAccess(request.exchange, context.stillHasAccess) : undefined))
    .then(() => enforce(context, request, reply, done, file))
    .catch(done)
}

/** `file`: the gate's answer if the rules would forward the request. */
function enforce(
  context: EnforceContext,
  request: FastifyRequest,
  reply: FastifyReply,
  done: Done,
  file: ServedFile | null
): void {
  const { exchange } = request
  const access = authorize(context, exchange, exchange.messageOf(request.raw))
  if (access.kind === 'own') return enforceOwn(context, request, reply, access, done)
  if (access.kind === 'none') return done(new GateError(access.code))
  if (exchange.stale !== null && (access.kind !== 'forward' || access.permit.subject === null))
    exchange.principal = null
  if (access.kind === 'refuse') {
    if (access.decision !== null) exchange.decision = access.decision
    return done(new GateError(access.reason, access))
  }
  exchange.decision = access
  if (access.kind === 'challenge') return stop(context, request, reply, access, done)
  if (access.would !== undefined) exchange.notes = { ...exchange.notes, ...wouldFields(access.would) }
  if (file === null) return pass(context, request, reply, done)
  exchange.notes = { ...exchange.notes, served: 'decoy' }
  sendDecoy(reply, request.raw.method as string, file)
}

/** Lets the request go on, unless its sender is led to what they have sent before. */
function pass(context: EnforceContext, request: FastifyRequest, reply: FastifyReply, done: Done): void {
  const { exchange } = request
  const { device, keepPost } = context
  const { principal, match, target } = exchange
  if (device !== null && match.kind === 'app' && match.app.isDeviceBound === true && isPageRead(request.raw))
    exchange.deviceOffer = principal === null ? null : device.binding.offerAgain(principal)
  if (principal !== null && request.raw.headers['service-worker'] !== undefined && match.site !== null)
    learnWorkerScript(match.site.origin + target.raw)
  if (keepPost === null || principal === null || !mayBeLed(match, request.raw)) return done()
  keepPost
    .waiting(request, match, true)
    .then(async held => {
      if (held !== null) return sendAway(reply, held.url)
      await recheckAccess(exchange, context.stillHasAccess)
      if (exchange.principal === null) return enforce(context, request, reply, done, null)
      done()
    })
    .catch(done)
}

/** Asks the sender for more, and keeps what they have sent until then, if the app wants that. */
function stop(
  context: EnforceContext,
  request: FastifyRequest,
  reply: FastifyReply,
  access: Extract<ReturnType<typeof authorize>, { kind: 'challenge' }>,
  done: Done
): void {
  const { device, keepPost } = context
  const { match, reason, returnTo } = access
  if (reason === 'device_proof_required' && sendAgainHere(device, request, reply, match.site)) return
  const ask = (held: Held | null) => {
    // The page of a kept POST sends people on, and takes them here again if more is missing.
    if (held !== null && !held.isScript) {
      if (device !== null && isAboutDevice(reason)) noteStale(request, reply, match.site, device)
      return toKept(reply, reason, held.url)
    }
    const to = held === null ? returnTo : returnToHeld(held)
    challenge(context, request, reply, { match, reason, returnQuery: queryOfReturnTo(to), held }, done)
  }
  if (keepPost === null || match.app.keepPosts == null || reason === 'device_required') return ask(null)
  if (isKeptMethod(request.method)) return void keepPost.keep(request, reply, match, access).then(ask, done)
  const mayWait = isPageRead(request.raw) && !isAboutDevice(reason) && hasKeptCookie(request.raw.headers)
  if (!mayWait) return ask(null)
  keepPost.waiting(request, match).then(held => {
    if (held === null) return ask(null)
    const returnQuery = queryOfReturnTo(returnToHeld(held))
    challenge(context, request, reply, { match, reason, returnQuery }, done)
  }, done)
}

const returnToHeld = ({ url, post }: Held) => ({ rd: url, ask: askOfKept(post) })

/** A page for somebody who may have sent something that waits. If only that needs a proof, nothing else leads them there. */
function mayBeLed(match: Match, request: IncomingMessage): match is AppMatch {
  const { headers } = request
  const isOpened = headers['sec-fetch-dest'] === 'document' && headers['sec-purpose'] === undefined
  return (
    isOpened && isPageRead(request) && hasKeptCookie(headers) && match.kind === 'app' && match.app.keepPosts != null
  )
}

function toKept(reply: FastifyReply, reason: ChallengeReason, url: string): void {
  reply.header('cache-control', 'no-store').header('vary', 'Cookie').header('factorgate-error', reason)
  reply.redirect(url, 303)
}
