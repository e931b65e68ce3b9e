/** Step 3, session: finds the principal of the session cookie, or null for anonymous. */
import fp from 'fastify-plugin'
import type { Sessions } from '../src/session/sessions.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import { readOwn } from './cookies.ts'

export const sessionPlugin = fp<{ sessions: Sessions }>(
  async (app, { sessions }) => {
    app.addHook('onRequest', (request, _reply, done) => {
      const { exchange } = request
      const { site } = exchange.match
      const token = site === null ? null : readOwn(request.raw.headers.cookie, 'session', site)
      if (site === null || token === null) {
        exchange.principal = null
        return done()
      }
      const known = sessions.peek(site.host, token)
      if (known !== undefined) {
        exchange.principal = known
        return done()
      }
      const timed = exchange.trace?.time('find the session')
      sessions.find(site.host, token).then(
        principal => {
          timed?.()
          exchange.principal = principal
          done()
        },
        error => {
          timed?.()
          if (!(error instanceof StoreUnreachable)) return done(error)
          // Public paths need no session; the enforce step refuses the others.
          exchange.storeFailure = error
          exchange.principal = null
          done()
        }
      )
    })
  },
  { name: 'session', dependencies: ['match'] }
)
