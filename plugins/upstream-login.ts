/** The step `upstream-login`: finds the person's own login at an app that knows only HTTP Basic, or asks for it. */
import fp from 'fastify-plugin'
import type { LoginRefusal } from '../src/forwarding/login-refusal.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import { segmentOf } from '../src/upstream-login/trials.ts'
import type { UpstreamLogin } from '../src/upstream-login/upstream-login.ts'
import type { UpstreamLogins } from '../src/upstream-login/upstream-logins.ts'
import { challengeLogin, isPublic, type LoginChallengeOptions } from './login-challenge.ts'
import { recheckAccess, type StillHasAccess } from './recheck-access.ts'

interface UpstreamLoginOptions extends LoginChallengeOptions {
  /** Null if no app gets logins. */
  readonly logins: Pick<UpstreamLogins, 'peek' | 'find' | 'isRefused' | 'admit'> | null
  /** Whether the person, or the program's owner, may still enter; asked after each wait. Rejects with StoreUnreachable. */
  readonly mayEnter: StillHasAccess
}

export const upstreamLoginPlugin = fp<UpstreamLoginOptions>(
  async (app, { logins, mayEnter, ...options }) => {
    if (logins === null) return
    app.addHook('onRequest', (request, reply, done) => {
      const { exchange } = request
      const { match } = exchange
      if (match.kind !== 'app' || match.app.upstreamLogin == null) return done()
      const { decision } = exchange
      if (decision.kind !== 'forward' || decision.permit.subject === null) return done()
      const accountId = decision.permit.subject.id
      const isOpen = isPublic(match.app, decision.permit)
      const ask = (code: LoginRefusal) => (isOpen ? done() : challengeLogin(request, reply, code, options))
      const { id: appId, connectTimeoutMs, responseTimeoutMs } = match.app
      const take = (login: UpstreamLogin | null) => {
        if (login === null) return ask('upstream_login_required')
        if (logins.isRefused(login)) return ask('upstream_login_refused')
        const admission = logins.admit(login, segmentOf(match.path), connectTimeoutMs + responseTimeoutMs)
        if (admission.wait !== null) return afterWait(admission.wait, look)
        exchange.upstreamLogin = login
        exchange.endLoginTrial = admission.end
        // A later step may refuse the request, or the client may leave.
        if (admission.end !== null) reply.raw.once('finish', admission.end).once('close', admission.end)
        done()
      }
      // During a wait the login may be replaced or removed.
      const look = () => {
        const known = logins.peek(accountId, appId)
        if (known !== undefined) return take(known)
        afterWait(logins.find(accountId, appId), take)
      }
      /** Access may have ended during the wait, when nothing of this request could be cut yet. */
      const afterWait = <Found>(wait: Promise<Found>, goOn: (found: Found) => void) => {
        wait
          .then(async found => {
            await recheckAccess(exchange, mayEnter)
            if (exchange.principal === null && exchange.program === null) return app.judgeAgain(request, reply, done)
            goOn(found)
          })
          .catch(error => {
            if (isOpen && error instanceof StoreUnreachable) done()
            else done(error)
          })
      }
      look()
    })
  },
  { name: 'upstream-login', dependencies: ['enforce'] }
)
