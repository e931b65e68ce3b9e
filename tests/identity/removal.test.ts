/** A removed person leaves nothing behind, and access ends with the first write. */
import t from 'tap'
import { Credentials } from '../../src/factor/credential.ts'
import { RecoveryCodes } from '../../src/factor/recovery-code.ts'
import { removeEverythingOf } from '../../src/identity/removal.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { AttemptBuckets } from '../../src/throttle/attempt-buckets.ts'
import { fixture, rightPassword } from '../fixtures/in-process/passwords.ts'
import { sampleTotp } from '../fixtures/in-process/sample-credential.ts'

async function lived() {
  const all = fixture()
  const { store, clock, limiter, accounts, local, invitations } = all
  const keyring = makeKeyring([newMasterKey()])
  const credentials = new Credentials({ store, clock })
  const recovery = new RecoveryCodes({ store, clock, limiter, keyring: () => keyring, count: 10, cost: 2 })
  const had = { removeAll: (id: string) => credentials.forget(id) }
  const belongings = [local, credentials, had, recovery, invitations, new AttemptBuckets(store)]
  const enter = async (name: string) => {
    const account = await all.enter(name)
    await credentials.add(sampleTotp({ accountId: account.id }))
    await recovery.issue(account.id)
    await invitations.issue(account.id)
    await all.login.attempt({ name, password: rightPassword, address: '192.0.2.1' })
    await all.login.completed(account, { address: '192.0.2.1' }, true)
    return account
  }
  return { ...all, accounts, enter, belongings }
}

t.test('nothing of the account is left, and everything of the others', async t => {
  const { enter, store, accounts, belongings } = await lived()
  const bob = await enter('bob')
  const before = await store.dump()
  const alice = await enter('alice')
  t.equal(await removeEverythingOf(alice.id, { accounts, belongings }), true)
  const after = await store.dump()
  t.notOk(after.includes(alice.id))
  t.notOk(after.includes('alice'))
  const withoutAttempts = (dump: string) => dump.split('\n').filter(line => !line.startsWith('attempts:'))
  t.same(withoutAttempts(after), withoutAttempts(before))
  t.ok(await accounts.byId(bob.id))
  t.equal(await removeEverythingOf(alice.id, { accounts, belongings }), false)
})

t.test('access ends first, and a removal that broke off is finished by the next', async t => {
  const { enter, store, accounts, belongings, login } = await lived()
  const alice = await enter('alice')
  const broken = { removeAll: () => Promise.reject(new Error('the store went away')) }
  await t.rejects(removeEverythingOf(alice.id, { accounts, belongings: [broken, ...belongings] }), {
    message: 'the store went away'
  })
  t.match((await accounts.byId(alice.id))?.suspended, { why: 'removed' })
  const attempt = (password: string) => login.attempt({ name: 'alice', password, address: '192.0.2.1' })
  t.same(await attempt(rightPassword), { kind: 'suspended', words: [{ why: 'removed' }] }, 'nobody comes in')
  t.same(await attempt('a wrong password'), { kind: 'refused' }, 'and who does not know the password learns nothing')
  t.equal(await removeEverythingOf(alice.id, { accounts, belongings }), true)
  t.notOk((await store.dump()).split('\n').some(line => line.includes(alice.id) && !line.startsWith('attempts:')))
})
