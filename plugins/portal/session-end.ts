/** `/.factorgate/session`, on every host: in how many seconds the session of this browser ends. To ask does not prolong it. */
import type { FastifyInstance } from 'fastify'
import type { Principal } from '../../src/session/principal.ts'
import type { Session } from '../../src/session/session.ts'
import { readOwn } from '../cookies.ts'
import { bindingAt, sendAgain } from '../device-port.ts'
import type { PageContext } from './page-context.ts'
import { formatDuration } from './relative-time.ts'

const sessionEndHeader = 'factorgate-session-ends'

export function registerSessionEnd(scope: FastifyInstance): void {
  const config = { requires: 'anyone', everyHost: true, isData: true, isQuiet: true } as const

  scope.get('/.factorgate/session', { config }, async request => {
    const { say, reply, site, portal } = request.page
    const { session, stale } = await holderOf(request.page)
    const here = site.origin + request.exchange.target.raw
    if (portal.device != null && sendAgain(portal.device, stale, request.raw.headers, reply, here)) return reply
    const left = session === null ? null : ((await portal.sessionEnds?.of(session)) ?? null)
    reply.header('cache-control', 'no-store').header('cross-origin-resource-policy', 'same-origin')
    if (left === null) return reply.header(sessionEndHeader, '0').send({ endsIn: 0, says: say.ends.ended })
    const { seconds: endsIn, by } = left
    const wait = formatDuration(endsIn, say)
    const words =
      by === 'idle' ? { says: say.ends.idle({ wait }), stay: say.ends.stay } : { says: say.ends.absolute({ wait }) }
    return reply.header(sessionEndHeader, String(endsIn)).send({ endsIn, by, ...words })
  })

  // The request is the use that prolongs the session. The page asks again right afterwards, so the use is written first.
  scope.post('/.factorgate/session', { config: { ...config, isQuiet: false, takes: 'nothing' } }, async ({ page }) => {
    if (page.principal !== null) await page.portal.services.sessions.writeUse(page.principal.session.id)
    return page.reply.code(204).header('cache-control', 'no-store').send()
  })
}

interface Holder {
  /** Null for a token that would not be let in: of another host, replaced, ended, suspended, or without its device key. */
  readonly session: Session | null
  /** Whose device key is not shown. */
  readonly stale: Principal | null
}

async function holderOf({ request, site, portal }: PageContext): Promise<Holder> {
  const { cookie } = request.raw.headers
  const token = readOwn(cookie, 'session', site)
  const principal = token === null ? null : await portal.services.sessions.look(site.host, token)
  if (principal === null) return { session: null, stale: null }
  const isStale = bindingAt(portal.device ?? null, principal, request.exchange.match, cookie) === 'stale'
  return isStale ? { session: null, stale: principal } : { session: principal.session, stale: null }
}
