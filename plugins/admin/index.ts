/**
 * The operators' listener: `/livez`, `/readyz`, `/metrics`. Owns health as machines ask for it; lives on a port of its own that
 * strangers never reach, and changes nothing.
 */
import Fastify, { type FastifyInstance } from 'fastify'
import type { AuditSink } from '../../src/audit/event.ts'
import type { Meters } from '../../src/audit/meters.ts'
import type { Store } from '../../src/store/store.ts'

export interface AdminOptions {
  readonly store: Pick<Store, 'ping'>
  readonly audit: AuditSink
  readonly meters: Meters
  readonly isClosing: () => boolean
}

/** A listener that is not yet listening. */
export function buildAdmin({ store, audit, meters, isClosing }: AdminOptions): FastifyInstance {
  const app = Fastify({ logger: false, trustProxy: false, bodyLimit: 1024, forceCloseConnections: true })

  app.get('/livez', async (_request, reply) => reply.type('text/plain').send('ok\n'))

  app.get('/readyz', async (_request, reply) => {
    reply.type('text/plain').header('cache-control', 'no-store')
    if (isClosing()) return reply.code(503).send('shutting down\n')
    if (!audit.writable) return reply.code(503).send('journal not writable\n')
    try {
      await store.ping()
      return reply.send('ok\n')
    } catch {
      return reply.code(503).send('store not reachable\n')
    }
  })

  app.get('/metrics', async (_request, reply) =>
    reply.type('text/plain; version=0.0.4').header('cache-control', 'no-store').send(meters.render())
  )

  return app
}
