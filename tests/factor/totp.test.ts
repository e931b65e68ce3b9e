/** TOTP: a secret is shown once, each time step is good once, and every guess is counted before it is checked. */
import { createHmac } from 'node:crypto'
import t from 'tap'
import { readCode, type TotpSetup } from '../../src/factor/totp.ts'
import { makeKeyring, newMasterKey } from '../../src/keyring/keyring.ts'
import { alice, bob, checked, fixture, home, meetAt, stranger, waitOut } from '../fixtures/in-process/factors.ts'
import { wrongCode } from '../fixtures/in-process/person.ts'

type Fixture = ReturnType<typeof fixture>

/** The code of an authenticator app `steps` from now, without the library's arithmetic. */
function codeOf(secret: string, now: number, steps = 0): string {
  const bits = [...secret].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g)!.map(byte => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000) + steps))
  const mac = createHmac('sha1', key).update(counter).digest()
  return String((mac.readUInt32BE(mac.at(-1)! & 15) & 0x7fffffff) % 1e6).padStart(6, '0')
}

async function enrolled(all: Fixture, account = alice, name = 'Phone') {
  const setup = await all.totp.begin(account, 's1')
  const outcome = await all.totp.finish({
    accountId: account.id,
    binding: 's1',
    ceremony: setup.ceremony,
    code: codeOf(setup.secret, all.time.now),
    name,
    address: home
  })
  if (outcome.kind !== 'enrolled') throw new Error(outcome.kind)
  const code = (steps = 0) => codeOf(setup.secret, all.time.now, steps)
  return { ...setup, credential: outcome.credential, code, wrong: wrongCode(setup.secret, all.time.now) }
}

const verify = ({ totp }: Fixture, code: string, address = stranger()) =>
  totp.verify({ accountId: alice.id, code, address })
const finish = ({ totp, time }: Fixture, setup: TotpSetup, change: object) =>
  totp.finish({
    accountId: alice.id,
    binding: 's1',
    ceremony: setup.ceremony,
    code: wrongCode(setup.secret, time.now),
    name: '',
    address: home,
    ...change
  })

t.test('an enrolment ends with the first right code, and the secret is sealed', async t => {
  const all = fixture()
  const { credential, secret, uri, code } = await enrolled(all)
  t.match(credential, { kind: 'totp', name: 'Phone', accountId: alice.id, lastUsedAt: null, disabledAt: null })
  t.equal(secret.length, 32)
  t.match(uri, /^otpauth:\/\/totp\/Example%20Lab:alice\?/)
  t.notOk((await all.store.dump()).includes(secret), 'M27: a copy of the store shows no secret')
  t.equal((await verify(all, code())).kind, 'refused', 'the enrolment spent this step')
  all.time.advance(30)
  t.strictSame(await verify(all, code(), home), {
    kind: 'verified',
    accountId: alice.id,
    factor: 'totp',
    credentialId: credential.id,
    credentialName: 'Phone',
    userVerified: false
  })
  t.match(await all.credentials.list(alice.id), [{ lastUsedAt: all.time.now, lastUsedFrom: home }])
})

t.test('a wrong code leaves the same secret to be shown again, to its owner alone', async t => {
  const all = fixture()
  const setup = await all.totp.begin(alice, 's1')
  t.equal((await finish(all, setup, {})).kind, 'refused')
  t.strictSame(await all.totp.resume(setup.ceremony, alice.id, 's1'), setup)
  const rows: [string, string, string, string][] = [
    ['M4: another account', setup.ceremony, bob.id, 's1'],
    ['another session', setup.ceremony, alice.id, 's2'],
    ['an unknown ceremony', 'A'.repeat(43), alice.id, 's1'],
    ['no ceremony at all', '', alice.id, 's1'],
    ['a key of the store', `${setup.ceremony.slice(0, -1)}:`, alice.id, 's1']
  ]
  for (const [name, ceremony, accountId, binding] of rows) {
    t.equal(await all.totp.resume(ceremony, accountId, binding), null, name)
    const code = codeOf(setup.secret, all.time.now)
    t.equal((await finish(all, setup, { ceremony, accountId, binding, code })).kind, 'expired', name)
  }
  all.time.advance(601)
  t.equal(await all.totp.resume(setup.ceremony, alice.id, 's1'), null, 'ten minutes later it is over')
  t.equal((await finish(all, setup, { code: codeOf(setup.secret, all.time.now) })).kind, 'expired')
})

