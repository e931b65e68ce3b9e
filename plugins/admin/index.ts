/** The operators' listener with `/livez`, `/readyz`, `/metrics` and `/status`, read-only and on its own port. */
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
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
    schemaController: noSchemas,
    // Node would answer a request without the header itself, and Fastify what its router or Node's parser cannot read.
    http: { requireHostHeader: false },
    frameworkErrors: (_error, _request, reply) => refuse(reply, 'bad_request'),
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket)
  })
  app.server.on('checkExpectation', refuseExpectation)
  // No path here takes a body.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.setErrorHandler<FastifyError>((error, _request, reply) =>
    refuse(reply, (error.statusCode ?? 500) < 500 ? 'bad_request' : 'internal')
  )

  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-content-type-options', 'nosniff')
    const code = lacksHost(request.raw) ? 'bad_request' : crossSiteProblem(request.raw.headers, host)
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
    // A gate with a warning still serves, so it stays in the balancer.
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
  reply
    .code(status)
    .headers({ 'factorgate-error': code, 'x-content-type-options': 'nosniff' })
    .type('text/plain')
    .send(`${sentence}\n`)
}

/** Refuses what Node's parser cannot read, or what comes too slowly. */
function refuseUnreadable({ code: cause }: NodeJS.ErrnoException, socket: Duplex): void {
  const isUnanswered = (socket as Socket).bytesWritten === 0
  if (!isUnanswered || !socket.writable || !/^(?:HPE|ERR_HTTP)_/.test(cause ?? '')) return void socket.destroy()
  const code = cause === 'HPE_HEADER_OVERFLOW' ? 'headers_too_large' : 'bad_request'
  const { status } = describeError(code)
  // Without a body, since the method is not known: HEAD has none.
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nFactorgate-Error: ${code}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
  )
}

/** An `Expect` other than `100-continue` gets 417 (RFC 9110 §10.1.1). */
function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { sentence } = describeError('bad_request')
  response.writeHead(417, {
    'factorgate-error': 'bad_request',
    'x-content-type-options': 'nosniff',
    'content-type': 'text/plain',
    'content-length': Buffer.byteLength(sentence) + 1,
    connection: 'close'
  })
  response.end(`${sentence}\n`)
}

/** HTTP/1.0, which balancers use, has no such header. */
function lacksHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host === undefined && httpVersion !== '1.0'
}

/**
 * Finds requests that another site makes an operator's browser send, by their origin or by a foreign host name (DNS rebinding). Host names
 * are checked on loopback only, because elsewhere Prometheus scrapes by name.
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
