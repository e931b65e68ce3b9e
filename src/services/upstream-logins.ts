/** The stored logins at apps, composed: for the step that finds them, for what apps answer, and for forward-auth verdicts. */
import type { Logger } from 'pino'
import type { Exchange } from '../../plugins/exchange.ts'
import { challengeLogin, type LoginChallengeOptions } from '../../plugins/login-challenge.ts'
import type { App } from '../apps/route-table.ts'
import type { AuditSink } from '../audit/event.ts'
import { limitedLog } from '../audit/log-share.ts'
import type { Clock } from '../clock.ts'
import type { Keyring } from '../keyring/keyring.ts'
import type { SessionCache } from '../session/session-cache.ts'
import type { Store } from '../store/store.ts'
import { refuseEvent } from '../upstream-login/login-events.ts'
import type { UpstreamLogin } from '../upstream-login/upstream-login.ts'
import { UpstreamLogins } from '../upstream-login/upstream-logins.ts'

export interface UpstreamLoginParts {
  readonly store: Store
  readonly cache: SessionCache
  readonly clock: Clock
  readonly log: Logger
  readonly keyring: Keyring
}

/** They outlive a reload. `parts`: its key may change. */
export function upstreamLoginsOf(parts: UpstreamLoginParts): UpstreamLogins {
  const { store, cache, clock } = parts
  const log = limitedLog(parts.log, clock)
  return new UpstreamLogins({
    store,
    cache,
    clock,
    keyring: () => parts.keyring,
    onTrouble: ({ sentence, error }) => log.warn({ problem: error.message }, sentence)
  })
}

/** What the pipeline needs of them; `logins` is null, and the observer too, where no app gets logins. */
export function loginSteps(
  apps: readonly App[],
  logins: UpstreamLogins,
  audit: AuditSink,
  clock: Clock,
  options: LoginChallengeOptions
) {
  const isUsed = apps.some(({ upstreamLogin }) => upstreamLogin != null)
  const observer = {
    accepted: (login: UpstreamLogin) => logins.accepted(login),
    undecided: (login: UpstreamLogin) => logins.undecided(login),
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
  return { step: { logins: isUsed ? logins : null, ...options }, observer: isUsed ? observer : null }
}

type LoginAnswer = Parameters<typeof challengeLogin> extends [...infer First, LoginChallengeOptions] ? First : never
