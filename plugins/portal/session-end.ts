/** `/.factorgate/session`, on every host: in how many seconds the session of this browser ends. To ask does not prolong it. */
import type { FastifyInstance } from 'fastify'
import { readOwn } from '../cookies.ts'
import { formatDuration } from './relative-time.ts'

export const sessionEndHeader = 'factorgate-session-ends'

export function registerSessionEnd(scope: FastifyInstance): void {
  const { portal } = scope
  const config = { requires: 'anyone', everyHost: true, isData: true, isQuiet: true } as const

  scope.get('/.factorgate/session', { config }, async request => {
    const { say, site, reply } = request.page
    const token = readOwn(request.raw.headers.cookie, 'session', site)
    const left = token === null ? null : ((await portal.sessionEnds?.ofToken(token)) ?? null)
    reply.header('cache-control', 'no-store').header('cross-origin-resource-policy', 'same-origin')
    if (left === null) return reply.header(sessionEndHeader, '0').send({ endsIn: 0, says: say.ends.ended })
    const { seconds: endsIn, by } = left
    const wait = formatDuration(endsIn, say)
    const words =
      by === 'idle' ? { says: say.ends.idle({ wait }), stay: say.ends.stay } : { says: say.ends.absolute({ wait }) }
    return reply.header(sessionEndHeader, String(endsIn)).send({ endsIn, by, ...words })
  })

  // The request itself is the use that prolongs the session.
  scope.post('/.factorgate/session', { config: { ...config, isQuiet: false, takes: 'nothing' } }, async ({ page }) =>
    page.reply.code(204).header('cache-control', 'no-store').send()
  )
}
