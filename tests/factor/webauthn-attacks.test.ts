import t from 'tap'
import { makeKeyring, masterKey } from '../../src/keyring/keyring.ts'
import { Authenticator } from '../fixtures/in-process/authenticator.ts'
import { answer, ask, attempt, begin, enrol, flip, withKey } from '../fixtures/in-process/ceremonies.ts'
import { alice, bob, checked, fixture, waitOut } from '../fixtures/in-process/factors.ts'

/** The answer without its wait, which depends on the count alone (FIELD N6). */
const saidOf = ({ waitSeconds: _, ...said }: { kind: string; waitSeconds?: number }) => said

t.test('W11: an id that is registered is refused, whoever has it', async t => {
  const at = await withKey()
  for (const account of [alice, bob]) {
    const { ceremony, options } = await begin(at.all, account)
    const again = new Authenticator({ credentialId: at.key.credentialId })
    t.equal((await enrol(at.all, ceremony, again.register(options), { account })).kind, 'refused', account.name)
  }
  t.equal((await attempt(at, {})).kind, 'verified', 'and its owner keeps it')
  t.same(await at.all.credentials.list(bob.id), [])
})

t.test('W1: a challenge is spent by its first answer, right or wrong', async t => {
  const at = await withKey()
  const { ceremony, options } = await ask(at.all)
  const right = at.key.assert(options)
  t.equal((await answer(at.all, ceremony, right)).kind, 'verified')
  t.equal((await answer(at.all, ceremony, right)).kind, 'refused', 'replayed')
  t.equal((await answer(at.all, ceremony, at.key.assert(options))).kind, 'refused', 'signed anew')
  const second = await ask(at.all)
  t.equal((await answer(at.all, second.ceremony, {})).kind, 'refused')
  t.equal(
    (await answer(at.all, second.ceremony, at.key.assert(second.options))).kind,
    'refused',
    'after a wrong answer'
  )
})

t.test('W1: of four answers to one challenge at once, one is let in', async t => {
  const at = await withKey({ counts: false })
  const { ceremony, options } = await ask(at.all)
  const response = at.key.assert(options)
  // As many as the limiter allows at once, so that it does not hide the race.
  const verdicts = await Promise.all(Array.from({ length: 4 }, () => answer(at.all, ceremony, response)))
  t.equal(verdicts.filter(({ kind }) => kind === 'verified').length, 1)
  const enrolment = await begin(at.all)
  const registration = new Authenticator().register(enrolment.options)
  const outcomes = await Promise.all(Array.from({ length: 4 }, () => enrol(at.all, enrolment.ceremony, registration)))
  t.equal(outcomes.filter(({ kind }) => kind === 'enrolled').length, 1)
})

t.test('W2, W20: a challenge belongs to its session, its account and its purpose', async t => {
  const at = await withKey({ counts: false })
  const { all, key } = at
  const rows: [string, () => Promise<{ kind: string }>][] = [
    [
      'another session',
      async () => {
        const { ceremony, options } = await ask(all)
        return answer(all, ceremony, key.assert(options), { binding: 's2' })
      }
    ],
    [
      'another account',
      async () => {
        const { ceremony, options } = await ask(all)
        return answer(all, ceremony, key.assert(options, { userHandle: null }), { accountId: bob.id })
      }
    ],
    [
      'a challenge used to sign in',
      async () => {
        const { ceremony, options } = await ask(all)
        return answer(all, ceremony, key.assert(options), { accountId: null })
      }
    ],
    [
      'a sign-in used as a challenge',
      async () => {
        const { ceremony, options } = await ask(all, null)
        return answer(all, ceremony, key.assert(options))
      }
    ],
    [
      'an enrolment used as a challenge',
      async () => {
        const { ceremony, options } = await begin(all)
        return answer(all, ceremony, key.assert({ challenge: options.challenge, rpId: 'gate.example' }))
      }
    ],
    [
      'a TOTP enrolment used as a challenge',
      async () => {
        const { ceremony } = await all.totp.begin(alice, 's1')
        const { options } = await ask(all)
        return answer(all, ceremony, key.assert(options))
      }
    ],
    [
      'five minutes later',
      async () => {
        const { ceremony, options } = await ask(all)
        all.time.advance(301)
        return answer(all, ceremony, key.assert(options))
      }
    ]
  ]
  for (const [name, run] of rows) {
    waitOut(all.time)
    t.strictSame(saidOf(await run()), { kind: 'refused' }, name)
  }
  const enrolments: [string, object, number][] = [
    ['another session', { binding: 's2' }, 0],
    ['another account', { account: bob }, 0],
    ['five minutes later', {}, 301]
  ]
  for (const [name, change, seconds] of enrolments) {
    const { ceremony, options } = await begin(all)
    all.time.advance(seconds)
    t.strictSame(await enrol(all, ceremony, new Authenticator().register(options), change), { kind: 'expired' }, name)
  }
  const { ceremony, options } = await ask(all)
  const asked = { challenge: options.challenge, rp: { id: 'gate.example' }, user: { id: alice.id } }
  t.strictSame(
    await enrol(all, ceremony, new Authenticator().register(asked)),
    { kind: 'expired' },
    'a challenge used to enrol'
  )
  waitOut(all.time)
  t.equal((await attempt(at, {})).kind, 'verified')
})

