/** Requests for approval that are decided, and opened again where the approval could not be carried out. */
import t from 'tap'
import { Sponsorships } from '../../src/identity/sponsorships.ts'
import { MemoryStore, TestClock } from '../fixtures/in-process/memory-store.ts'

t.test('a reopened request can be decided anew, for three days, and carries nothing of the old decision', async t => {
  const time = new TestClock()
  const sponsorships = new Sponsorships({ store: new MemoryStore(time.read), clock: time.read })
  const asking = { accountId: 'ada', sponsorId: 'bob', typed: 'bob', address: '127.0.0.1', asker: 'secret' }
  const asked = (await sponsorships.ask(asking))!
  const bob = { id: 'bob', name: 'bob', displayName: 'Bob' }
  const approved = (await sponsorships.decide(asked, 'approved', bob))!
  await sponsorships.bind(approved, 'digest')
  t.match(await sponsorships.of('ada'), { state: 'approved', decidedBy: bob, invitation: 'digest' })
  t.equal(await sponsorships.decide(asked, 'declined', bob), null, 'it is decided once')

  await sponsorships.reopen(approved)
  const open = (await sponsorships.of('ada'))!
  t.match(open, { id: asked.id, state: 'open', sponsorId: 'bob', browser: asked.browser })
  t.notOk('decidedBy' in open || 'invitation' in open)
  t.match(await sponsorships.listFor('bob', false), [{ id: asked.id, state: 'open' }])
  time.advance(3 * 86_400 - 1)
  t.match(await sponsorships.of('ada'), { state: 'open' }, 'longer than a decision is kept')
  t.match(await sponsorships.decide(asked, 'declined', bob), { state: 'declined' })
})

t.test('a request that another one has replaced, or that is gone, is not opened again', async t => {
  const time = new TestClock()
  const sponsorships = new Sponsorships({ store: new MemoryStore(time.read), clock: time.read })
  const asking = { accountId: 'ada', sponsorId: null, typed: null, address: '127.0.0.1', asker: 'secret' }
  const first = (await sponsorships.ask(asking))!
  time.advance(61)
  const second = (await sponsorships.ask(asking))!
  await sponsorships.decide(second, 'declined', { id: 'op', name: 'op', displayName: 'Op' })
  await sponsorships.reopen(first)
  t.match(await sponsorships.of('ada'), { id: second.id, state: 'declined' })
  await sponsorships.removeAll('ada')
  await sponsorships.reopen(second)
  t.equal(await sponsorships.of('ada'), null)
})
