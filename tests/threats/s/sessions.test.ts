/** The rows S of docs/THREATS.md: sessions and cookies, against a running gate on each of the two stores. */
import t from 'tap'
import { Fixture } from '../../fixtures/in-process/callers.ts'
import { startRedis } from '../../fixtures/process/redis-server.ts'
import { tryAll } from '../table.ts'
import { deviceRows } from './device-keys.ts'
import { cookieRows } from './sessions-cookies.ts'
import { lifeRows } from './sessions-life.ts'
import { limitRows } from './sessions-limits.ts'
import { script } from './sessions-ways.ts'

t.test('sessions and cookies', async t => {
  const redis = await startRedis(t)
  const extra = 'session: { maxPerUser: 500, idle: 1h, absolute: 24h }'
  const fixture = await Fixture.start(t, { extra, script })
  const shared = await Fixture.start(t, { extra, script, store: redis.url })
  await tryAll(t, [
    ...lifeRows(fixture, shared),
    ...limitRows([
      ['embedded', fixture],
      ['Redis', shared]
    ]),
    ...cookieRows(fixture),
    ...deviceRows
  ])
})
