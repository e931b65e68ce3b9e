/** The operators' listener with `/livez`, `/readyz`, `/metrics` and `/status`, read-only and on its own port. */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { describeError, type ErrorCode } from '../../src/errors.ts'
import { isLoopback } from '../../src/request/networks.ts'
import type { Health } from '../../src/watchers/readiness.ts'
import { noSchemas } from '../no-schemas.ts'

interface AdminOptions {
  /** Checks now. Never rejects. */
  readonly checkHealth: () => Promise<Health>
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>
  /** For `factorgate status`, as JSON without secrets. */
  readonly status: () => Promise<object>
  readonly isClosing: () => boolean
  readonly host: string
}

export function buildAdmin({ checkHealth, metrics, status, isClosing, host }: AdminOptions): FastifyInstance {
  const app = Fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: 1024,
    forceCloseConnections: true,
    schemaController: noSchemas
  })

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff')
    const code = crossSiteProblem(request.raw.headers, host)
    if (code === null) return done()
    refuse(reply, code)
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 'not_found'))

  app.get('/livez', async (_request, reply) => reply.type('text/plain').send('ok\n'))

  app.get('/readyz', async (_request, reply) => {
    reply.type('text/plain').header('cache-control', 'no-store')
    if (isClosing()) return reply.code(503).send('shutting down\n')
    const { problem, warnings } = await checkHealth()
    if (problem !== null) return reply.code(503).send(`${problem}\n`)
    // A warning takes no gate that serves out of a balancer.
    return reply.send(`ok\n${warnings.map(warning => `warning: ${warning}\n`).join('')}`)
  })

  app.get('/metrics', async (_request, reply) =>
    reply
      .type('text/plain; version=0.0.4')
      .header('cache-control', 'no-store')
      .send(await metrics())
  )

  app.get('/status', async (_request, reply) =>
    reply
      .type('application/json')
      .header('cache-control', 'no-store')
      .send(JSON.stringify(await status()))
  )

  return app
}

function refuse(reply: FastifyReply, code: ErrorCode): void {
  const { status, sentence } = describeError(code)
  reply.code(status).header('factorgate-error', code).type('text/plain').send(`${sentence}\n`)
}

/**
 * Finds requests that another site makes an operator's browser send: by their origin, or by a foreign host name (DNS
 * rebinding). Host names are checked on loopback only, because elsewhere Prometheus scrapes by name.
 */
function crossSiteProblem(headers: IncomingHttpHeaders, listening: string): ErrorCode | null {
  const { host, origin, 'sec-fetch-site': site } = headers
  if (origin !== undefined && origin !== `http://${host}`) return 'foreign_origin'
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'foreign_origin'
  if (host === undefined || (listening !== '::1' && !isLoopback(listening))) return null
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()
  return isIP(name) !== 0 || isLoopback(name) || name === listening.toLowerCase() ? null : 'misdirected'
}
