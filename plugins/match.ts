/** The step `match`: finds the app for host and path, or refuses the request (src/apps/route-table.ts). */
import type { IncomingHttpHeaders } from 'node:http'
import fp from 'fastify-plugin'
import { referrerIn } from '../src/apps/referrer.ts'
import { type Match, type RouteTable, verdictPath } from '../src/apps/route-table.ts'
import { GateError } from '../src/errors.ts'
import { isPageRead, sendAway } from './challenge.ts'
import type { Exchange } from './exchange.ts'
import { answerWellKnown } from './well-known.ts'

/** `localhost:8443` for `127.0.0.1:8443`, which no site on the internet can be called. */
function localName(host: string | undefined): string | undefined {
  const port = /^(?:127\.0\.0\.1|\[::1\])(:\d+)?$/.exec(host ?? '')
  return port === null ? undefined : `localhost${port[1] ?? ''}`
}

/**
 * Traefik asks for a verdict under the address at which it reaches the gate, and names the app's host as it names the path: in its own headers. The
 * plugin forward-auth answers there, and only a listed proxy.
 */
function asked(routes: RouteTable, { target }: Exchange, headers: IncomingHttpHeaders): Match {
  const match = routes.match(headers.host, target)
  const isQuestion = match.kind === 'none' && match.site === null && target.path === verdictPath
  return isQuestion ? routes.match(headers['x-forwarded-host'] as string | undefined, target) : match
}

export const matchPlugin = fp<{ routes: RouteTable }>(
  async (app, { routes }) => {
    app.addHook('onRequest', (request, reply, done) => {
      const { exchange } = request
      const match = asked(routes, exchange, request.raw.headers)
      exchange.match = match
      if (match.kind !== 'none') return done()
      if (match.site?.isPortal && exchange.target.path === '/') {
        reply.header('cache-control', 'no-store').redirect(`${match.site.origin}/.factorgate/`, 302)
        return
      }
      const { site } = match
      if (site?.isPortal && answerWellKnown(request.raw.method, exchange.target.path, site.origin, reply)) return
      const from = match.code === 'no_such_app' ? referrerIn(request.raw.headers.referer, routes) : null
      if (from !== null) exchange.notes = { ...exchange.notes, ...from }
      // A gate on this machine has the name localhost, and people also type the address that it listens on.
      const named = site === null && isPageRead(request.raw) ? routes.site(localName(request.raw.headers.host)) : null
      if (named !== null) return sendAway(reply, named.origin + exchange.target.raw)
      done(new GateError(match.code))
    })
  },
  { name: 'match', dependencies: ['accept'] }
)