t.test('of one enrolment sent fifty times at once, one credential comes', async t => {
  const all = fixture()
  const setup = await all.totp.begin(alice, 's1')
  const code = codeOf(setup.secret, all.time.now)
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => finish(all, setup, { code })))
  t.equal(outcomes.filter(({ kind }) => kind === 'enrolled').length, 1)
  t.equal((await all.credentials.list(alice.id)).length, 1)
})

t.test('an account has room for sixteen', async t => {
  const all = fixture()
  for (let i = 0; i < 16; i++) await enrolled(all)
  const setup = await all.totp.begin(alice, 's1')
  t.equal((await finish(all, setup, { code: codeOf(setup.secret, all.time.now) })).kind, 'refused')
  t.equal((await all.credentials.list(alice.id)).length, 16)
})

t.test('M8: a code works once, and none of an earlier step after a later one', async t => {
  const all = fixture()
  const { code } = await enrolled(all)
  all.time.advance(300)
  t.equal((await verify(all, code())).kind, 'verified')
  t.equal((await verify(all, code())).kind, 'refused', 'the same code again')
  t.equal((await verify(all, code(-1))).kind, 'refused', 'the one before, never used')
  all.time.advance(30)
  t.equal((await verify(all, code(-1))).kind, 'refused', 'the same code a step later')
  t.equal((await verify(all, code(1))).kind, 'verified', 'one step early')
  waitOut(all.time)
  t.equal((await verify(all, code())).kind, 'verified')
})

t.test('M8: a code is not good again when the clock is put back', async t => {
  const all = fixture()
  const { code } = await enrolled(all)
  all.time.advance(300)
  const used = code()
  t.equal((await verify(all, used)).kind, 'verified')
  all.time.advance(-60)
  t.equal((await verify(all, code(1))).kind, 'refused')
  t.equal((await verify(all, code())).kind, 'refused')
  all.time.advance(60)
  t.equal((await verify(all, used)).kind, 'refused')
})

t.test('M9: of fifty right codes at once, one is let in', async t => {
  for (const addresses of [() => home, stranger]) {
    const all = fixture()
    const { code } = await enrolled(all)
    all.time.advance(30)
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => verify(all, code(), addresses())))
    t.equal(verdicts.filter(({ kind }) => kind === 'verified').length, 1)
  }
})

t.test('M9: of codes for three time steps at once, none is let in after a newer one', async t => {
  for (const steps of [
    [-1, 0, 1],
    [1, 0, -1]
  ]) {
    const all = fixture()
    const { code, credential } = await enrolled(all)
    all.time.advance(300)
    meetAt(all.store, `credential:${credential.id}`, 3)
    const verdicts = await Promise.all(steps.map(step => verify(all, code(step))))
    const letIn = steps.filter((_, index) => verdicts[index]?.kind === 'verified')
    t.ok(letIn.length > 0)
    t.match(await all.credentials.list(alice.id), [
      { lastStep: Math.floor(all.time.now / 30_000) + Math.max(...letIn) }
    ])
  }
})

t.test('M18: codes of three steps around now', async t => {
  for (const skew of [0, 1] as const)
    for (const steps of [-3, -2, -1, 0, 1, 2, 3]) {
      const all = fixture({ totp: { skew } })
      const { code } = await enrolled(all)
      all.time.advance(3000)
      t.equal(
        (await verify(all, code(steps))).kind,
        Math.abs(steps) <= skew ? 'verified' : 'refused',
        `${skew} ${steps}`
      )
    }
})

t.test('D17: a clock that was ahead for a while locks nobody out for ever, and gives no code back', async t => {
  const all = fixture()
  const { code } = await enrolled(all)
  const day = 24 * 3600
  const before = all.time.now
  all.time.advance(day)
  t.equal((await verify(all, code())).kind, 'verified', 'while the clock is ahead')
  const ahead = code()
  all.time.advance(-day)
  t.equal((await verify(all, code(1))).kind, 'refused')
  t.equal(await all.credentials.forgetFutureCodes(alice.id), 1)
  t.equal(all.time.now, before)
  t.equal((await verify(all, code())).kind, 'refused', 'the code of this moment may have been used')
  t.equal((await verify(all, code(1))).kind, 'verified')
  t.equal((await verify(all, code(1))).kind, 'refused', 'once')
  t.equal(await all.credentials.forgetFutureCodes(alice.id), 0, 'there is nothing to forget')
  all.time.advance(day)
  t.equal((await verify(all, ahead)).kind, 'refused', 'its step was spent then')
})

