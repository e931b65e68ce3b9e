/** The step `match`: finds the app for host and path, or refuses the request (src/apps/route-table.ts). */
import fp from 'fastify-plugin'
import { referrerIn } from '../src/apps/referrer.ts'
import type { RouteTable } from '../src/apps/route-table.ts'
import { GateError } from '../src/errors.ts'
import { answerWellKnown } from './well-known.ts'

export const matchPlugin = fp<{ routes: RouteTable }>(
  async (app, { routes }) => {
    app.addHook('onRequest', (request, reply, done) => {
      const { exchange } = request
      const match = routes.match(request.raw.headers.host, exchange.target)
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
      done(new GateError(match.code))
    })
  },
  { name: 'match', dependencies: ['accept'] }
)
