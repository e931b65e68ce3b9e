/** The first step of a sign-in: all refusals are equal, attempts are counted before the hash, and nobody can lock out others. */
import t from 'tap'
import type { Directory } from '../../src/identity/directory.ts'
import type { PasswordRefused } from '../../src/identity/local.ts'
import { PasswordHasher } from '../../src/identity/password/password.ts'
import type { LoginAttempt } from '../../src/identity/password/password-login.ts'
import { cheap, fixture, rightPassword } from '../fixtures/in-process/passwords.ts'

type Fixture = ReturnType<typeof fixture>
const refused = { kind: 'refused' }
const nobodysDirectory: Directory = { id: 'ad', authenticate: async () => ({ kind: 'refused' }) }
const at = (n: number) => `198.51.${n >> 8}.${n & 255}`
const attempt = ({ login }: Fixture, name: string, password: string, address = '192.0.2.1') =>
  login.attempt({ name, password, address })
const checked = (answers: LoginAttempt[]) => answers.filter(({ kind }) => kind !== 'throttled').length

t.test('the right name and password are accepted, in any spelling of the name', async t => {
  for (const name of ['alice', 'Alice ', 'ａｌｉｃｅ']) {
    const all = fixture()
    const account = await all.enter('alice')
    t.strictSame(await attempt(all, name, rightPassword), { kind: 'accepted', account }, name)
  }
})

t.test('M15: everything wrong reads the same and asks the store and the hash as often', async t => {
  const hashed: (string | null)[] = []
  class Watched extends PasswordHasher {
    override verify(hash: string | null, password: string) {
      hashed.push(hash)
      return super.verify(hash, password)
    }
  }
  const all = fixture({ hasher: new Watched({ cost: cheap }) })
  await all.enter('alice')
  await all.accounts.suspend((await all.enter('suspended')).id, 'odd downloads')
  await all.accounts.create({ name: 'fresh' })
  await all.accounts.update((await all.enter('elsewhere')).id, { directory: 'ldap' })
  const calls: number[] = []
  const rows: [string, string, string][] = [
    ['a wrong password', 'alice', 'wrong password'],
    ['an unknown name', 'nobody', rightPassword],
    ['a suspended account', 'suspended', 'wrong password'],
    ['an account without a password', 'fresh', rightPassword],
    ['an account of another directory', 'elsewhere', rightPassword]
  ]
  for (const [name, who, password] of rows) {
    const before = all.store.calls
    hashed.length = 0
    t.strictSame(await attempt(all, who, password, at(rows.findIndex(row => row[1] === who))), refused, name)
    calls.push(all.store.calls - before)
    t.equal(hashed.length, 1, `${name}: one hash`)
  }
  t.equal(new Set(calls).size, 1, `the store was asked ${calls.join(', ')} times`)
  const told = { kind: 'suspended', words: [{ why: 'odd downloads' }] }
  t.strictSame(
    await attempt(all, 'suspended', rightPassword, at(99)),
    told,
    'only the right password tells of a suspension'
  )
})

t.test('M16: what is no name is refused with the same work', async t => {
  const all = fixture()
  await all.enter('alice')
  for (const [i, name] of [
    '',
    ' ',
    'a@b@c',
    'alice\u0000',
    'alice\u200b',
    'a\r\nFLUSHALL',
    '*',
    '__proto__',
    'x'.repeat(1_000_000)
  ].entries())
    t.strictSame(await attempt(all, name, rightPassword, at(i)), refused, JSON.stringify(name.slice(0, 20)))
})

t.test('M13, M14: the spellings of a name share their guesses, whether the name exists or not', async t => {
  for (const names of [
    ['alice', 'ALICE ', 'Alice', 'ａｌｉｃｅ'],
    ['nobody', 'NOBODY ', 'Nobody', 'ｎｏｂｏｄｙ'],
    ['a b', 'A B', ' a b', 'a b ']
  ]) {
    const all = fixture()
    await all.enter('alice')
    const answers: LoginAttempt[] = []
    for (let i = 0; i < 16; i++) answers.push(await attempt(all, names[i % 4]!, 'wrong password', at(1)))
    t.equal(checked(answers), 4, names.join())
  }
})

