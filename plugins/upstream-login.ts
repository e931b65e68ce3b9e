/** Step 4b, upstream-login: finds the person's own login at an app that knows only HTTP Basic, and asks for it where there is none. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { LoginRefusal } from '../src/forwarding/login-refusal.ts'
import { StoreUnreachable } from '../src/store/store.ts'
import type { UpstreamLogin } from '../src/upstream-login/upstream-login.ts'
import type { UpstreamLogins } from '../src/upstream-login/upstream-logins.ts'
import { challengeLogin, isPublic, type LoginChallengeOptions } from './login-challenge.ts'

export interface UpstreamLoginOptions extends LoginChallengeOptions {
  /** Null where no app gets logins. */
  readonly logins: Pick<UpstreamLogins, 'peek' | 'find' | 'isRefused' | 'admit'> | null
}

export const upstreamLoginPlugin = fp<UpstreamLoginOptions>(
  async (app, { logins, ...options }) => {
    if (logins === null) return
    app.addHook('onRequest', (request, reply, done) => {
      const { match } = request.exchange
      if (match.kind !== 'app' || match.app.upstreamLogin == null) return done()
      const { decision } = request.exchange
      if (decision.kind !== 'forward' || decision.permit.subject === null) return done()
      const { permit } = decision
      const accountId = decision.permit.subject.id
      const isOpen = isPublic(match.app, permit)
      const take = (login: UpstreamLogin | null) => useLogin(login, isOpen, request, reply, done)
      const known = logins.peek(accountId, match.app.id)
      if (known !== undefined) return take(known)
      logins.find(accountId, match.app.id).then(take, error => {
        if (isOpen && error instanceof StoreUnreachable) done()
        else done(error)
      })
    })

    function useLogin(
      login: UpstreamLogin | null,
      isOpen: boolean,
      request: FastifyRequest,
      reply: FastifyReply,
      done: () => void
    ): void {
      if (logins === null) return done()
      const ask = (code: LoginRefusal) => (isOpen ? done() : challengeLogin(request, reply, code, options))
      if (login === null) return ask('upstream_login_required')
      const go = () => {
        if (logins.isRefused(login)) return ask('upstream_login_refused')
        request.exchange.upstreamLogin = login
        done()
      }
      const trial = logins.admit(login)
      if (trial === null) return go()
      trial.then(go)
    }
  },
  { name: 'upstream-login', dependencies: ['enforce'] }
)
