/** Invitations: each is used once, within 24 hours, only the newest counts, and the store knows it by its digest. */
import t from 'tap'
import { fixture } from '../fixtures/in-process/passwords.ts'

t.test('an invitation is looked at often and accepted once', async t => {
  const { invitations, store } = fixture()
  const token = await invitations.issue('A1')
  t.notOk((await store.dump()).includes(token), 'a copy of the store invites nobody')
  t.equal(await invitations.peek(token), 'A1')
  t.equal(await invitations.peek(token), 'A1')
  const accepted = await Promise.all(Array.from({ length: 20 }, () => invitations.accept(token)))
  t.same(
    accepted.filter(id => id !== null),
    ['A1'],
    'M7: of twenty at once, one'
  )
  t.equal(await invitations.peek(token), null)
  t.equal(await invitations.begun(token), 'A1', 'it waits beside the password')
  await invitations.removeAll('A1')
  t.equal(await invitations.begun(token), null)
  t.equal(await store.dump(), '')
})

t.test('it ends after 24 hours', async t => {
  const { invitations, time } = fixture()
  const token = await invitations.issue('A1')
  time.advance(24 * 3600 - 1)
  t.equal(await invitations.peek(token), 'A1')
  time.advance(1)
  t.equal(await invitations.peek(token), null)
  t.equal(await invitations.accept(token), null)
})

t.test('the newest of an account counts, and others are not touched by it', async t => {
  const { invitations } = fixture()
  const old = await invitations.issue('A1')
  const bobs = await invitations.issue('B2')
  const fresh = await invitations.issue('A1')
  t.equal(await invitations.peek(old), null)
  t.equal(await invitations.accept(old), null)
  t.equal(await invitations.accept(fresh), 'A1', 'trying the old one did not spend the new one')
  await invitations.removeAll('A1')
  t.equal(await invitations.accept(bobs), 'B2')
})

t.test('a removed account invites nobody', async t => {
  const { invitations, store } = fixture()
  const token = await invitations.issue('A1')
  await invitations.removeAll('A1')
  t.equal(await invitations.accept(token), null)
  t.equal(await store.dump(), '')
})

t.test('what is no token is nobody', async t => {
  const { invitations, store } = fixture()
  const token = await invitations.issue('A1')
  const before = store.calls
  for (const wrong of ['', 'x', `${token}x`, token.slice(1), '../x', `${token.slice(0, 42)}=`, 'A'.repeat(100_000)]) {
    t.equal(await invitations.peek(wrong), null)
    t.equal(await invitations.accept(wrong), null)
  }
  t.equal(store.calls, before, 'and costs no look into the store')
  t.equal(await invitations.peek('A'.repeat(43)), null)
  for (const record of ['{', 'null', '{"accountId":7,"expiresAt":9e15}', '{"accountId":"A1"}']) {
    for await (const { key } of store.scan('invitation:')) await store.put(key, record)
    t.equal(await invitations.peek(token), null, record)
  }
})
