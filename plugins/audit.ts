/**
 * Step 6, audit: one journal line an exchange. Owns what such a line says; the journal owns how it is kept. Forwarded exchanges and
 * sockets report their own end (after an upgrade Fastify runs no hook), everything else ends here.
 */
import fp from 'fastify-plugin'
import type { Strangers } from '../src/audit/anonymous-log-limit.ts'
import type { AuditEvent, AuditSink } from '../src/audit/event.ts'
import { pathForRecord } from '../src/audit/path-for-record.ts'
import type { Clock } from '../src/clock.ts'
import type { Exchange } from './exchange.ts'

export interface AuditOptions {
  readonly audit: AuditSink
  /** Where lines go that strangers can cause. */
  readonly strangers: Strangers
  readonly clock: Clock
  /** Hears the code of every answer that is a refusal of ours. */
  readonly onRefusal?: (code: string) => void
}

export const auditPlugin = fp<AuditOptions>(
  async (app, { audit, strangers, clock, onRefusal }) => {
    app.addHook('onResponse', (request, reply, done) => {
      const { exchange } = request
      if (!exchange.isRecorded && !isAsset(request.raw.url)) {
        exchange.isRecorded = true
        const code = reply.getHeader('factorgate-error')
        if (code !== undefined) onRefusal?.(String(code))
        const event = exchangeEvent(exchange, 'exchange', clock(), {
          method: request.raw.method,
          status: reply.statusCode,
          ...(code === undefined ? {} : { outcome: String(code) })
        })
        // A stranger may ask as often as they like, and must not fill the disk by it; nor may somebody who has a password and no more.
        const isTurnedAway = code !== undefined || event.decision !== 'forward'
        const isWhole = exchange.known.principal?.isFullySignedIn === true
        if (event.account === undefined || (isTurnedAway && !isWhole)) strangers.record(event)
        else audit.record(event)
      }
      done()
    })
  },
  { name: 'audit', dependencies: ['exchange'] }
)

/** One line of the journal about an exchange: who, from where, which app, what of it, and how it ended. No query: it may hold secrets. */
export function exchangeEvent(
  exchange: Exchange,
  kind: 'exchange' | 'socket.open' | 'socket.close',
  now: number,
  end: Partial<AuditEvent>
): AuditEvent {
  const { target, client, match, principal, decision } = exchange.known
  // The journal leaves out what is undefined. Written field by field: this runs for every request.
  const event: { -readonly [field in keyof AuditEvent]: AuditEvent[field] } = {
    kind,
    at: now,
    request: exchange.id,
    account: principal?.account.id,
    name: principal?.account.name,
    session: principal?.session.id,
    address: client?.address,
    app: match?.kind === 'app' ? match.app.id : undefined,
    // Nobody's path is cut shorter than a person's.
    path:
      target === undefined
        ? undefined
        : pathForRecord(target.path, target.readings, (principal ?? null) === null ? 256 : 1024),
    decision: decision?.kind,
    ms: now - exchange.startedAt,
    method: end.method,
    status: end.status,
    bytesIn: end.bytesIn,
    bytesOut: end.bytesOut,
    outcome: end.outcome,
    cut: end.cut
  }
  return exchange.notes === undefined ? event : Object.assign(event, exchange.notes, end)
}

function isAsset(url: string | undefined): boolean {
  return url?.startsWith('/.factorgate/assets/') === true
}
