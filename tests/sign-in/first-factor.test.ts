/** A first factor: what it answers, what the journal says, and where it leads. */
import t from 'tap'
import { fixture, rightPassword } from '../fixtures/in-process/sign-in.ts'

t.test('name and password', async t => {
  const rows: [string, { name?: string; password?: string }, string, string][] = [
    ['are right: a session', {}, 'entered', 'login password accepted'],
    ['the password is wrong', { password: 'wrong wrong wrong' }, 'refused', 'login password refused'],
    ['nobody has the name', { name: 'eve' }, 'refused', 'login password refused']
  ]
  for (const [sentence, { name = 'ada', password = rightPassword }, kind, line] of rows)
    t.test(sentence, async t => {
      const { signIn, nobody, enter, said } = await fixture(t)
      await enter('ada')
      t.equal((await signIn.firstFactor.withPassword(nobody(), name, password)).kind, kind)
      t.same(said(), [line])
    })

  t.test('names in the journal are names of people, and never what was typed', async t => {
    const { signIn, nobody, enter, journal } = await fixture(t)
    const ada = await enter('ada')
    await signIn.firstFactor.withPassword(nobody(), rightPassword, 'x')
    await signIn.firstFactor.withPassword(nobody(), 'Ada', 'x')
    t.same(
      journal.events.map(({ name, account }) => [name, account]),
      [
        [undefined, undefined],
        ['ada', ada.id]
      ]
    )
  })

  t.test('tries run out: throttled, in a line of its own kind', async t => {
    const { signIn, nobody, enter, said } = await fixture(t)
    await enter('ada')
    let kind = ''
    for (let i = 0; i < 50 && kind !== 'throttled'; i++)
      kind = (await signIn.firstFactor.withPassword(nobody(), 'ada', 'wrong wrong wrong')).kind
    t.equal(kind, 'throttled')
    t.equal(said().at(-1), 'throttle password throttled')
  })
})

t.test('enter, the door for logins that are checked elsewhere', async t => {
  t.test('a directory vouches for the first factor alone: the second one is next', async t => {
    const { signIn, nobody, enter, said } = await fixture(t)
    const ada = await enter('ada')
    const { principal, next, browser, token } = await signIn.firstFactor.enter(nobody(), ada, { kind: 'directory' })
    t.same(
      principal.proofs.map(({ kind, userVerified }) => [kind, userVerified]),
      [['directory', false]]
    )
    t.same([principal.isFullySignedIn, next.kind, browser], [false, 'challenge', null])
    t.not(token, '')
    t.same(said(), ['login directory accepted'])
  })

  t.test('a passkey with user verification is the whole sign-in: this browser is known', async t => {
    const { signIn, nobody, enter } = await fixture(t)
    const ada = await enter('ada')
    const shown = { kind: 'webauthn', userVerified: true, credentialId: 'c1' } as const
    const { principal, next, browser } = await signIn.firstFactor.enter(nobody(), ada, shown)
    t.same([principal.isFullySignedIn, next.kind], [true, 'home'])
    t.type(browser, 'string')
    t.equal(
      (await signIn.firstFactor.enter(nobody({ browser }), ada, shown)).browser,
      browser,
      'and keeps its device cookie'
    )
  })

  t.test('what this browser held before ends', async t => {
    const { signIn, as, enter, halfWay, sessions } = await fixture(t)
    const ada = await enter('ada')
    const before = await halfWay(ada)
    await signIn.firstFactor.enter(as(before), ada, { kind: 'password' })
    t.equal(await sessions.stands(before.session.id), false)
  })

  t.test('the journal takes no line: there is no session', async t => {
    const { signIn, nobody, enter, journal, sessions } = await fixture(t)
    const ada = await enter('ada')
    journal.isFull = true
    await t.rejects(signIn.firstFactor.enter(nobody(), ada, { kind: 'password' }), { code: 'journal_unwritable' })
    t.same(await sessions.list(ada.id), [])
  })

  t.test('the store fails after the session stands: the token comes all the same', async t => {
    const { signIn, nobody, enter, sessions, login } = await fixture(t)
    const ada = await enter('ada')
    const trouble = new Error('gone')
    login.completed = () => Promise.reject(trouble)
    const outcome = await signIn.firstFactor.enter(nobody(), ada, { kind: 'webauthn', userVerified: true })
    t.same(outcome.next, { kind: 'failed', cause: trouble })
    t.equal((await sessions.find('gate.example', outcome.token))?.account.id, ada.id)
  })
})
