/** The register of accounts: a name is given once, changes are not lost, and a removed account is gone. */
import t from 'tap'
import { AccountError } from '../../src/identity/accounts.ts'
import { fixture } from '../fixtures/in-process/passwords.ts'

const problemOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => null,
    error => (error instanceof AccountError ? error.problem : error)
  )

t.test('an account is found by id and by any spelling of its name', async t => {
  const { accounts, time } = fixture()
  const alice = await accounts.create({
    name: ' Alice ',
    displayName: ' Alice Doe ',
    email: 'alice@lab.example',
    groups: ['b', 'a', 'b', ' ']
  })
  t.strictSame(alice, {
    id: alice.id,
    name: 'alice',
    displayName: 'Alice Doe',
    email: 'alice@lab.example',
    groups: ['b', 'a'],
    directory: 'local',
    suspended: null,
    createdAt: time.now
  })
  for (const name of ['alice', 'ALICE', ' alice', 'ａｌｉｃｅ']) t.strictSame(await accounts.byName(name), alice, name)
  t.strictSame(await accounts.byId(alice.id), alice)
  t.match(await accounts.create({ name: 'bob' }), { displayName: 'bob', email: null, groups: [] })
  t.same(
    (await accounts.list()).map(({ name }) => name),
    ['alice', 'bob']
  )
})

t.test('M16: what is no name belongs to nobody', async t => {
  const { accounts } = fixture()
  await accounts.create({ name: 'alice' })
  const wrong = [
    '',
    ' ',
    'a b',
    'a@b@c',
    'alice\u200b',
    'alice\u0000',
    'a\r\nFLUSHALL',
    '*',
    'a:b',
    '-a',
    'a-',
    'a,b',
    '<a>',
    '../x',
    'x'.repeat(65),
    'x'.repeat(1_000_000)
  ]
  for (const name of wrong) {
    t.equal(await problemOf(accounts.create({ name })), 'name_invalid', JSON.stringify(name.slice(0, 20)))
    t.equal(await accounts.byName(name), null)
  }
  for (const id of ['', 'x', '*', '../x', 'A'.repeat(22), 'A'.repeat(100_000)]) t.equal(await accounts.byId(id), null)
})

t.test('a name is given once: in any spelling, and of twenty at once to one', async t => {
  const { accounts, store } = fixture()
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, (_, i) => problemOf(accounts.create({ name: i % 2 ? 'alice' : 'Alice' })))
  )
  t.equal(outcomes.filter(problem => problem === null).length, 1)
  t.equal(outcomes.filter(problem => problem === 'name_taken').length, 19)
  t.equal((await accounts.list()).length, 1)
  t.equal(
    (await store.dump()).split('\n').filter(line => line.startsWith('account:')).length,
    1,
    'the losers left nothing'
  )
})

t.test('changes made at once are all kept', async t => {
  const { accounts } = fixture()
  const { id } = await accounts.create({ name: 'alice', groups: ['a'] })
  await Promise.all([
    accounts.update(id, { displayName: 'Alice' }),
    accounts.update(id, { email: 'a@b.example' }),
    accounts.update(id, { groups: ['b'] }),
    accounts.suspend(id, 'odd downloads')
  ])
  t.match(await accounts.byId(id), {
    displayName: 'Alice',
    email: 'a@b.example',
    groups: ['b'],
    name: 'alice',
    suspended: { why: 'odd downloads' }
  })
  t.equal((await accounts.resume(id)).suspended, null)
  for (const change of [
    () => accounts.update('A'.repeat(22), {}),
    () => accounts.suspend('x', 'y'),
    () => accounts.resume('x')
  ])
    t.equal(await problemOf(change()), 'not_found')
})

t.test('what is removed is gone, and its name is free for somebody with another id', async t => {
  const { accounts, store } = fixture()
  const first = await accounts.create({ name: 'alice' })
  t.ok(await accounts.remove(first.id))
  t.notOk(await accounts.remove(first.id))
  t.equal(await store.dump(), '')
  const second = await accounts.create({ name: 'alice' })
  t.not(second.id, first.id)
  t.equal(await accounts.byId(first.id), null)
})

t.test('a removal that broke off leaves the name to be taken', async t => {
  const { accounts, store } = fixture()
  const first = await accounts.create({ name: 'alice' })
  await store.delete(`account:${first.id}`)
  t.equal(await accounts.byName('alice'), null)
  const second = await accounts.create({ name: 'alice' })
  t.strictSame(await accounts.byName('alice'), second)
})

t.test('D3: a record that is not wholly right is nobody', async t => {
  const { accounts, store } = fixture()
  const alice = await accounts.create({ name: 'alice' })
  for (const change of [
    { id: 'other' },
    { groups: 'operators' },
    { suspended: 'no' },
    { name: 'bob' },
    { createdAt: null }
  ]) {
    await store.put(`account:${alice.id}`, JSON.stringify({ ...alice, ...change }))
    t.equal(await accounts.byName('alice'), null, JSON.stringify(change))
  }
  await store.put(`account:${alice.id}`, '{')
  t.equal(await accounts.byId(alice.id), null)
  t.equal(await problemOf(accounts.update(alice.id, {})), 'not_found')
})

t.test('of two people with the name of one account, the second one gets another account', async t => {
  const { accounts } = fixture()
  const { id } = await accounts.create({ name: 'sam', directory: 'campus' })
  await accounts.bind(id, 'sam-1')
  t.equal(await problemOf(accounts.bind(id, 'sam-2')), 'external_taken')
  t.equal((await accounts.ofExternal('campus', 'sam-1'))?.id, id)
  const other = await accounts.create({ name: 'sam2', directory: 'campus', externalId: 'sam-2' })
  t.equal((await accounts.ofExternal('campus', 'sam-2'))?.id, other.id)
})
