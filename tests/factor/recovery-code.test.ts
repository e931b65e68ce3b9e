/** Recovery codes: they are readable, shown once and good once, and the store does not reveal them. */
import { createHash, scryptSync } from 'node:crypto'
import t from 'tap'
import { RecoveryCodes, readRecoveryCode } from '../../src/factor/recovery-code.ts'
import { alice, bob, checked, fixture, home, meetAt, stranger, waitOut } from '../fixtures/in-process/factors.ts'

type Fixture = ReturnType<typeof fixture>
const spend = ({ recovery }: Fixture, code: string, address = stranger(), accountId = alice.id) =>
  recovery.spend({ accountId, code, address })

t.test('ten codes of 80 bits, in groups, all different', async t => {
  const all = fixture()
  t.equal(await all.recovery.status(alice.id), null)
  const codes = await all.recovery.issue(alice.id)
  t.equal(codes.length, 10)
  for (const code of codes) t.match(code, /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/)
  const many = (await Promise.all(Array.from({ length: 300 }, () => all.recovery.issue(alice.id)))).flat()
  t.equal(new Set(many).size, many.length)
  const counts = new Map<string, number>()
  for (const symbol of many.join('').replaceAll('-', '')) counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
  t.equal(counts.size, 32, 'every symbol is used')
  const mean = (many.length * 16) / 32
  for (const [symbol, count] of counts) t.ok(Math.abs(count - mean) < mean / 5, `${symbol} as often as the others`)
})

t.test('M21: each code works once', async t => {
  const all = fixture()
  const [first = '', second = ''] = await all.recovery.issue(alice.id)
  t.strictSame(await all.recovery.status(alice.id), { total: 10, remaining: 10, createdAt: all.time.now })
  t.strictSame(await spend(all, first), {
    kind: 'verified',
    accountId: alice.id,
    factor: 'recovery',
    credentialId: null,
    credentialName: null,
    userVerified: false
  })
  t.equal((await spend(all, first)).kind, 'refused')
  t.match(await all.recovery.status(alice.id), { total: 10, remaining: 9 })
  t.equal((await spend(all, second)).kind, 'verified')
})

t.test('M21: of one code fifty times at once, one is let in; of different codes at once, none is lost', async t => {
  const all = fixture()
  const [first = ''] = await all.recovery.issue(alice.id)
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => spend(all, first)))
  t.equal(verdicts.filter(({ kind }) => kind === 'verified').length, 1)
  // A new fixture, so that the limiter does not count the fifty wrong ones before.
  const elsewhere = fixture()
  const codes = await elsewhere.recovery.issue(alice.id)
  const three = await Promise.all(codes.slice(0, 3).map(code => spend(elsewhere, code)))
  t.same(
    three.map(({ kind }) => kind),
    ['verified', 'verified', 'verified']
  )
  t.match(await elsewhere.recovery.status(alice.id), { remaining: 7 })
})

t.test('M21: of one code read three times before any of them spends it, one is let in', async t => {
  const all = fixture()
  const [code = ''] = await all.recovery.issue(alice.id)
  meetAt(all.store, `recovery:${alice.id}`, 3)
  const verdicts = await Promise.all(Array.from({ length: 3 }, () => spend(all, code)))
  t.same(verdicts.map(({ kind }) => kind).sort(), ['refused', 'refused', 'verified'])
  t.match(await all.recovery.status(alice.id), { remaining: 9 })
})

t.test("M21: somebody else's code is worth nothing", async t => {
  const all = fixture()
  const [code = ''] = await all.recovery.issue(alice.id)
  await all.recovery.issue(bob.id)
  t.equal((await spend(all, code, home, bob.id)).kind, 'refused')
  t.equal((await spend(all, code)).kind, 'verified')
})

t.test('M21: typed as people type', async t => {
  const writes: ((code: string) => string)[] = [
    code => code.toUpperCase(),
    code => code.replaceAll('-', ''),
    code => code.replaceAll('-', ' '),
    code => ` ${code.replaceAll('-', ' - ')}\n`,
    code => code.replaceAll('0', 'o').replaceAll('1', 'l'),
    code => code.replaceAll('0', 'O').replaceAll('1', 'I'),
    code => code.replaceAll('-', '–')
  ]
  for (const write of writes) {
    const all = fixture()
    const [code = ''] = await all.recovery.issue(alice.id)
    t.equal((await spend(all, write(code))).kind, 'verified', write('01ab-cdef'))
  }
  for (const wrong of [
    '',
    'x',
    'u'.repeat(16),
    'u'.repeat(24),
    '0'.repeat(15),
    '0'.repeat(17),
    '0'.repeat(23),
    '0'.repeat(25),
    '٠'.repeat(17),
    '零'.repeat(16),
    '0'.repeat(1_000_000),
    null,
    7,
    ['a']
  ])
    t.equal(readRecoveryCode(wrong), null, String(wrong).slice(0, 30))
})

