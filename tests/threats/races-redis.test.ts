/** The races of races.ts on two gates that share a Redis. */
import t from 'tap'
import { Fixture } from '../fixtures/in-process/callers.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'
import { extra, race } from './races.ts'
import { secondGate } from './s/sessions-ways.ts'

t.test('two gates, one Redis', async t => {
  const redis = await startRedis(t)
  const fixture = await Fixture.start(t, { extra, store: redis.url })
  const { server } = await secondGate(t, fixture)
  await race(t, fixture, [server])
})
