/**
 * The span of a request, by the semantic conventions for HTTP. It names no person, no address of a client, no query, and of an app's path
 * nothing, or the first segment (src/traces/README.md).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Description, methodOf, type RequestEnd, type RequestTrace } from '../src/traces/request-trace.ts'
import type { Tracer } from '../src/traces/tracer.ts'

interface RequestTraceOptions {
  readonly tracer: Tracer
  readonly path: 'none' | 'segment'
}

/** Characters of a path's first segment. */
const maxSegment = 64

/** For the accept step. The span ends with the response, or when the client leaves. */
export function requestTraces({ tracer, path }: RequestTraceOptions) {
  return (request: FastifyRequest, reply: FastifyReply): RequestTrace => {
    const { headers } = request.raw
    const trace = tracer.begin(headers, request.exchange.client.viaTrustedProxy, end =>
      describe(request, reply, end, path)
    )
    if (trace.isSampled) {
      const { raw } = reply
      raw.once('finish', () => trace.answered(raw.statusCode))
      raw.once('close', () => trace.answered(raw.headersSent ? raw.statusCode : null))
    }
    return trace
  }
}

function describe(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, forwarded }: RequestEnd,
  path: RequestTraceOptions['path']
): Description {
  const { exchange, raw } = request
  const { match, decision } = exchange.known
  const app = exchange.judged?.app ?? (match?.kind === 'app' ? match.app : null)
  const isOwn = match?.kind === 'own'
  const segment = path === 'segment' && match?.kind === 'app' ? firstSegment(match.path) : null
  // A page of the gate has its pattern as route, in which a person's id stands as `:id`.
  const pattern = isOwn && !request.is404 ? request.routeOptions.url : undefined
  const route = isOwn || app === null ? pattern : app.prefix + (segment === null ? '/*' : `${segment}/*`)
  const target = isOwn ? pattern : app === null ? undefined : app.id + (segment ?? '')
  const code = forwarded === undefined ? reply.getHeader('factorgate-error') : undefined
  const isFault = status !== null && status >= 500
  const isBroken = forwarded?.cut === 'app broke off'
  const method = methodOf(raw.method as string)
  const site = match?.site ?? null
  return {
    name: target === undefined ? method.name : `${method.name} ${target}`,
    isError: isFault || isBroken,
    attributes: [
      ...method.attributes,
      'url.scheme',
      site === null ? undefined : site.secure ? 'https' : 'http',
      'url.path',
      isOwn ? pattern : segment === null ? undefined : `${app?.prefix ?? ''}${segment}`,
      'http.route',
      route,
      'server.address',
      site?.host.replace(/:\d+$/, ''),
      'server.port',
      site === null ? undefined : Number(site.port || (site.secure ? 443 : 80)),
      'network.protocol.version',
      raw.httpVersion === '2.0' ? '2' : raw.httpVersion,
      'http.response.status_code',
      status ?? undefined,
      'http.request.body.size',
      forwarded?.bytesIn,
      'http.response.body.size',
      forwarded?.bytesOut,
      'error.type',
      isBroken ? 'connection_closed' : isFault ? String(code ?? status) : undefined,
      'factorgate.app',
      app?.id,
      'factorgate.reference',
      exchange.id,
      'factorgate.decision',
      decision?.kind,
      'factorgate.refusal',
      code === undefined ? undefined : String(code),
      'factorgate.cut',
      forwarded?.cut ?? (status === null ? 'client left' : undefined)
    ]
  }
}

/** `/tree` of `/tree/notes?x`; null for none. */
function firstSegment(path: string): string | null {
  const [segment = ''] = /^\/[^/?;]+/.exec(path) ?? []
  return segment === '' ? null : segment.slice(0, maxSegment)
}
