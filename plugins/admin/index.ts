/**
 * The operators' listener: `/livez`, `/readyz`, `/metrics`. Owns health as machines ask for it; lives on a port of its own that
 * strangers never reach, and changes nothing.
 */
import Fastify, { type FastifyInstance } from 'fastify'

export interface AdminOptions {
  /** Looks now: what is wrong, in words without secrets, or null. Never rejects. */
  readonly look: () => Promise<string | null>
  /** What was counted up to now, in Prometheus' text format. */
  readonly metrics: () => Promise<string>
  readonly isClosing: () => boolean
}

/** A listener that is not yet listening. */
export function buildAdmin({ look, metrics, isClosing }: AdminOptions): FastifyInstance {
  const app = Fastify({ logger: false, trustProxy: false, bodyLimit: 1024, forceCloseConnections: true })

  app.get('/livez', async (_request, reply) => reply.type('text/plain').send('ok\n'))

  app.get('/readyz', async (_request, reply) => {
    reply.type('text/plain').header('cache-control', 'no-store')
    if (isClosing()) return reply.code(503).send('shutting down\n')
    const problem = await look()
    return problem === null ? reply.send('ok\n') : reply.code(503).send(`${problem}\n`)
  })

  app.get('/metrics', async (_request, reply) =>
    reply
      .type('text/plain; version=0.0.4')
      .header('cache-control', 'no-store')
      .send(await metrics())
  )

  return app
}