t.test('M13: with an Active Directory, DOMAIN\\name is the same person with the same guesses', async t => {
  const directories = (local: Directory) => [local, { ...nobodysDirectory, takesDomain: true }]
  const all = fixture({ directories })
  const account = await all.enter('alice')
  for (const name of ['LAB\\alice', ' lab.example\\Alice ', 'alice'])
    t.strictSame(await attempt(all, name, rightPassword, at(name.length)), { kind: 'accepted', account }, name)
  for (const name of ['\\alice', 'LAB\\', 'A\\LAB\\alice', 'LAB\\alice@lab.example', 'a@b\\alice'])
    t.equal((await attempt(all, name, rightPassword, at(99))).kind, 'refused', name)
  for (const who of ['alice', 'nobody']) {
    const fresh = fixture({ directories })
    await fresh.enter('alice')
    const answers: LoginAttempt[] = []
    for (let i = 0; i < 16; i++)
      answers.push(await attempt(fresh, i === 0 ? who : `LAB${i}\\${who}`, 'wrong password', at(1)))
    t.equal(checked(answers), 4, who)
  }
  const elsewhere = fixture()
  await elsewhere.enter('alice')
  t.strictSame(await attempt(elsewhere, 'LAB\\alice', rightPassword), refused, 'not without an Active Directory')
})

t.test('M10: a hundred guesses at once from one place are four', async t => {
  const all = fixture()
  await all.enter('alice')
  const answers = await Promise.all(Array.from({ length: 100 }, () => attempt(all, 'alice', 'wrong password', at(1))))
  t.equal(checked(answers), 4)
  t.match(
    await attempt(all, 'alice', rightPassword, at(1)),
    { kind: 'throttled', retryAfterSeconds: 1 },
    'and the right one has to wait as well'
  )
  t.equal((await attempt(all, 'alice', rightPassword, at(2))).kind, 'accepted', 'from elsewhere it has not')
})

t.test('spraying one password over many names meets the limit of its address', async t => {
  const all = fixture()
  const answers: LoginAttempt[] = []
  for (let i = 0; i < 100; i++) answers.push(await attempt(all, `user${i}`, rightPassword, '203.0.113.5'))
  t.equal(checked(answers), 21)
  t.equal((await attempt(all, 'user100', rightPassword, '203.0.113.6')).kind, 'refused', 'nobody else waits for it')
  const six: LoginAttempt[] = []
  for (let i = 0; i < 100; i++)
    six.push(await attempt(all, `user${i}`, rightPassword, `2001:db8:0:1::${i.toString(16)}`))
  t.equal(checked(six), 21, 'nor does an IPv6 household have more of them')
})

t.test('M17: alice gets in from her own address while the world guesses', async t => {
  const all = fixture()
  const alice = await all.enter('alice')
  t.equal((await attempt(all, 'alice', rightPassword)).kind, 'accepted')
  await all.login.completed(alice, { address: '192.0.2.1' }, true)
  for (let round = 0; round < 30; round++) {
    all.time.advance(300)
    for (let i = 0; i < 10; i++) await attempt(all, 'alice', 'wrong password', at(round * 10 + i))
    const mine = await attempt(all, 'alice', rightPassword)
    t.equal(mine.kind, 'accepted', `round ${round}`)
    await all.login.completed(alice, { address: '192.0.2.1' }, true)
  }
})

t.test('M17: an attack ends, and with it the waiting', async t => {
  const all = fixture()
  await all.enter('alice')
  for (let i = 0; i < 50; i++) {
    all.time.advance(60)
    await attempt(all, 'alice', 'wrong password', at(i))
  }
  all.time.advance(300)
  t.equal((await attempt(all, 'alice', rightPassword)).kind, 'accepted')
})

t.test('M11: a right password resets nothing until the sign-in is complete', async t => {
  const all = fixture()
  const alice = await all.enter('alice')
  const answers: LoginAttempt[] = []
  for (let i = 0; i < 10; i++) answers.push(await attempt(all, 'alice', rightPassword))
  t.equal(checked(answers), 4)
  all.time.advance(1)
  t.equal((await attempt(all, 'alice', rightPassword)).kind, 'accepted')
  await all.login.completed(alice, { address: '192.0.2.1' }, true)
  for (let i = 0; i < 4; i++) t.equal((await attempt(all, 'alice', rightPassword)).kind, 'accepted')
})

t.test('D7: busy is said at once and counts for nothing', async t => {
  const hasher = new PasswordHasher({ cost: cheap, concurrency: 1, queue: 0 })
  const all = fixture({ hasher })
  await all.enter('alice')
  class Full extends PasswordHasher {
    override async verify() {
      return 'busy' as const
    }
  }
  const full = fixture({ hasher: new Full({ cost: cheap }) })
  await full.enter('alice')
  for (let i = 0; i < 30; i++) t.strictSame(await attempt(full, 'alice', rightPassword), { kind: 'busy' })
  const answers = await Promise.all(Array.from({ length: 4 }, () => attempt(all, 'alice', rightPassword)))
  t.ok(answers.every(({ kind }) => kind === 'accepted' || kind === 'busy'))
})

