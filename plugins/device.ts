/**
 * The two addresses that browsers call by themselves for a device-bound sign-in: registration and refresh. Both need a proof of the key and
 * no token, which browsers leave out after a navigation from elsewhere.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Site } from '../src/apps/route-table.ts'
import type { AuditEvent, AuditSink } from '../src/audit/event.ts'
import type { Clock } from '../src/clock.ts'
import { challengeHeader, forgetting, instructions, refreshPath, registerPath } from '../src/device/wire.ts'
import { GateError } from '../src/errors.ts'
import type { DeviceBinding, RefusedProof } from '../src/session/device-binding.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import { briefCookie, cookieNames, expiredCookie } from './cookies.ts'
import { errorBody } from './error-body.ts'

/** `unavailable`: the store did not answer. The others: what the browser was told. */
type RefreshOutcome = 'refreshed' | 'challenged' | 'spent' | 'late' | 'refused' | 'forgotten' | 'unavailable'

interface DeviceOptions {
  /** Null if no app asks for device keys. */
  readonly device: { readonly binding: DeviceBinding } | null
  readonly audit: AuditSink
  /** Takes refusals, which anybody can cause. */
  readonly strangers: { record(event: AuditEvent): void }
  readonly clock: Clock
  readonly onRefresh: (outcome: RefreshOutcome) => void
}

interface DeviceRoutes extends Omit<DeviceOptions, 'device'> {
  readonly binding: DeviceBinding
}

export const devicePlugin = fp<DeviceOptions>(
  async (app, { device, ...options }) => {
    if (device === null) return
    const routes = { ...options, binding: device.binding }
    const config = { requires: 'anyone', everyHost: true, isData: true } as const

    await app.register(async scope => {
      // Browsers send none here.
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
      scope.post(registerPath, { config }, (request, reply) => register(routes, request, reply))
      scope.post(refreshPath, { config }, (request, reply) => refresh(routes, request, reply))
    })
  },
  { name: 'device', dependencies: ['enforce'] }
)

async function register(routes: DeviceRoutes, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { binding, audit, clock } = routes
  const { site, host } = siteOf(request)
  if (!audit.writable) throw new GateError('journal_unwritable')
  const answer = await binding.register(host, headerOf(request, 'secure-session-response') ?? '')
  if (answer.kind === 'refused') return refuse(routes, request, reply, answer)
  const { session, alg } = answer
  const { exchange } = request
  exchange.isRecorded = true
  audit.record({
    kind: 'device.bound',
    ...factsOf(request, clock()),
    account: session.accountId,
    session: session.id,
    alg
  })
  return grant(binding, reply, site, answer).send(
    instructions({
      identifier: answer.identifier,
      cookie: cookieNames(site).device,
      initiators: initiators(binding, host)
    })
  )
}

async function refresh(routes: DeviceRoutes, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { binding, onRefresh } = routes
  const { site, host } = siteOf(request)
  const identifier = headerOf(request, 'sec-secure-session-id')
  const proof = headerOf(request, 'secure-session-response')
  const answer =
    identifier === null
      ? ({ kind: 'refused', why: 'unreadable', session: null } as const)
      : await binding.refresh(host, identifier, proof).catch(error => {
          // 503: the browser keeps its key and goes on without (any 4xx would end it for good).
          if (error instanceof StoreUnreachable) onRefresh('unavailable')
          throw error
        })
  if (answer.kind === 'refused') {
    onRefresh('refused')
    // If it shows another living key, that one's cookie stays.
    if (identifier !== null && request.exchange.binding !== 'fresh')
      reply.header('set-cookie', expiredCookie(cookieNames(site).device, site))
    return refuse(routes, request, reply, answer)
  }
  request.exchange.isRecorded = true
  reply.header('cache-control', 'no-store')
  if (answer.kind === 'forget') {
    onRefresh('forgotten')
    return reply.send(forgetting(answer.identifier))
  }
  if (answer.kind === 'challenge') {
    onRefresh(answer.why === 'first' ? 'challenged' : answer.why)
    const header = challengeHeader(answer.challenge, answer.identifier)
    return reply.code(403).header('secure-session-challenge', header).send()
  }
  onRefresh('refreshed')
  return grant(binding, reply, site, answer).send()
}

function grant(
  binding: DeviceBinding,
  reply: FastifyReply,
  site: Site,
  { cookie, nextChallenge, identifier }: { cookie: string; nextChallenge: string; identifier: string }
): FastifyReply {
  return reply
    .header('cache-control', 'no-store')
    .header('set-cookie', briefCookie(cookieNames(site).device, cookie, binding.terms.lifetimeSeconds, site))
    .header('secure-session-challenge', challengeHeader(nextChallenge, identifier))
}

/** 400: the browser forgets this key. */
function refuse(
  { strangers, clock }: DeviceRoutes,
  request: FastifyRequest,
  reply: FastifyReply,
  { why, session }: RefusedProof
): FastifyReply {
  request.exchange.isRecorded = true
  const who = session === null ? {} : { account: session.accountId, session: session.id }
  strangers.record({ kind: 'device.refused', ...factsOf(request, clock()), ...who, outcome: 'refused', why })
  return reply
    .code(400)
    .header('cache-control', 'no-store')
    .header('factorgate-error', 'bad_request')
    .send(errorBody('bad_request'))
}

/** The hosts whose links to this one wait for a refresh. Never every site: any could then find out who is signed in here. */
function initiators(binding: DeviceBinding, host: string): string[] {
  const names = [...binding.terms.hosts].filter(other => other !== host).map(other => other.replace(/:\d+$/, ''))
  return [...new Set(names)]
}

function factsOf({ exchange }: FastifyRequest, now: number): Pick<AuditEvent, 'at' | 'request' | 'address' | 'host'> {
  const { client, match, id } = exchange
  return { at: now, request: id, address: client.address, host: match.site?.host }
}

function siteOf({ exchange }: FastifyRequest): { site: Site; host: string } {
  const { site } = exchange.match
  if (site === null) throw new GateError('misdirected')
  return { site, host: site.host }
}

/** Null if absent. Duplicates are joined by a comma, which neither a proof nor an identifier has. */
function headerOf({ raw }: FastifyRequest, name: string): string | null {
  const value = raw.headers[name]
  return value === undefined ? null : String(value)
}
