/** Changes of a factor, the end of sign-ins and the end of a hand-over: what they change, and what the journal says. */
import t from 'tap'
import { appOrigin, fixture, state } from '../fixtures/in-process/sign-in.ts'

/** Ada, fully signed in with the first of `count` authenticator apps. */
async function signedIn(t: { teardown(handler: () => unknown): void }, count = 1) {
  const it = await fixture(t)
  const ada = await it.enter('ada')
  const code = await it.withApp(ada)
  for (let more = 1; more < count; more++) await it.withApp(ada)
  const outcome = await it.signIn.secondFactor.withCode(it.as(await it.halfWay(ada)), 'totp', code())
  if (outcome.kind !== 'entered') throw new Error(outcome.kind)
  it.said()
  const ids = (await it.credentials.list(ada.id)).map(({ id }) => id)
  return { ...it, ada, by: it.as(outcome.principal), ids: ids as [string, ...string[]] }
}

t.test('removing a factor', async t => {
  t.test('takes one of two away and leaves one line', async t => {
    const { signIn, by, ids, credentials, ada, said } = await signedIn(t, 2)
    t.match(await signIn.factorChange.remove(by, ids[1]!), { kind: 'removed', credential: { id: ids[1] } })
    t.same([(await credentials.list(ada.id)).length, said()], [1, ['factor.remove totp removed']])
    t.same(await signIn.factorChange.remove(by, ids[1]!), { kind: 'confirmed' }, 'asked again, it stays removed')
    t.same(said(), [], 'without a second line')
  })

  t.test('refuses the last one, and one that is not theirs (THREATS M23)', async t => {
    const { signIn, by, ids, credentials, ada, enter, withApp, said } = await signedIn(t)
    const eve = await enter('eve')
    await withApp(eve)
    const [theirs] = await credentials.list(eve.id)
    const codes = [ids[0], theirs!.id].map(id => signIn.factorChange.remove(by, id))
    t.match(await Promise.all(codes), [{ code: 'last_factor' }, { code: 'not_found' }])
    t.same([(await credentials.list(ada.id)).length, (await credentials.list(eve.id)).length, said()], [1, 1, []])
  })

  t.test('removes nothing while the journal takes no line', async t => {
    const { signIn, by, ids, credentials, ada, journal } = await signedIn(t, 2)
    journal.isFull = true
    await t.rejects(signIn.factorChange.remove(by, ids[0]), { code: 'journal_unwritable' })
    t.equal((await credentials.list(ada.id)).length, 2)
  })
})

t.test('ending a sign-in of the list', async t => {
  const rows = [
    ['says that it was revoked', false, 'session.end revoked'],
    ['says that it was a stranger’s', true, 'session.end not_me']
  ] as const
  for (const [sentence, isStranger, line] of rows)
    t.test(sentence, async t => {
      const { signIn, by, ada, halfWay, sessions, said } = await signedIn(t)
      const other = await halfWay(ada)
      said()
      t.equal(await signIn.signOut.listed(by, other.session.id, isStranger), 'ended')
      t.same([(await sessions.list(ada.id)).length, said().map(one => one.replace(/ +/g, ' '))], [1, [line]])
    })

  t.test('ends nobody else’s', async t => {
    const { signIn, by, enter, halfWay, sessions, said } = await signedIn(t)
    const eve = await enter('eve')
    const theirs = await halfWay(eve)
    said()
    t.equal(await signIn.signOut.listed(by, theirs.session.id, true), 'absent')
    t.same([(await sessions.list(eve.id)).length, said()], [1, []])
  })
})

t.test('a hand-over', async t => {
  const host = 'notebooks.example'
  const goal = `${appOrigin}/data`
  const start = async (t: { teardown(handler: () => unknown): void }) => {
    const it = await signedIn(t)
    return { ...it, code: await it.sessions.handOver(it.by.principal, host, state, goal) }
  }

  t.test('becomes a token in the browser that set out, once', async t => {
    const { signIn, code, sessions, nobody } = await start(t)
    const there = nobody({ host })
    const arrival = await signIn.handOver.arrive(there, code, state)
    if (arrival.kind !== 'entered') return t.fail(arrival.kind)
    t.equal(arrival.returnTo, goal)
    t.equal((await sessions.find(host, arrival.token ?? ''))?.isFullySignedIn, true)
    t.same(await signIn.handOver.arrive(there, code, state), { kind: 'over', returnTo: goal })
  })

  for (const [sentence, held] of [
    ['in another browser is spent and signs in nobody', 'x'.repeat(43)],
    ['in a browser without a nonce is spent as well', null]
  ] as const)
    t.test(sentence, async t => {
      const { signIn, code, nobody } = await start(t)
      t.same(await signIn.handOver.arrive(nobody({ host }), code, held), { kind: 'other-browser', returnTo: goal })
      t.same(await signIn.handOver.arrive(nobody({ host }), code, state), { kind: 'over', returnTo: goal })
    })

  t.test('on another host is unknown', async t => {
    const { signIn, code, nobody } = await start(t)
    t.same(await signIn.handOver.arrive(nobody({ host: 'files.example' }), code, null), {
      kind: 'over',
      returnTo: null
    })
  })
})