t.test('W6: the policy is the one of the beginning, whatever the browser made of the options', async t => {
  const at = await withKey()
  const { ceremony, options } = await ask(at.all)
  Object.assign(options, { userVerification: 'discouraged' })
  t.equal((await answer(at.all, ceremony, at.key.assert(options, { userVerified: false }))).kind, 'refused')
})

t.test("W7: nobody's credential opens another's account", async t => {
  const { all, key } = await withKey()
  const theirs = await withKey({}, bob, all)
  const { ceremony, options } = await ask(all)
  t.equal((await answer(all, ceremony, theirs.key.assert(options))).kind, 'refused', "bob's key in alice's challenge")
  const again = await ask(all)
  t.equal(
    (await answer(all, again.ceremony, theirs.key.assert(again.options, { userHandle: alice.id }))).kind,
    'refused',
    'with her handle'
  )
  const third = await ask(all)
  const mixed = theirs.key.assert(third.options, { credentialId: key.credentialId, userHandle: alice.id })
  t.equal((await answer(all, third.ceremony, mixed)).kind, 'refused', 'with her id')
  waitOut(all.time)
  const login = await ask(all, null)
  t.equal(
    (await answer(all, login.ceremony, theirs.key.assert(login.options, { userHandle: alice.id }), { accountId: null }))
      .kind,
    'refused',
    'as a passkey'
  )
  const without = await ask(all, null)
  t.equal(
    (await answer(all, without.ceremony, key.assert(without.options, { userHandle: null }), { accountId: null })).kind,
    'refused',
    'a passkey that does not say whose it is'
  )
  const empty = await ask(all, null)
  t.equal(
    (await answer(all, empty.ceremony, key.assert(empty.options, { userHandle: '' }), { accountId: null })).kind,
    'refused'
  )
  const beside = await ask(all)
  t.equal(
    (await answer(all, beside.ceremony, key.assert(beside.options, { userHandle: null }))).kind,
    'verified',
    'beside a password it need not say'
  )
})

t.test('W8: what was not asked for does not answer', async t => {
  const { all, key, credential } = await withKey()
  const { ceremony, options } = await ask(all)
  const late = await withKey({}, alice, all)
  t.equal((await answer(all, ceremony, late.key.assert(options))).kind, 'refused', 'enrolled after the question')
  const second = await ask(all)
  await all.credentials.remove(alice.id, credential.id)
  t.equal(
    (await answer(all, second.ceremony, key.assert(second.options))).kind,
    'refused',
    'removed after the question'
  )
  const third = await ask(all)
  await all.credentials.disable(alice.id, late.credential.id)
  t.equal(
    (await answer(all, third.ceremony, late.key.assert(third.options))).kind,
    'refused',
    'disabled after the question'
  )
})

t.test('W9: counters', async t => {
  const rows: [number, number, string][] = [
    [0, 0, 'verified'],
    [0, 1, 'verified'],
    [5, 6, 'verified'],
    [5, 4_294_967_295, 'verified'],
    [5, 5, 'refused'],
    [5, 4, 'refused'],
    [5, 0, 'refused']
  ]
  for (const [stored, said, kind] of rows) {
    const at = await withKey({ counts: false })
    at.key.counter = stored
    if (stored > 0) t.equal((await attempt(at, {})).kind, 'verified')
    t.equal((await attempt(at, { counter: said })).kind, kind, `${stored} → ${said}`)
    const isTold = kind === 'refused'
    t.match(
      at.all.regressed,
      isTold ? [{ accountId: alice.id, factor: 'webauthn', credentialId: at.credential.id }] : []
    )
    t.equal(at.all.regressed.length, isTold ? 1 : 0)
    t.match(await at.all.credentials.list(alice.id), [{ counter: isTold ? stored : said }], 'a refusal changes nothing')
  }
})

t.test('W9: a counter that goes back counts as told only under a right signature', async t => {
  const at = await withKey()
  at.key.counter = 9
  await attempt(at, {})
  await attempt(at, { counter: 1, signatureSent: flip(-1) })
  t.same(at.all.regressed, [])
})

t.test('W9: of two assertions with one counter at once, one is let in', async t => {
  const at = await withKey({ counts: false })
  at.key.counter = 7
  const one = await ask(at.all)
  const two = await ask(at.all)
  const verdicts = await Promise.all(
    [one, two].map(({ ceremony, options }) => answer(at.all, ceremony, at.key.assert(options)))
  )
  t.equal(verdicts.filter(({ kind }) => kind === 'verified').length, 1)
})

