/** Step 3, session: resolves the cookie to a principal or anonymous. */
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
      // Usually answered synchronously from the cache, otherwise by the store.
      const known = sessions.peek(site.host, token)
      if (known !== undefined) {
        exchange.principal = known
        return done()
      }
      sessions.find(site.host, token).then(
        principal => {
          exchange.principal = principal
          done()
        },
        error => {
          if (!(error instanceof StoreUnreachable)) return done(error)
          // Public pages need no session; the enforce step refuses where one is needed.
          exchange.storeFailure = error
          exchange.principal = null
          done()
        }
      )
    })
  },
  { name: 'session', dependencies: ['match'] }
)