t.test('D2: without the store nothing is checked', async t => {
  const all = fixture()
  await all.enter('alice')
  all.store.isDown = true
  await t.rejects(attempt(all, 'alice', rightPassword), { name: 'StoreUnreachable' })
})

t.test('several directories are asked in turn, and each vouches for its own people alone', async t => {
  const asked: string[] = []
  const stub = (id: string, answer: (name: string) => Awaited<ReturnType<Directory['authenticate']>>): Directory => ({
    id,
    authenticate: async name => {
      asked.push(id)
      return answer(name)
    }
  })
  const known = new Map<string, string>()
  const says = (name: string) => {
    const accountId = known.get(name)
    return accountId === undefined ? ({ kind: 'refused' } as const) : ({ kind: 'accepted', accountId } as const)
  }
  const all = fixture({ directories: local => [local, stub('ldap', says), stub('other', () => ({ kind: 'busy' }))] })
  const alice = await all.enter('alice')
  const bob = await all.accounts.create({ name: 'bob', directory: 'ldap' })
  known.set('bob', bob.id).set('alice', alice.id).set('ghost', 'A'.repeat(22))
  t.match(await attempt(all, 'alice', rightPassword, at(1)), { kind: 'accepted' })
  t.same(asked, [])
  t.match(await attempt(all, 'bob', 'any', at(2)), { kind: 'accepted', account: { name: 'bob' } })
  t.same(asked, ['ldap'])
  t.match(
    await attempt(all, 'alice', 'wrong password', at(3)),
    { kind: 'busy' },
    'a local account is local alone: that another directory takes a password does not count'
  )
  t.match(await attempt(all, 'ghost', 'any', at(4)), { kind: 'busy' }, 'nor for an account that does not exist')
  await all.accounts.suspend(bob.id, 'left')
  t.match(await attempt(all, 'bob', 'any', at(5)), { kind: 'suspended' })
})

