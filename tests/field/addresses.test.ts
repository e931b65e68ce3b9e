/** FIELD G18: an e-mail address that is one account's alone is as good as its user name. */
import t from 'tap'
import { Accounts } from '../../src/identity/accounts.ts'
import { canonicalAddress } from '../../src/identity/addresses.ts'
import { terminal } from '../cli/terminal.ts'
import { fixture, rightPassword } from '../fixtures/in-process/passwords.ts'
import { shown } from '../fixtures/in-process/shown.ts'
import { enrolled, password } from '../fixtures/pipeline/people.ts'
import { codeAt, openFixture } from '../fixtures/pipeline/portal.ts'
import { textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const address = '192.0.2.9'

t.test('FIELD G18 spellings of one address are one, and what is no address is none', async t => {
  for (const typed of [
    'Ada.L@Lab.Example',
    ' ada.l@lab.example\t',
    'ada.l＠lab.example',
    'ada.l@lab.example.',
    '\u200bada.l@lab\u00ad.example'
  ])
    t.equal(canonicalAddress(typed), 'ada.l@lab.example', typed)
  t.equal(canonicalAddress('jörg@Universität.example'), canonicalAddress('JÖRG@xn--universitt-y5a.example'))
  t.equal(canonicalAddress("o'brien+lab@x.example"), "o'brien+lab@x.example")
  for (const wrong of [
    'ada',
    '@lab.example',
    'ada@',
    'a@evil@lab.example',
    'a b@lab.example',
    'a@lab example',
    'a@x,b@y',
    'a\0@x',
    'a\n@x',
    `${'a'.repeat(300)}@x`
  ])
    t.equal(canonicalAddress(wrong), undefined, shown(wrong))
})

t.test('FIELD G18 an address signs in its one account; of two accounts it signs in neither', async t => {
  const all = fixture()
  const ada = await all.enter('ada')
  await all.accounts.update(ada.id, { email: 'Ada@Lab.example' })
  const attempt = (name: string, words = rightPassword) => all.login.attempt({ name, password: words, address })
  t.match(await attempt('ada@lab.example'), { kind: 'accepted', account: { name: 'ada' } })
  t.match(await attempt(' ADA@LAB.EXAMPLE'), { kind: 'accepted', account: { name: 'ada' } })
  const bob = await all.enter('bob')
  await all.accounts.update(bob.id, { email: 'ada@lab.example' })
  all.time.advance(400)
  t.same(await attempt('ada@lab.example'), { kind: 'refused' }, 'two have it')
  await all.accounts.update(bob.id, { email: null })
  all.time.advance(400)
  t.match(await attempt('ada@lab.example'), { kind: 'accepted', account: { name: 'ada' } }, 'one has it again')
  await all.accounts.update(ada.id, { email: 'countess@lab.example' })
  all.time.advance(400)
  t.same(await attempt('ada@lab.example'), { kind: 'refused' }, 'an address of yesterday')
  t.match(await attempt('countess@lab.example'), { kind: 'accepted' })
  await all.accounts.update(ada.id, { groups: ['x'] })
  await all.accounts.suspend(ada.id, 'test')
  all.time.advance(400)
  t.match(await attempt('countess@lab.example'), { kind: 'suspended' })
  await all.accounts.remove(ada.id)
  await all.accounts.remove(bob.id)
  t.notMatch(await all.store.dump(), 'account-address', 'nothing of it stays')
})

t.test('FIELD G18 a name that looks like an address wins over an address', async t => {
  const all = fixture()
  const named = await all.enter('shared@lab.example')
  const other = await all.enter('ada')
  await all.accounts.update(other.id, { email: 'shared@lab.example' })
  t.equal((await all.accounts.bySignIn('Shared@lab.example'))?.id, named.id)
  await all.accounts.remove(named.id)
  t.equal((await all.accounts.bySignIn('Shared@lab.example'))?.id, other.id)
})

t.test(
  'FIELD G18 name and address are one account to whoever guesses (M13); unknown ones read and cost the same',
  async t => {
    const all = fixture()
    const ada = await all.enter('ada')
    await all.accounts.update(ada.id, { email: 'ada@lab.example' })
    const kinds: string[] = []
    for (const name of ['ada', 'ada@lab.example', 'ADA', 'Ada@Lab.Example', 'ada@lab.example'])
      kinds.push((await all.login.attempt({ name, password: 'wrong', address: '198.51.100.7' })).kind)
    t.same(kinds.slice(0, 3), ['refused', 'refused', 'refused'])
    t.equal(kinds.at(-1), 'throttled')

    const asked = async (name: string) => {
      const { get, members } = all.store
      let count = 0
      const counting =
        <Result>(ask: (key: string) => Promise<Result>) =>
        (key: string) => {
          count++
          return ask.call(all.store, key)
        }
      Object.assign(all.store, { get: counting(get), members: counting(members) })
      await all.accounts.bySignIn(name)
      await all.local.authenticate((await all.accounts.bySignIn(name))?.name ?? name, 'wrong')
      Object.assign(all.store, { get, members })
      return count
    }
    t.equal(await asked('ada@lab.example'), await asked('nobody@lab.example'))
    await all.accounts.update(ada.id, { email: "ö'ada@lab.example" })
    t.equal(await asked("ö'ada@lab.example"), await asked("ö'nobody@lab.example"))
  }
)

t.test('FIELD G18 changes of one account at the same moment lose no address', async t => {
  const all = fixture()
  const ada = await all.enter('ada')
  for (let round = 0; round < 20; round++) {
    await Promise.all([
      all.accounts.update(ada.id, { email: 'a@lab.example' }),
      all.accounts.update(ada.id, { email: 'b@lab.example' }),
      all.accounts.update(ada.id, { email: 'a@lab.example' })
    ])
    const { email } = (await all.accounts.byId(ada.id))!
    t.equal((await all.accounts.bySignIn(email!))?.id, ada.id)
  }
})

t.test('FIELD G18 a store of an older version is indexed once, in batches', async t => {
  const all = fixture()
  for (let i = 0; i < 450; i++) await all.accounts.create({ name: `p${i}`, email: `person${i}@lab.example` })
  for await (const { key, members } of all.store.scanIndexes('account-address:'))
    for (const { member } of members) await all.store.unlink(key, member)
  t.equal(await all.accounts.bySignIn('person7@lab.example'), null)
  let atOnce = 0
  let most = 0
  const { link } = all.store
  all.store.link = async (...args) => {
    most = Math.max(most, ++atOnce)
    await new Promise(setImmediate)
    await link.apply(all.store, args)
    atOnce--
  }
  await new Accounts(all).indexAddresses()
  t.equal((await all.accounts.bySignIn('Person449@lab.example'))?.name, 'p449')
  t.ok(most <= 200, `${most} at once`)
  const before = most
  most = 0
  await new Accounts(all).indexAddresses()
  t.same([before > 0, most], [true, 0], 'once')
})

t.test('FIELD G18 the whole way in, by the form', async t => {
  const gate = await openFixture(t)
  const { secret } = await enrolled(gate)
  await gate.accounts.update(gate.ada.id, { email: 'ada@lab.example' })
  const visitor = new Visitor(gate.app)
  const login = await visitor.open(`${gate.portalOrigin}/.factorgate/login`)
  t.match(textOf(login.body), /User name or e-mail address/)
  const page = await visitor.submit(login, { username: 'Ada@Lab.Example', password })
  t.equal((await visitor.post(page, { code: codeAt(secret, gate.clock()) }, /totp/)).status, 303)
  const stranger = new Visitor(gate.app)
  const wrong = async (username: string) => {
    const answer = await stranger.post(await stranger.open(`${gate.portalOrigin}/.factorgate/login`), {
      username,
      password: 'x'
    })
    return answer.body.replace(username, '').replace(/value="[^"]*"/g, '')
  }
  t.equal(await wrong('ada@lab.example'), await wrong('eve@lab.example'), 'M15: byte for byte')
})

t.test('FIELD G18 whoever gives two accounts one address is told that it signs in neither', async t => {
  const factorgate = terminal(t)
  await factorgate.newKey()
  const shared =
    /another account has '.+' as its address or name, so (bob|eve) .* only with the name '\1'.*user set NAME --email/
  const first = await factorgate('user', 'add', 'ada', '--email', 'ada@lab.example')
  t.notMatch(first.stderr, /another account/)
  const added = await factorgate('user', 'add', 'bob', '--email', 'ADA@lab.example.')
  t.match([added.code, added.stderr, added.stdout], [0, shared, /^https:.*\/invite\/\S+\n$/])
  t.notMatch((await factorgate('user', 'set', 'bob', '--email', 'bob@lab.example')).stderr, /another account/)
  t.notMatch((await factorgate('user', 'set', 'bob', '--group', 'x')).stderr, /another account/)
  await factorgate.ok('user', 'add', 'x@lab.example')
  t.match((await factorgate('user', 'add', 'eve', '--email', 'X@lab.example')).stderr, shared, "somebody's name")
})