t.test('M19: what is no code is refused and counted, and never thrown back', async t => {
  const wrong: unknown[] = [
    '',
    '     ',
    '12345',
    '1234567',
    '123456789',
    '١٢٣٤٥٦٧',
    '一二三四五六',
    'ⅠⅡⅢⅣⅤⅥ',
    '½¼¾½¼¾',
    '12345a',
    '+12345',
    '1e5000',
    '0x1234',
    '12.345',
    '123456\u0000',
    '１23456',
    '9'.repeat(100_000),
    null,
    undefined,
    true,
    123456,
    ['123456'],
    { $gt: '' }
  ]
  for (const value of wrong) {
    const all = fixture()
    await enrolled(all)
    t.match(await verify(all, value as string, home), { kind: 'refused' }, JSON.stringify(value)?.slice(0, 40))
    const reservation = await all.limiter.reserve([{ kind: 'factor_unknown_total', key: `totp:${alice.id}` }])
    t.match(reservation, { kind: 'allowed', failures: 1 }, 'counted')
  }
})

t.test('a right code may be typed with blanks and dashes', async t => {
  for (const write of [
    (c: string) => c.replace(/(...)/, '$1 '),
    (c: string) => c.replace(/(...)/, '$1-'),
    (c: string) => ` ${c}\t`,
    (c: string) => [...c].join('\u202f')
  ]) {
    const all = fixture()
    const { code } = await enrolled(all)
    all.time.advance(30)
    t.equal((await verify(all, write(code()))).kind, 'verified', write('123456'))
  }
  t.equal(readCode('1 2-3456 78'), '12345678')
  t.equal(readCode('123\u0000456'), null)
})

t.test('each of several credentials is tried, and only the one used is marked', async t => {
  const all = fixture()
  const phone = await enrolled(all, alice, 'Phone')
  const tablet = await enrolled(all, alice, 'Tablet')
  all.time.advance(30)
  t.match(await verify(all, tablet.code()), { kind: 'verified', credentialName: 'Tablet' })
  t.match(await verify(all, phone.code()), { kind: 'verified', credentialName: 'Phone' })
  await all.credentials.remove(alice.id, phone.credential.id)
  all.time.advance(30)
  t.equal((await verify(all, phone.code())).kind, 'refused', 'a removed one is worth nothing')
  t.equal(
    (await all.totp.verify({ accountId: bob.id, code: tablet.code(), address: home })).kind,
    'refused',
    "nor is anybody else's"
  )
  t.equal((await verify(all, tablet.code())).kind, 'verified')
})

t.test('using one a thousand times does not wear out the other', async t => {
  const all = fixture()
  await enrolled(all, alice, 'Drawer')
  const phone = await enrolled(all, alice, 'Phone')
  for (let i = 0; i < 150; i++) {
    all.time.advance(30)
    if ((await verify(all, phone.code(), home)).kind !== 'verified') t.fail(`round ${i}`)
  }
  t.same(all.disabled, [])
})

t.test('M10: guesses are counted for the account, over all sessions and addresses', async t => {
  const all = fixture()
  const { wrong } = await enrolled(all)
  const verdicts = await Promise.all(Array.from({ length: 100 }, () => verify(all, wrong)))
  t.equal(checked(verdicts), 4)
  let checks = 4
  for (let second = 0; second < 600; second++) {
    all.time.advance(1)
    if ((await verify(all, wrong)).kind !== 'throttled') checks++
  }
  t.ok(checks <= 14, `${checks} checks in ten minutes`)
})

