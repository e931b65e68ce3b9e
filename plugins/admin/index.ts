/**
 * The operators' listener: `/livez`, `/readyz`, `/metrics`. Owns health as machines ask for it; lives on a port of its own that
 * strangers never reach, and changes nothing.
 */
import Fastify, { type FastifyInstance } from 'fastify'
import type { Meters } from '../../src/audit/meters.ts'
import type { Readiness } from '../../src/watch/readiness.ts'

export interface AdminOptions {
  readonly readiness: Pick<Readiness, 'look'>
  readonly meters: Meters
  readonly isClosing: () => boolean
}

/** A listener that is not yet listening. */
export function buildAdmin({ readiness, meters, isClosing }: AdminOptions): FastifyInstance {
  const app = Fastify({ logger: false, trustProxy: false, bodyLimit: 1024, forceCloseConnections: true })

  app.get('/livez', async (_request, reply) => reply.type('text/plain').send('ok\n'))

  app.get('/readyz', async (_request, reply) => {
    reply.type('text/plain').header('cache-control', 'no-store')
    if (isClosing()) return reply.code(503).send('shutting down\n')
    const problem = await readiness.look()
    return problem === null ? reply.send('ok\n') : reply.code(503).send(`${problem}\n`)
  })

  app.get('/metrics', async (_request, reply) => {
    // The gauges tell of now.
    await readiness.look()
    return reply.type('text/plain; version=0.0.4').header('cache-control', 'no-store').send(meters.render())
  })

  return app
}