t.test(
  'M11, M17: sign-ins with a name that the directory completes count for its account, and end with them',
  async t => {
    const source = { id: 'ldap', title: 'LDAP', realm: 'lab', groupMap: null, enrolment: 'invitation' } as const
    for (const [title, typed, realm] of [
      ['a name without its realm', 'alice', 'lab'],
      ['a name that only the directory knows', 'a.smith', null]
    ] as const) {
      let accountId = ''
      const directory: Directory = {
        id: 'ldap',
        source: { ...source, realm },
        authenticate: async (name, given) =>
          name === typed && given === rightPassword ? { kind: 'accepted', accountId } : { kind: 'refused' }
      }
      const all = fixture({ directories: local => [local, directory] })
      const alice = await all.accounts.create({ name: 'alice@lab', directory: 'ldap', externalId: '1' })
      accountId = alice.id
      const failures = async () =>
        Math.max(
          0,
          ...[...(await all.store.dump()).matchAll(/failures\\*":([\d.]+)/g)].map(([, count]) => Number(count))
        )
      for (let i = 0; i < 8; i++) {
        t.match(await attempt(all, typed, rightPassword), { kind: 'accepted' }, `${title}: sign-in ${i + 1}`)
        await all.login.completed(alice, { address: '192.0.2.1' }, true)
      }
      t.equal(await failures(), 0, `${title}: nothing is left of them`)
      await attempt(all, typed, 'wrong password', at(200))
      t.equal(await failures(), 1, `${title}: a wrong password is`)
      const answers: LoginAttempt[] = []
      for (let i = 0; i < 10; i++) answers.push(await attempt(all, typed, 'wrong password', at(i)))
      t.equal(checked(answers), 10, 'strangers guess')
      t.match(await attempt(all, typed, rightPassword), { kind: 'accepted' }, `${title}: the person is not kept out`)
    }
  }
)

t.test('M15: a directory that does not answer tells nobody whose name another directory has', async t => {
  for (const kind of ['unreachable', 'busy'] as const) {
    const silent: Directory = { id: 'ldap', authenticate: async () => ({ kind }), pretend: async () => ({ kind }) }
    const other: Directory = { id: 'other', authenticate: async () => ({ kind: 'refused' }) }
    const all = fixture({ directories: local => [local, silent, other] })
    await all.enter('local')
    await all.accounts.create({ name: 'theirs', directory: 'ldap', externalId: '1' })
    await all.accounts.create({ name: 'others', directory: 'other', externalId: '1' })
    for (const name of ['local', 'theirs', 'others', 'nobody'])
      t.strictSame(await attempt(all, name, 'wrong password', at(1)), { kind }, `${kind}: ${name}`)
    t.match(await attempt(all, 'local', rightPassword, at(2)), { kind: 'accepted' }, 'the other directories go on')
    for (const name of ['local', 'others', 'nobody']) {
      const guesses: LoginAttempt[] = []
      for (let i = 0; i < 10; i++) guesses.push(await attempt(all, name, 'wrong password', at(900)))
      t.ok(checked(guesses) <= 4, `${kind}: guesses at ${name}, which another directory has checked, are counted`)
    }
    const isKnown = { name: 'local', password: 'wrong password', address: at(3), isKnown: true }
    t.match(await all.login.attempt(isKnown), { kind: 'refused' }, 'whoever is known anyway hears that it is wrong')
  }
})

t.test('I43 · what another directory gets is as long as the password, with a NUL where it has one', async t => {
  const seen: string[] = []
  const pretend = async (_: string, password: string) => {
    seen.push(password)
    return { kind: 'refused' } as const
  }
  const other: Directory = { id: 'ldap', authenticate: async () => ({ kind: 'refused' }), pretend }
  const all = fixture({ directories: local => [local, other] })
  await all.enter('local')
  for (const password of ['a wrong one', 'ü'.repeat(500), 'ä'.repeat(513), 'a\0b']) {
    await attempt(all, 'local', password, at(seen.length + 1))
    const made = seen.at(-1)!
    t.not(made, password)
    t.same([Buffer.byteLength(made), made.includes('\0')], [Buffer.byteLength(password), password.includes('\0')])
  }
  t.equal(seen.length, 4)
})

t.test('local passwords: set, asked for, removed, never in clear', async t => {
  const all = fixture()
  const alice = await all.accounts.create({ name: 'alice' })
  t.notOk(await all.local.hasPassword(alice.id))
  for (const [password, problem] of [
    ['short', 'too_short'],
    ['password', 'too_common'],
    ['x'.repeat(1025), 'too_long']
  ] as const)
    t.match(await all.local.setPassword(alice.id, password).catch((error: unknown) => error), {
      problem
    } as Partial<PasswordRefused>)
  t.notOk(await all.local.hasPassword(alice.id))
  await all.local.setPassword(alice.id, rightPassword)
  t.ok(await all.local.hasPassword(alice.id))
  t.notOk((await all.store.dump()).includes(rightPassword))
  t.strictSame(await all.local.authenticate('alice', rightPassword), { kind: 'accepted', accountId: alice.id })
  t.ok(await all.local.removePassword(alice.id))
  t.strictSame(await all.local.authenticate('alice', rightPassword), refused)
})

t.test('a hash of other costs is renewed at the next sign-in', async t => {
  const all = fixture({ hasher: new PasswordHasher({ cost: { memoryKiB: 128, passes: 1 } }) })
  const alice = await all.accounts.create({ name: 'alice' })
  const old = await new PasswordHasher({ cost: cheap }).hash(rightPassword)
  await all.store.put(`password:${alice.id}`, JSON.stringify({ hash: old, setAt: 1 }))
  await all.local.authenticate('alice', 'wrong password')
  t.match(await all.store.get(`password:${alice.id}`), /m=64,/)
  t.equal((await all.local.authenticate('alice', rightPassword)).kind, 'accepted')
  t.match(await all.store.get(`password:${alice.id}`), /m=128,/)
  t.equal((await all.local.authenticate('alice', rightPassword)).kind, 'accepted')
})

t.test('D3: a password record that is not wholly right fits nothing', async t => {
  const all = fixture()
  const alice = await all.enter('alice')
  for (const record of [
    '',
    '{',
    'null',
    '{"hash":null}',
    '{"hash":""}',
    '{"hash":"$argon2id$v=19$m=8"}',
    `{"hash":"${rightPassword}"}`
  ]) {
    await all.store.put(`password:${alice.id}`, record)
    t.strictSame(await all.local.authenticate('alice', rightPassword), refused, record)
    t.strictSame(await all.local.authenticate('alice', ''), refused, record)
  }
})

t.test('M11: to confirm without a password that was tried gives an address nothing back', async t => {
  const all = fixture()
  const alice = await all.enter('alice')
  await all.login.completed(alice, { address: '192.0.2.1' }, false)
  const failures = async () => JSON.parse((await all.store.get('attempts:neighbours:192.0.2.1')) ?? '{}').failures
  await attempt(all, 'alice', 'wrong password')
  await attempt(all, 'alice', rightPassword)
  t.equal(await failures(), 2)
  for (let i = 0; i < 5; i++) await all.login.completed(alice, { address: '192.0.2.1' }, false)
  t.equal(await failures(), 2, 'a passkey, a step-up')
  await all.login.completed(alice, { address: '192.0.2.1' }, true)
  t.equal(await failures(), 1, 'the password that was right')
})
