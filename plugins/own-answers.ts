/**
 * What every answer of ours carries, whatever it is and whoever made it: a page, a redirect, a 401 for a program, an error. Owns the
 * headers that need no page to make sense (ASVS 3.4.1, 3.4.4, 3.4.6); never touches an app's answer, which passes by Fastify's replies altogether.
 */
import fp from 'fastify-plugin'
import type { RouteTable } from '../src/routing/route-table.ts'
import { framePage, framePageHeaders } from './frame-page.ts'

/** RFC 6797. Without `includeSubDomains`: the hosts below ours are not ours to bind. */
export const strictTransport = 'max-age=63072000'

export const ownAnswersPlugin = fp<{ routes: Pick<RouteTable, 'site' | 'sites'>; portalOrigin: string }>(
  async (app, { routes, portalOrigin }) => {
    const portalIsSecure = portalOrigin.startsWith('https:')
    app.addHook('onSend', (request, reply, payload, done) => {
      const { match } = request.exchange.known
      // What was refused before it was matched has a host all the same; one we do not serve counts as the portal's.
      const site = match === undefined ? routes.site(request.raw.headers.host) : match.site
      reply.header('x-content-type-options', 'nosniff').header('x-frame-options', 'DENY')
      if (site?.secure ?? portalIsSecure) reply.header('strict-transport-security', strictTransport)
      if (!request.exchange.isFramed || (reply.statusCode >= 300 && reply.statusCode < 400)) return done(null, payload)
      const address = (site?.origin ?? portalOrigin) + request.exchange.target.raw
      reply.removeHeader('x-frame-options')
      reply.removeHeader('content-length')
      reply.headers(framePageHeaders(routes.sites))
      done(null, framePage(address))
    })
  },
  { name: 'own-answers', dependencies: ['exchange'] }
)
