/** Which browser is new for an account. */
import t from 'tap'
import { newToken } from '../../src/ids.ts'
import { AttemptBuckets } from '../../src/throttle/attempt-buckets.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

t.test('a browser is new if the account has others, and not this one', async t => {
  const clock = new TestClock()
  const buckets = new AttemptBuckets(new MemoryStore(clock.read))
  const [first, second] = [newToken(), newToken()]
  t.equal(await buckets.isNewBrowser('alice', first), false, 'nobody is told of their first sign-in')
  await buckets.remember('alice', { address: '192.0.2.1', browser: first })
  t.equal(await buckets.isNewBrowser('alice', first), false, 'the browser of that sign-in')
  t.equal(await buckets.isNewBrowser('alice', second), true, 'another one at the same address')
  t.equal(await buckets.isNewBrowser('alice', null), true, 'one without a cookie')
  t.equal(await buckets.isNewBrowser('alice', 'no token'), true, 'one with a made-up cookie')
  t.equal(await buckets.isNewBrowser('bob', first), false, 'the cookie of somebody else, who shares the browser')
  await buckets.remember('alice', { address: '192.0.2.1', browser: second })
  t.equal(await buckets.isNewBrowser('alice', second), false)
  clock.advance(31 * 24 * 3600)
  t.equal(
    await buckets.isNewBrowser('alice', newToken()),
    false,
    'after a month without a sign-in there is nothing to compare with'
  )
})
