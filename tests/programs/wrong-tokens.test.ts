/** The limit on wrong tokens, by itself: a flood from many networks, and who is delayed by it. */
import t from 'tap'
import { ProgramTokens } from '../../src/programs/program-tokens.ts'
import { WrongTokens } from '../../src/programs/wrong-tokens.ts'
import { SessionCache } from '../../src/session/session-cache.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

t.test('a flood from many networks delays strangers alone', async t => {
  const wrong = new WrongTokens()
  const now = 1_000_000
  const lab = '192.0.2.7'
  t.ok(wrong.take(lab, now))
  wrong.giveBack(lab)
  const flood = () => {
    let looked = 0
    for (let i = 0; i < 5_000; i++) if (wrong.take(`10.0.${i >> 8}.${i & 255}`, now)) looked++
    return looked
  }
  t.equal(flood(), 500, 'of all together so many are looked up')
  t.notOk(wrong.take('198.51.100.1', now), 'a network that nobody knows waits')
  let own = 0
  while (own < 100 && wrong.take(lab, now)) own++
  t.equal(own, 20, 'one that a right token came from has its own share')
  t.ok(wrong.take('198.51.100.1', now + 20), 'and the others have room again soon')
})

t.test('D17: a token that a clock has made that was ahead does not live longer', async t => {
  const time = new TestClock(1_000_000_000_000)
  const store = new MemoryStore(time.read)
  const tokens = new ProgramTokens({ store, cache: new SessionCache(store), clock: time.read, accountNow: one => one })
  time.advance(86_400)
  const limits = { name: 'Robot', app: 'one', paths: null, methods: null, networks: null, bytes: null, by: null }
  const { token } = await tokens.issue({ accountId: 'A', ...limits, validSeconds: 3600 })
  t.ok(await tokens.stands(token.id))
  time.advance(-30)
  t.ok(await tokens.stands(token.id), 'clocks of gates differ a little')
  time.advance(-86_000)
  t.notOk(await tokens.stands(token.id))
  t.notOk(await tokens.hasAny('A'))
})

t.test('nobody has more than a hundred tokens, however many they ask for at once (T8)', async t => {
  const time = new TestClock(1_000_000_000_000)
  const store = new MemoryStore(time.read)
  const tokens = new ProgramTokens({ store, cache: new SessionCache(store), clock: time.read, accountNow: one => one })
  const limits = { name: 'Robot', app: 'one', paths: null, methods: null, networks: null, bytes: null, by: null }
  const issue = () => tokens.issue({ accountId: 'A', ...limits, validSeconds: 3600 })
  for (let i = 0; i < 95; i++) await issue()
  const all = await Promise.allSettled(Array.from({ length: 50 }, issue))
  const made = all.filter(({ status }) => status === 'fulfilled').length
  t.ok(made <= 5, `${made} more`)
  t.equal((await tokens.list('A')).length, 95 + made)
  for (const one of all) if (one.status === 'rejected') t.equal((one.reason as Error).name, 'TooManyTokens')
  for (let i = made; i < 5; i++) await issue()
  await t.rejects(issue(), { name: 'TooManyTokens' })
  t.equal((await tokens.list('A')).length, 100, 'the refused ones have taken no place')
})
