/** Re-sealing: the old key can go after it, and nothing is lost. */
import t from 'tap'
import { resealSecrets } from '../../src/factor/reseal.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { alice, bob, fixture, home } from '../fixtures/in-process/factors.ts'

t.test('everything sealed opens with the new key alone', async t => {
  const old = newMasterKey()
  const fresh = newMasterKey()
  const all = fixture()
  all.ring.keyring = makeKeyring([old])
  const pending = await all.totp.begin(alice, 's1')
  const codes = await all.recovery.issue(alice.id)
  await all.recovery.issue(bob.id)
  const both = makeKeyring([fresh, old])
  t.equal(await resealSecrets({ store: all.store, keyring: both }), 3)
  t.equal(await resealSecrets({ store: all.store, keyring: both }), 0, 'a second time there is nothing to do')
  all.ring.keyring = makeKeyring([fresh])
  t.match(await all.totp.resume(pending.ceremony, alice.id, 's1'), { secret: pending.secret })
  t.equal((await all.recovery.spend({ accountId: alice.id, code: codes[0]!, address: home })).kind, 'verified')
})

t.test('a TOTP credential goes on working, and keeps what it knew', async t => {
  const old = newMasterKey()
  const fresh = newMasterKey()
  // The codes of this secret are known (RFC 6238 Appendix B).
  const all = fixture({ now: 59_000, totp: { digits: 8, random: () => Buffer.from('12345678901234567890') } })
  all.ring.keyring = makeKeyring([old])
  const { ceremony } = await all.totp.begin(alice, 's1')
  const enrol = { accountId: alice.id, binding: 's1', ceremony, code: '94287082', name: 'Phone', address: home }
  t.equal((await all.totp.finish(enrol)).kind, 'enrolled')
  const [before] = await all.credentials.list(alice.id)
  t.equal(await resealSecrets({ store: all.store, keyring: makeKeyring([fresh, old]) }), 1)
  all.ring.keyring = makeKeyring([fresh])
  const [after] = await all.credentials.list(alice.id)
  t.match(after, { id: before?.id, name: 'Phone', lastStep: 1 })
  all.time.now = 1111111109_000
  t.equal((await all.totp.verify({ accountId: alice.id, code: '07081804', address: home })).kind, 'verified')
})

t.test('a record whose key is gone stops it, so that nothing is retired', async t => {
  const all = fixture()
  all.ring.keyring = makeKeyring([newMasterKey()])
  await all.recovery.issue(alice.id)
  await t.rejects(resealSecrets({ store: all.store, keyring: makeKeyring([newMasterKey()]) }), { name: 'KeyringError' })
})

t.test('records of other rooms that are sealed as a whole', async t => {
  const [old, fresh] = [newMasterKey(), newMasterKey()]
  const { store } = fixture()
  await store.put('acme-account:x', makeKeyring([old]).seal('the account', 'acme-account:x'))
  const keyring = makeKeyring([fresh, old])
  t.equal(await resealSecrets({ store, keyring, wholes: ['acme-account:'] }), 1)
  t.equal(makeKeyring([fresh]).open((await store.get('acme-account:x')) ?? '', 'acme-account:x'), 'the account')
})