t.test('M10: a hundred failures in a row disable the credential, and success begins the count anew', async t => {
  const all = fixture()
  const { code, credential } = await enrolled(all)
  const failTimes = async (count: number) => {
    for (let i = 0; i < count; i++) {
      waitOut(all.time)
      t.equal((await verify(all, 'no code')).kind, 'refused')
    }
  }
  await failTimes(99)
  waitOut(all.time)
  t.equal((await verify(all, code())).kind, 'verified')
  t.same(all.disabled, [])
  await failTimes(99)
  t.equal((await all.credentials.get(alice.id, credential.id))?.disabledAt, null)
  await failTimes(1)
  t.strictSame(all.disabled, [
    { at: all.time.now, accountId: alice.id, factor: 'totp', credentialId: credential.id, credentialName: 'Phone' }
  ])
  t.equal((await all.credentials.get(alice.id, credential.id))?.disabledAt, all.time.now)
  waitOut(all.time)
  t.equal((await verify(all, code())).kind, 'refused', 'the right code comes too late')
  const fresh = await enrolled(all, alice, 'New phone')
  waitOut(all.time)
  t.match(await verify(all, fresh.code()), { kind: 'verified', credentialName: 'New phone' })
  t.equal(all.disabled.length, 1, 'told once')
})

t.test('D2: without the store nothing is checked', async t => {
  const all = fixture()
  const { code } = await enrolled(all)
  all.time.advance(30)
  all.store.isDown = true
  await t.rejects(verify(all, code()), { name: 'StoreUnreachable' })
  all.store.isDown = false
  t.equal((await verify(all, code())).kind, 'verified', 'and nothing was spent')
})

/** Somebody whose code `steps` from now is not also that of a nearer step. */
async function unambiguous(steps: number) {
  for (;;) {
    const all = fixture()
    const { code } = await enrolled(all)
    all.time.advance(3000)
    const nearer = Array.from({ length: 2 * Math.abs(steps) - 1 }, (_, i) => code(i + 1 - Math.abs(steps)))
    if (!nearer.includes(code(steps))) return { all, code }
  }
}

t.test('a code of another time says that clocks matter, and is worth nothing when that time comes', async t => {
  for (const [steps, answer] of [
    [-5, { kind: 'refused', code: 'clock' }],
    [5, { kind: 'refused', code: 'clock' }],
    [-20, { kind: 'refused', code: 'clock' }],
    [30, { kind: 'refused' }],
    [-30, { kind: 'refused' }]
  ] as const) {
    const { all, code } = await unambiguous(steps)
    t.strictSame(await verify(all, code(steps)), answer, `${steps} steps`)
  }
  const all = fixture()
  const { code } = await enrolled(all)
  all.time.advance(3000)
  const early = code(5)
  t.match(await verify(all, early), { code: 'clock' })
  all.time.advance(150)
  t.equal(early, code())
  t.equal((await verify(all, early)).kind, 'refused', 'a guesser gains nothing from being told')
  t.equal((await verify(all, code(1))).kind, 'verified', 'and the person loses thirty seconds')
})

t.test('codes that keep failing say that clocks matter, a replay does not', async t => {
  const all = fixture()
  const { code, wrong } = await enrolled(all)
  all.time.advance(30)
  await verify(all, code())
  t.strictSame(await verify(all, code()), { kind: 'refused' })
  for (let i = 0; i < 2; i++) t.strictSame(await verify(all, wrong), { kind: 'refused' })
  // The answer tells the wait that it brings (FIELD N6).
  t.strictSame(await verify(all, wrong), { kind: 'refused', code: 'clock', waitSeconds: 1 })
})

t.test('a secret sealed for one credential opens no other', async t => {
  const all = fixture()
  const { credential } = await enrolled(all)
  const other = await enrolled(all, bob)
  const record = JSON.parse((await all.store.get(`credential:${credential.id}`))!)
  const swapped = { ...record, secret: (other.credential as { secret: string }).secret }
  await all.store.put(`credential:${credential.id}`, JSON.stringify(swapped))
  all.time.advance(30)
  await t.rejects(verify(all, other.code()), { name: 'KeyringError' })
})

t.test('without the key that sealed it nothing is verified', async t => {
  const all = fixture()
  const { code } = await enrolled(all)
  const fresh = newMasterKey()
  all.ring.keyring = makeKeyring([fresh])
  all.time.advance(30)
  await t.rejects(verify(all, code()), { name: 'KeyringError' })
})
