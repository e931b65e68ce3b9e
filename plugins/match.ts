/** Step 2, match: which app host and path belong to, or 404. Owns nothing else; the route table (src/routing) does the work. */
import fp from 'fastify-plugin'
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
      // The bare address of the portal is where people land who were told one name: show them in.
      if (match.site?.isPortal && exchange.target.path === '/') {
        reply.header('cache-control', 'no-store').redirect(`${match.site.origin}/.factorgate/`, 302)
        return
      }
      const { site } = match
      if (site?.isPortal && answerWellKnown(request.raw.method, exchange.target.path, site.origin, reply)) return
      done(new GateError(match.code))
    })
  },
  { name: 'match', dependencies: ['accept'] }
)
