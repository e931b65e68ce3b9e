/** The security headers of the gate's own responses (ASVS 3.4.1, 3.4.4, 3.4.6). */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { RouteTable } from '../src/apps/route-table.ts'
import type { RefusalPage } from './error-body.ts'

/** `Strict-Transport-Security` (RFC 6797), without subdomains, because others may run them. */
export const strictTransport = 'max-age=63072000'

interface SecurityHeadersOptions {
  readonly routes: Pick<RouteTable, 'site'>
  readonly portalOrigin: string
  readonly renderStep: (request: FastifyRequest) => RefusalPage
}

export const securityHeadersPlugin = fp<SecurityHeadersOptions>(
  async (app, { routes, portalOrigin, renderStep }) => {
    const portalIsSecure = portalOrigin.startsWith('https:')
    app.addHook('onSend', (request, reply, payload, done) => {
      const { exchange } = request
      const { match } = exchange.known
      // An unknown host counts as the portal's.
      const site = match === undefined ? routes.site(request.raw.headers.host) : match.site
      reply.header('x-content-type-options', 'nosniff')
      if (site?.secure ?? portalIsSecure) reply.header('strict-transport-security', strictTransport)
      if (exchange.framed !== 'page') reply.header('x-frame-options', 'DENY')
      if (exchange.framed !== 'step' || (reply.statusCode >= 300 && reply.statusCode < 400)) return done(null, payload)
      const { html, headers } = renderStep(request)
      reply.removeHeader('x-frame-options')
      reply.removeHeader('content-length')
      reply.removeHeader('cross-origin-opener-policy')
      reply.headers(headers).type('text/html; charset=utf-8')
      done(null, html)
    })
  },
  { name: 'security-headers', dependencies: ['exchange'] }
)
