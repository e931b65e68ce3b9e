/**
 * The step `audit`: writes one journal entry per exchange, except for assets. Strangers' entries are limited, otherwise they could fill the
 * disk. Forwarding reports its own end.
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Strangers } from '../src/audit/anonymous-log-limit.ts'
import type { AuditEvent, AuditSink } from '../src/audit/event.ts'
import { pathForRecord } from '../src/audit/path-for-record.ts'
import type { Clock } from '../src/clock.ts'
import { type Proof, timeUnknown } from '../src/factor/proof.ts'
import type { Exchange } from './exchange.ts'

interface AuditOptions {
  readonly audit: AuditSink
  /** Takes events that anonymous clients can cause. */
  readonly strangers: Strangers
  readonly clock: Clock
  readonly onRefusal?: (code: string, exchange: Exchange, request: IncomingMessage) => void
}

export const auditPlugin = fp<AuditOptions>(
  async (app, { audit, strangers, clock, onRefusal }) => {
    app.addHook('onResponse', (request, reply, done) => {
      const { exchange } = request
      if (!exchange.isRecorded && !isAsset(request.raw.url)) {
        exchange.isRecorded = true
        const code = reply.getHeader('factorgate-error')
        if (code !== undefined) onRefusal?.(String(code), exchange, request.raw)
        const event = exchangeEvent(exchange, 'exchange', clock(), {
          method: exchange.messageOf(request.raw).method,
          status: reply.statusCode,
          ...bytesOf(request, reply),
          ...(code === undefined ? {} : { outcome: String(code) })
        })
        const isTurnedAway = code !== undefined || event.decision !== 'forward'
        const isWhole = exchange.known.principal?.isFullySignedIn === true || exchange.program !== null
        if (event.account === undefined || (isTurnedAway && !isWhole)) strangers.record(event)
        else audit.record(event)
      }
      done()
    })
  },
  { name: 'audit', dependencies: ['exchange'] }
)

interface BodyBytes {
  bytesIn?: number
  bytesOut?: number
}

/** Body bytes of an answer of the gate. They are absent if unknown: a body in chunks, or a client that has left. */
function bytesOf({ raw }: FastifyRequest, reply: FastifyReply): BodyBytes {
  const { 'content-length': announced, 'transfer-encoding': coding } = raw.headers
  const bytes: BodyBytes = {}
  if (coding === undefined && (announced === undefined || raw.complete)) bytes.bytesIn = Number(announced ?? 0)
  const hasBody = raw.method !== 'HEAD' && reply.statusCode !== 204 && reply.statusCode !== 304
  const length = hasBody ? reply.getHeader('content-length') : 0
  if (length !== undefined && reply.raw.writableFinished) bytes.bytesOut = Number(length)
  return bytes
}

/** Without the query, which may hold secrets. */
export function exchangeEvent(
  exchange: Exchange,
  kind: 'exchange' | 'socket.open' | 'socket.close',
  now: number,
  end: Partial<AuditEvent>
): AuditEvent {
  const { target, client, match, principal, program, decision } = exchange.known
  const who = principal ?? program
  // One object for a hot path; the journal omits undefined fields.
  const event: { -readonly [field in keyof AuditEvent]: AuditEvent[field] } = {
    kind,
    at: now,
    request: exchange.id,
    account: who?.account.id,
    name: who?.account.name,
    session: principal?.session.id,
    address: client?.address,
    app: match?.kind === 'app' ? match.app.id : undefined,
    // The limits are in octets, because strangers choose the path.
    path: target === undefined ? undefined : pathForRecord(target.path, target.readings, who === null ? 256 : 1024),
    proofs: who === null ? undefined : proofsOf(who.proofs, now),
    decision: decision?.kind,
    reason: decision === undefined || decision.kind === 'forward' ? undefined : decision.reason,
    rule: decision?.kind === 'forward' ? decision.permit.rule : undefined,
    ms: now - exchange.startedAt,
    method: end.method,
    httpVersion: exchange.httpVersion,
    status: end.status,
    bytesIn: end.bytesIn,
    bytesOut: end.bytesOut,
    outcome: end.outcome,
    cut: end.cut
  }
  return exchange.notes === undefined ? event : Object.assign(event, exchange.notes, end)
}

/** Kinds with ages in seconds: `password@30 totp@12`. */
function proofsOf(proofs: readonly Proof[], now: number): string {
  let text = ''
  for (const { kind, at } of proofs) {
    const age = at === timeUnknown ? '' : `@${Math.max(0, Math.round((now - at) / 1000))}`
    text += text === '' ? kind + age : ` ${kind}${age}`
  }
  return text
}

function isAsset(url: string | undefined): boolean {
  return url?.startsWith('/.factorgate/assets/') === true
}
