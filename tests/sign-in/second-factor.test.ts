/** A second factor: what becomes a proof, what is refused, and what follows. */
import t from 'tap'
import { appOrigin, fixture, nowhere, state } from '../fixtures/in-process/sign-in.ts'

t.test('a code', async t => {
  t.test('completes a sign-in: a new token, the old one dead, this browser known', async t => {
    const { signIn, as, enter, withApp, nobody, sessions, said } = await fixture(t)
    const ada = await enter('ada')
    const code = await withApp(ada)
    const first = await signIn.firstFactor.enter(nobody(), ada, { kind: 'password' })
    const outcome = await signIn.secondFactor.withCode(as(first.principal), 'totp', code())
    if (outcome.kind !== 'entered') return t.fail(outcome.kind)
    t.same([outcome.principal.isFullySignedIn, outcome.next.kind, typeof outcome.browser], [true, 'home', 'string'])
    t.equal(await sessions.find('gate.example', first.token), null)
    t.same(said(), ['login password accepted', 'proof totp verified'])
  })

  t.test('that is wrong changes nothing', async t => {
    const { signIn, as, enter, halfWay, withApp, said, sessions } = await fixture(t)
    const ada = await enter('ada')
    const { wrong } = await withApp(ada)
    const principal = await halfWay(ada)
    t.equal((await signIn.secondFactor.withCode(as(principal), 'totp', wrong)).kind, 'refused')
    t.same(said(), ['login password accepted', 'proof totp refused'])
    t.equal((await sessions.list(ada.id))[0]?.session.generation, principal.session.generation)
  })

  t.test(
    'of a kind that the way does not take is not looked at, whatever the browser was shown (THREATS M20)',
    async t => {
      const { signIn, as, enter, halfWay, withApp, said } = await fixture(t)
      const ada = await enter('ada')
      const code = await withApp(ada)
      const way = { rd: `${appOrigin}/keys/1`, state }
      const by = as(await halfWay(ada), { returnTo: way })
      t.match(await signIn.secondFactor.withCode(by, 'totp', code()), { kind: 'denied', code: 'other_factor_required' })
      t.same(said(), ['login password accepted'])
      t.equal(
        (await signIn.secondFactor.withCode({ ...by, returnTo: nowhere }, 'totp', code())).kind,
        'entered',
        'nor spent'
      )
    }
  )

  t.test('from the list of recovery codes is spent once', async t => {
    const { signIn, as, enter, halfWay, recoveryCodes } = await fixture(t)
    const ada = await enter('ada')
    const [code = ''] = await recoveryCodes.issue(ada.id)
    const first = await signIn.secondFactor.withCode(as(await halfWay(ada)), 'recovery', code)
    if (first.kind !== 'entered') return t.fail(first.kind)
    t.equal(await signIn.recovery.leftAfterSpending(first.principal), 9)
    t.equal((await signIn.secondFactor.withCode(as(await halfWay(ada)), 'recovery', code)).kind, 'refused')
  })
})

t.test(
  'FIELD G6 the second press of what succeeded elsewhere gets that answer, and no refusal goes into the journal',
  async t => {
    const { signIn, as, enter, halfWay, withApp, said } = await fixture(t)
    const ada = await enter('ada')
    const { wrong } = await withApp(ada)
    const by = as(await halfWay(ada))
    said()
    const first = await signIn.secondFactor.withCode(by, 'totp', wrong, async () => 'the first answer')
    t.same([first, said()], [{ kind: 'repeated', answer: 'the first answer' }, []])
    const other = await signIn.secondFactor.withCode(by, 'totp', wrong, async () => null)
    t.same([other.kind, said()], ['refused', ['proof totp refused']], 'a wrong code that repeats nothing stays one')
  }
)

t.test('a verification that is somebody else’s is refused (THREATS W7)', async t => {
  const { signIn, as, enter, halfWay, said } = await fixture(t)
  const [ada, eve] = [await enter('ada'), await enter('eve')]
  const by = as(await halfWay(ada))
  const theirs = { kind: 'verified', accountId: eve.id, factor: 'totp' } as const
  const verified = { ...theirs, credentialId: null, credentialName: null, userVerified: false }
  said()
  t.match(await signIn.secondFactor.accept(by, verified), { kind: 'denied', code: 'wrong_code' })
  t.same(said(), [])
})

t.test('the session ended meanwhile: sign in anew', async t => {
  const { signIn, as, enter, halfWay, withApp, sessions } = await fixture(t)
  const ada = await enter('ada')
  const code = await withApp(ada)
  const by = as(await halfWay(ada))
  await sessions.end(by.principal.session.id, 'revoked')
  t.match(await signIn.secondFactor.withCode(by, 'totp', code()), { kind: 'denied', code: 'sign_in_required' })
})

t.test('what follows fails: the new token comes all the same, since the old one is dead', async t => {
  const { signIn, as, enter, halfWay, withApp, login, sessions } = await fixture(t)
  const ada = await enter('ada')
  const code = await withApp(ada)
  const by = as(await halfWay(ada))
  login.completed = () => Promise.reject(new Error('gone'))
  const outcome = await signIn.secondFactor.withCode(by, 'totp', code())
  if (outcome.kind !== 'entered') return t.fail(outcome.kind)
  t.same([outcome.next.kind, outcome.browser], ['failed', null])
  t.equal((await sessions.find('gate.example', outcome.token))?.isFullySignedIn, true)
})

t.test('a challenge', async t => {
  t.test('is enough once nothing is missing', async t => {
    const { signIn, as, enter, halfWay, withApp, time } = await fixture(t)
    const ada = await enter('ada')
    const code = await withApp(ada)
    const half = as(await halfWay(ada))
    t.equal(signIn.challenge.isEnough(half), false, 'not half-way')
    const outcome = await signIn.secondFactor.withCode(half, 'totp', code())
    if (outcome.kind !== 'entered') return t.fail(outcome.kind)
    const account = { rd: 'https://gate.example/.factorgate/account/password', state: null }
    const rows = [
      [nowhere, true],
      [{ rd: `${appOrigin}/data`, state }, true],
      [{ rd: `${appOrigin}/keys/1`, state }, false],
      [account, true]
    ] as const
    for (const [way, isEnough] of rows)
      t.equal(signIn.challenge.isEnough(as(outcome.principal, { returnTo: way })), isEnough, way.rd ?? 'nowhere')
    time.advance(301)
    t.equal(
      signIn.challenge.isEnough(as(outcome.principal, { returnTo: account })),
      false,
      'changes take a fresh proof'
    )
  })

  t.test('offers what the person has of what the way demands, and says why', async t => {
    const { signIn, as, enter, halfWay, withApp } = await fixture(t)
    const ada = await enter('ada')
    await withApp(ada)
    const principal = await halfWay(ada)
    const to = (rd: string) => signIn.challenge.offer(as(principal, { returnTo: { rd, state } }))
    t.match(await to(`${appOrigin}/data`), { has: ['totp'], factors: ['totp'], why: { kind: 'to-app' } })
    t.match(await to(`${appOrigin}/keys/1`), { has: ['totp'], factors: [], demanded: ['webauthn'], app: 'Notebooks' })
  })
})