/** A list of the first version, as releases wrote it that made codes of 24 symbols. */
async function putOlderList({ store, ring, time }: Fixture, codes: readonly string[]) {
  const hashes = codes.map(code =>
    createHash('sha256')
      .update(`${alice.id} ${code.replaceAll('-', '')}`)
      .digest('base64url')
  )
  const record = { createdAt: time.now, total: codes.length, hashes, disabledAt: null }
  const key = `recovery:${alice.id}`
  await store.put(key, ring.keyring.seal(JSON.stringify(record), key))
}

t.test('M21: codes of an older list work once each, until new ones replace them', async t => {
  const all = fixture()
  const older = ['k7rm-29xt-q4hd-w8pz-51nc-b6vj', 'f3ty-84gk-m2qs-d9hx-67wr-c5np', 'j2bv-38zt-k8fm-q6ns-92dg-x4rw']
  await putOlderList(all, older)
  t.match(await all.recovery.status(alice.id), { total: 3, remaining: 3 })
  t.equal((await spend(all, older[0]!)).kind, 'verified')
  t.equal((await spend(all, older[0]!)).kind, 'refused')
  t.match(await all.recovery.status(alice.id), { total: 3, remaining: 2 }, 'the record has the newer version now')
  t.equal((await spend(all, older[1]!.slice(0, 19))).kind, 'refused', 'a part of one')
  t.equal((await spend(all, older[1]!)).kind, 'verified', 'another one after that')
  await all.recovery.issue(alice.id)
  t.equal((await spend(all, older[2]!)).kind, 'refused')
})

t.test('M27: the hash of a code is slow and salted', async t => {
  const all = fixture()
  const recovery = new RecoveryCodes({ ...all, keyring: () => all.ring.keyring, count: 2 })
  const [code = ''] = await recovery.issue(alice.id)
  const key = `recovery:${alice.id}`
  const { hashes, slow } = JSON.parse(all.ring.keyring.open((await all.store.get(key))!, key))
  t.ok(slow.cost >= 2 ** 13 && Buffer.from(slow.salt, 'base64url').length === 16)
  const text = `${alice.id} ${code.replaceAll('-', '')}`
  t.equal(scryptSync(text, slow.salt, 32, { N: slow.cost, r: 8, p: 1 }).toString('base64url'), hashes[0])
  await recovery.issue(alice.id)
  const again = JSON.parse(all.ring.keyring.open((await all.store.get(key))!, key))
  t.not(again.slow.salt, slow.salt)
})

t.test('new codes void the old ones', async t => {
  const all = fixture()
  const [old = ''] = await all.recovery.issue(alice.id)
  const [fresh = ''] = await all.recovery.issue(alice.id)
  t.equal((await spend(all, old)).kind, 'refused')
  t.equal((await spend(all, fresh)).kind, 'verified')
  await all.recovery.removeAll(alice.id)
  t.equal(await all.recovery.status(alice.id), null)
  t.equal((await spend(all, fresh)).kind, 'refused')
})

t.test('M21: a hundred guesses meet the same limiter, and disable the codes until new ones are issued', async t => {
  const all = fixture()
  const [code = ''] = await all.recovery.issue(alice.id)
  const verdicts = await Promise.all(Array.from({ length: 100 }, () => spend(all, '0'.repeat(16))))
  t.equal(checked(verdicts), 4)
  for (let i = 4; i < 99; i++) {
    waitOut(all.time)
    await spend(all, 'wrong')
  }
  t.same(all.disabled, [])
  waitOut(all.time)
  await spend(all, 'wrong')
  t.match(all.disabled, [{ accountId: alice.id, factor: 'recovery' }])
  waitOut(all.time)
  t.equal((await spend(all, code)).kind, 'refused')
  t.match(await all.recovery.status(alice.id), { remaining: 0 })
  const [fresh = ''] = await all.recovery.issue(alice.id)
  waitOut(all.time)
  t.equal((await spend(all, fresh)).kind, 'verified')
  t.equal(all.disabled.length, 1)
})

t.test('M27: the store holds nothing to try codes against, and nobody can plant one', async t => {
  const all = fixture()
  const codes = await all.recovery.issue(alice.id)
  const dump = await all.store.dump()
  for (const code of codes) t.notOk(dump.includes(code) || dump.includes(code.replaceAll('-', '')))
  await all.recovery.issue(bob.id)
  await all.store.put(`recovery:${alice.id}`, (await all.store.get(`recovery:${bob.id}`))!)
  await t.rejects(spend(all, codes[0]!), { name: 'KeyringError' }, "another's record is not taken for hers")
  await all.store.put(
    `recovery:${alice.id}`,
    JSON.stringify({ createdAt: 1, total: 1, hashes: ['x'], disabledAt: null })
  )
  await t.rejects(all.recovery.status(alice.id), { name: 'KeyringError' })
})

t.test('D2: without the store nothing is spent', async t => {
  const all = fixture()
  const [code = ''] = await all.recovery.issue(alice.id)
  all.store.isDown = true
  await t.rejects(spend(all, code), { name: 'StoreUnreachable' })
  all.store.isDown = false
  t.equal((await spend(all, code)).kind, 'verified')
})
