/** Credential records: they are read strictly, changed without loss, and found by their owner alone. */
import t from 'tap'
import { type Credential, credentialName, type WebauthnCredential } from '../../src/factor/credential.ts'
import { newId } from '../../src/ids.ts'
import { alice, bob, fixture } from '../fixtures/in-process/factors.ts'
import { sampleCredential } from '../fixtures/in-process/sample-credential.ts'
import { shown } from '../fixtures/in-process/shown.ts'

const key = (change: Partial<WebauthnCredential> = {}) => sampleCredential({ accountId: alice.id, ...change })

t.test('a credential is found by its owner alone', async t => {
  const { credentials } = fixture()
  const credential = key()
  t.ok(await credentials.add(credential))
  t.strictSame(await credentials.get(alice.id, credential.id), credential)
  t.strictSame(await credentials.list(alice.id), [credential])
  t.strictSame(await credentials.byCredentialId(credential.credentialId), credential)
  t.equal(await credentials.get(bob.id, credential.id), null)
  t.same(await credentials.list(bob.id), [])
  t.notOk(await credentials.rename(bob.id, credential.id, 'Mine'))
  t.notOk(await credentials.remove(bob.id, credential.id))
  for (const id of ['', 'x', `${credential.id}x`, '../session:1', 'A'.repeat(22)]) {
    t.equal(await credentials.get(alice.id, id), null, id)
    t.notOk(await credentials.remove(alice.id, id))
    t.notOk(await credentials.rename(alice.id, id, 'x'))
  }
  t.strictSame(await credentials.list(alice.id), [credential])
})

t.test('W11: one authenticator id belongs to one person; of two at once, one has it', async t => {
  const { credentials } = fixture()
  const outcomes = await Promise.all([
    credentials.add(key({ credentialId: 'same' })),
    credentials.add(key({ credentialId: 'same' })),
    credentials.add(key({ credentialId: 'same', accountId: bob.id }))
  ])
  t.equal(outcomes.filter(Boolean).length, 1)
  t.equal((await credentials.list(alice.id)).length + (await credentials.list(bob.id)).length, 1)
})

t.test('what is removed leaves no credential, and its id is free again', async t => {
  const { credentials, store } = fixture()
  const one = key()
  await credentials.add(one)
  t.ok(await credentials.remove(alice.id, one.id))
  t.notOk(await credentials.remove(alice.id, one.id), 'once')
  t.equal((await store.dump()).trim(), `had-factor:${alice.id} 1`, 'only that the account has had a factor')
  t.ok(await credentials.add(key({ credentialId: one.credentialId })))
  await credentials.add(key())
  await credentials.add(key({ accountId: bob.id }))
  await credentials.removeAll(alice.id)
  t.same(await credentials.list(alice.id), [])
  t.equal((await credentials.list(bob.id)).length, 1)
})

t.test('changes made at once are all kept', async t => {
  const { credentials } = fixture()
  const one = key()
  await credentials.add(one)
  await Promise.all(
    Array.from({ length: 20 }, () =>
      credentials.update(alice.id, one.id, now =>
        now.kind === 'webauthn' ? { ...now, counter: now.counter + 1 } : null
      )
    )
  )
  t.match(await credentials.get(alice.id, one.id), { counter: 20 })
})

t.test('disabling is told once', async t => {
  const { credentials, disabled } = fixture()
  const one = key()
  await credentials.add(one)
  await Promise.all(Array.from({ length: 5 }, () => credentials.disable(alice.id, one.id)))
  t.match(disabled, [{ credentialId: one.id, factor: 'webauthn', credentialName: 'Key' }])
  t.equal(disabled.length, 1)
})

t.test('D3: a record that is not wholly right is no credential', async t => {
  const { credentials, store } = fixture()
  const rows: [string, object | string][] = [
    ['no JSON', '{'],
    ['null', 'null'],
    ['another id', { id: newId() }],
    ['another account', { accountId: bob.id }],
    ['another kind', { kind: 'sms' }],
    ['no name', { name: '' }],
    ['a counter below zero', { counter: -1 }],
    ['a counter in words', { counter: '5' }],
    ['disabled in words', { disabledAt: 'false' }],
    ['a flag in words', { backupEligible: 'false' }],
    ['no flag', { uvInitialized: undefined }],
    ['transports that are none', { transports: 'usb' }],
    ['no public key', { publicKey: '' }]
  ]
  for (const [name, change] of rows) {
    const one = key()
    await credentials.add(one)
    const text = typeof change === 'string' ? change : JSON.stringify({ ...one, ...change })
    await store.put(`credential:${one.id}`, text)
    t.equal(await credentials.get(alice.id, one.id), null, name)
    t.equal(await credentials.byCredentialId(one.credentialId), null, name)
    t.equal(await credentials.update(alice.id, one.id, (now: Credential) => now), null, name)
    t.same(await credentials.list(alice.id), [], name)
  }
})

t.test('names are one clean line', async t => {
  const { credentials } = fixture()
  const rows: [string, string][] = [
    ['Phone', 'Phone'],
    ['  two   words ', 'two words'],
    ['a\nb\tc\u0000d', 'a b c d'],
    ['right\u202eleft', 'right left'],
    ['cafe\u0301', 'café'],
    ['', 'otherwise'],
    ['\u200b \u2066', 'otherwise'],
    ['🔑'.repeat(100), '🔑'.repeat(64)],
    ['<svg/onload=1>', '<svg/onload=1>'],
    ['x'.repeat(1_000_000), 'x'.repeat(64)]
  ]
  for (const [given, expected] of rows) t.equal(credentialName(given, 'otherwise'), expected, shown(given.slice(0, 20)))
  const one = key()
  await credentials.add(one)
  t.ok(await credentials.rename(alice.id, one.id, ' Work\nkey '))
  t.match(await credentials.get(alice.id, one.id), { name: 'Work key' })
  t.ok(await credentials.rename(alice.id, one.id, '   '))
  t.match(await credentials.get(alice.id, one.id), { name: 'Work key' }, 'an empty name changes nothing')
})
