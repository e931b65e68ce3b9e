/** What the pipeline needs of stored logins at apps. */
import type { Exchange } from '../../plugins/exchange.ts'
import { challengeLogin, type LoginChallengeOptions } from '../../plugins/login-challenge.ts'
import type { App } from '../apps/route-table.ts'
import { refuseEvent } from '../upstream-login/login-events.ts'
import { segmentOf } from '../upstream-login/trials.ts'
import type { UpstreamLogin } from '../upstream-login/upstream-login.ts'
import type { Services } from './services.ts'
import { stillHasAccess } from './still-has-access.ts'

/** `logins` and the observer are null if no app gets logins. */
export function loginSteps(apps: readonly App[], runtime: Services, options: LoginChallengeOptions) {
  const { upstreamLogins: logins, journal: audit, clock } = runtime
  const isUsed = apps.some(({ upstreamLogin }) => upstreamLogin != null)
  const observer = {
    accepted: ({ match }: Exchange, login: UpstreamLogin) => {
      if (match.kind === 'app') logins.accepted(login, segmentOf(match.path))
    },
    onRefused: (exchange: Exchange, login: UpstreamLogin) => {
      const { match, principal, program, client, id } = exchange
      const who = principal ?? program
      if (match.kind !== 'app' || who === null) return
      const { account } = who
      if (!logins.refused(account.id, match.app.id, login)) return
      const session = principal === null ? {} : { session: principal.session.id }
      audit.record({
        ...refuseEvent(account, match.app.id),
        at: clock(),
        request: id,
        address: client.address,
        ...session
      })
    },
    answer: (...[request, reply, code]: LoginAnswer) => challengeLogin(request, reply, code, options)
  }
  const mayEnter = (exchange: Exchange) => stillHasAccess(exchange, runtime)
  return { step: { logins: isUsed ? logins : null, mayEnter, ...options }, observer: isUsed ? observer : null }
}

type LoginAnswer = Parameters<typeof challengeLogin> extends [...infer First, LoginChallengeOptions] ? First : never