t.test('a hundred failures of who has the password disable a key; those of a stranger never do', async t => {
  const at = await withKey()
  const wrong = { signatureSent: flip(-1) }
  for (let i = 0; i < 120; i++) {
    waitOut(at.all.time)
    await attempt(at, wrong, 'login')
  }
  t.same(at.all.disabled, [])
  for (let i = 0; i < 99; i++) {
    waitOut(at.all.time)
    await attempt(at, wrong)
  }
  t.same(at.all.disabled, [])
  waitOut(at.all.time)
  await attempt(at, wrong)
  t.match(at.all.disabled, [{ credentialId: at.credential.id, factor: 'webauthn' }])
  waitOut(at.all.time)
  t.equal((await attempt(at, {})).kind, 'refused')
  t.equal((await attempt(at, {}, 'login')).kind, 'refused')
})

t.test('guesses are throttled: beside a password for the account, as a passkey for the key at one network', async t => {
  const at = await withKey()
  const answers = await Promise.all(
    Array.from({ length: 50 }, async () => answer(at.all, (await ask(at.all)).ceremony, {}))
  )
  t.equal(checked(answers), 4)
  const address = '203.0.113.9'
  const login = async (response: (asked: { challenge: string }) => unknown) => {
    const { ceremony, options } = await ask(at.all, null)
    return answer(at.all, ceremony, response(options), { accountId: null, address })
  }
  const forged = await Promise.all(
    Array.from({ length: 90 }, () => login(options => at.key.assert(options, { origin: 'https://evil.example' })))
  )
  t.equal(checked(forged), 61)
  t.match(await login(options => at.key.assert(options)), { kind: 'throttled', retryAfterSeconds: 1 })
  t.equal((await attempt(at, {}, 'login')).kind, 'verified', 'from anywhere else the passkey works')
})

t.test('D15: rubbish sent as a passkey counts against nobody at that address, nor do wrong passwords', async t => {
  const at = await withKey()
  const address = '203.0.113.9'
  for (let i = 0; i < 40; i++) await at.all.limiter.reserve([{ kind: 'address', key: address }])
  for (let i = 0; i < 300; i++) {
    const { ceremony, options } = await ask(at.all, null)
    const response = [{}, new Authenticator().assert(options), null][i % 3]
    t.strictSame(saidOf(await answer(at.all, ceremony, response, { accountId: null, address })), { kind: 'refused' })
  }
  const marks = (await at.all.store.dump()).match(/ceremony-spent/g) ?? []
  t.equal(marks.length, 61, 'and there is an end to what it leaves in the store')
  const { ceremony, options } = await ask(at.all, null)
  const right = at.key.assert(options)
  t.equal((await answer(at.all, ceremony, right, { accountId: null, address })).kind, 'verified')
  t.equal((await answer(at.all, ceremony, right, { accountId: null, address })).kind, 'refused', 'good once')
})

t.test(
  'W1: a sealed challenge is good once however it is spelled, for five minutes, in its browser, under our key',
  async t => {
    const at = await withKey()
    const enter = (ceremony: string, response: unknown, binding = 's1') =>
      answer(at.all, ceremony, response, { accountId: null, binding })
    const first = await ask(at.all, null)
    t.equal((await enter(first.ceremony, at.key.assert(first.options), 's2')).kind, 'refused', 'another browser')
    t.equal((await enter(first.ceremony, at.key.assert(first.options, { signatureSent: flip(-1) }))).kind, 'refused')
    t.equal(
      (await enter(first.ceremony, at.key.assert(first.options))).kind,
      'refused',
      'a wrong signature has spent it'
    )
    const late = await ask(at.all, null)
    at.all.time.advance(300)
    t.equal((await enter(late.ceremony, at.key.assert(late.options))).kind, 'refused', 'late')
    const other = fixture()
    other.ring.keyring = makeKeyring([masterKey(Buffer.alloc(32, 9))])
    const foreign = await ask(other, null)
    t.equal((await enter(foreign.ceremony, at.key.assert(foreign.options))).kind, 'refused', 'sealed by somebody else')
    const twice = await ask(at.all, null)
    const kept = at.all.ring.keyring.open(twice.ceremony, 'ceremony:webauthn:login')
    const again = at.all.ring.keyring.seal(kept, 'ceremony:webauthn:login')
    t.equal((await enter(twice.ceremony, at.key.assert(twice.options))).kind, 'verified')
    t.equal((await enter(again, at.key.assert(twice.options))).kind, 'refused', 'another spelling of a spent one')
  }
)

t.test('D2: without the store nothing is verified, and nothing that the library throws escapes', async t => {
  const at = await withKey()
  const { ceremony, options } = await ask(at.all)
  at.all.store.isDown = true
  await t.rejects(answer(at.all, ceremony, at.key.assert(options)), { name: 'StoreUnreachable' })
  await t.rejects(begin(at.all), { name: 'StoreUnreachable' })
})
