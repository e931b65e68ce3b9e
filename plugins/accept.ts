/** The step `accept`: parses request line and client, and refuses ambiguous requests that Node accepts. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { GateError } from '../src/errors.ts'
import { streamOf } from '../src/platform/http2-stream.ts'
import { closeInStages } from '../src/platform/staged-close.ts'
import type { Client } from '../src/request/client.ts'
import type { RequestTrace } from '../src/traces/request-trace.ts'
import { readingOf } from './exchange.ts'

export interface AcceptOptions {
  readonly readClient: (peer: string, forwardedFor: string | undefined) => Client
  /** Absent without traces. */
  readonly trace?: ((request: FastifyRequest, reply: FastifyReply) => RequestTrace) | null
  /** Called before anything is asked about the request. */
  readonly onRequest?: () => void
}

/** The methods in a 405 (RFC 9110 §15.5.6). Those of WebDAV pass too; the list names what every client knows. */
const allowed = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** Node has no limit here (`maxHeadersCount: 0`, CVE-2026-58044). */
const maxHeaderLines = 100

/** Node keeps the first or joins them, but an app may keep the last. */
const single = [
  'host',
  'content-type',
  'content-length',
  'authorization',
  'origin',
  'x-csrf',
  'upgrade',
  'transfer-encoding',
  'referer',
  'destination'
]
const bits = new Map(single.map((name, i) => [name, 1 << i]))
const isSingleLength = Array.from({ length: 32 }, (_, length) => single.some(name => name.length === length))

export const acceptPlugin = fp<AcceptOptions>(
  async (app, { readClient, trace = null, onRequest }) => {
    app.addHook('onRequest', (request, reply, done) => {
      onRequest?.()
      const { raw, exchange } = request
      const forwardedFor = raw.headers['x-forwarded-for'] as string | undefined
      exchange.client = readClient(raw.socket.remoteAddress ?? '', forwardedFor)
      if (trace !== null) exchange.trace = trace(request, reply)
      const problem = headerProblem(raw)
      if (problem !== null) {
        reply.header('connection', 'close')
        return done(new GateError(problem))
      }
      const target = readingOf(raw)
      if (target === null) return done(new GateError('bad_request'))
      if (raw.method === 'TRACE' || raw.method === 'CONNECT') {
        reply.header('allow', allowed)
        return done(new GateError('method_not_allowed'))
      }
      exchange.target = target
      done()
    })
    // The gate's response to an incomplete request ends the connection (THREATS D4). The rest of the body is dropped, up to a limit, so
    // that the client gets the response (FIELD F5).
    app.addHook('onSend', (request, reply, _payload, done) => {
      const { raw } = request
      if (!raw.complete && announcesBody(raw)) {
        reply.header('connection', 'close')
        if (raw.httpVersionMajor === 1) closeInStages(raw.socket)
      }
      done()
    })
  },
  { name: 'accept', dependencies: ['exchange'] }
)

function headerProblem(raw: IncomingMessage): 'headers_too_large' | 'bad_request' | null {
  if (raw.httpVersionMajor !== 1 && !isFitHttp2(raw)) return 'bad_request'
  // RFC 9112 §3.2. HTTP/1.0 knows no Host, and the gate serves no host that is not named.
  if (raw.headers.host === undefined && raw.httpVersion === '1.1') return 'bad_request'
  const lines = raw.rawHeaders
  if (lines.length > maxHeaderLines * 2) return 'headers_too_large'
  // Node removes only the chunks. The app would not learn that another coding is left below them (RFC 9112 §6.1).
  const coding = raw.headers['transfer-encoding']
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return 'bad_request'
  let seen = 0
  for (let i = 0; i < lines.length; i += 2) {
    const name = lines[i] as string
    if (isSingleLength[name.length] !== true) continue
    const bit = bits.get(name.toLowerCase()) ?? 0
    if ((seen & bit) !== 0) return 'bad_request'
    seen |= bit
  }
  return null
}

/** Node accepts `HTTP/0.9` and `HTTP/2.0` in a request line, other servers do not (THREATS F1). Only real HTTP/2 has streams. */
function isFitHttp2(raw: IncomingMessage): boolean {
  // User info in `:authority` (RFC 9113 §8.3.1).
  return streamOf(raw) !== null && raw.headers.host?.includes('@') === false
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
