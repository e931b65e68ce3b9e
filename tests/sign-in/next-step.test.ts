/** Where a person goes next, as a table of who they are and where they were going. */
import t from 'tap'
import type { ReturnTo } from '../../src/sign-in/next-step.ts'
import { appOrigin, fixture, nowhere, portalOrigin, state } from '../fixtures/in-process/sign-in.ts'

const toApp: ReturnTo = { rd: `${appOrigin}/data`, state }

t.test('somebody who is wholly signed in', async t => {
  const rows: [string, ReturnTo, object][] = [
    ['was going nowhere: the list of apps', nowhere, { kind: 'home' }],
    ['was on a page of the portal: there', { rd: `${portalOrigin}/.factorgate/account`, state }, { kind: 'address' }],
    ['was going to an app: a hand-over', toApp, { kind: 'hand-over', origin: appOrigin }],
    ['has no nonce on that host: the address alone', { ...toApp, state: null }, { kind: 'address', url: toApp.rd }],
    ['lacks the factor that it demands: a challenge', { ...toApp, rd: `${appOrigin}/keys/1` }, { kind: 'challenge' }],
    [
      'comes back to an open page, but what was refused there demands more: a challenge',
      { ...toApp, ask: { url: `${appOrigin}/keys/1`, methods: ['POST'], destination: null } },
      { kind: 'challenge' }
    ]
  ]
  for (const [sentence, way, next] of rows)
    t.test(sentence, async t => {
      const { signIn, as, enter, halfWay, withApp } = await fixture(t)
      const ada = await enter('ada')
      const code = await withApp(ada)
      const outcome = await signIn.secondFactor.withCode(as(await halfWay(ada)), 'totp', code())
      if (outcome.kind !== 'entered') return t.fail(outcome.kind)
      t.match(
        await signIn.nextStep.of({ returnTo: way, address: '192.0.2.10', asker: null, now: 0 }, outcome.principal),
        next
      )
    })
})

t.test('a hand-over code opens a session on the host it was made for', async t => {
  const { signIn, as, enter, halfWay, withApp, sessions } = await fixture(t)
  const ada = await enter('ada')
  const code = await withApp(ada)
  const outcome = await signIn.secondFactor.withCode(as(await halfWay(ada), { returnTo: toApp }), 'totp', code())
  if (outcome.kind !== 'entered' || outcome.next.kind !== 'hand-over') return t.fail(outcome.kind)
  const there = await sessions.redeem(outcome.next.code, 'notebooks.example', state)
  t.same([there?.returnTo, there?.principal.account.id], [toApp.rd, ada.id])
})

t.test('somebody half-way', async t => {
  t.test('a password alone leads to the challenge', async t => {
    const { signIn, enter, halfWay } = await fixture(t)
    t.same(
      await signIn.nextStep.of(
        { returnTo: toApp, address: '', asker: null, now: 0 },
        await halfWay(await enter('ada'))
      ),
      {
        kind: 'challenge'
      }
    )
  })
  t.test('an invitation leads to enrolment while it stands and nothing is enrolled', async t => {
    const { signIn, nobody, accounts, invitations, withApp } = await fixture(t)
    const ada = await accounts.create({ name: 'ada' })
    const token = await invitations.issue(ada.id)
    const outcome = await signIn.invitation.accept(nobody(), token, ada, 'correct horse battery', [])
    if (outcome.kind !== 'entered') return t.fail(outcome.kind)
    t.same(outcome.next, { kind: 'enrol' })
    await withApp(ada)
    t.same(await signIn.nextStep.of(nobody(), outcome.principal), { kind: 'challenge' }, 'not once a factor works')
  })
  t.test('an invitation that was replaced enrols nothing any more (FIELD G2)', async t => {
    const { signIn, nobody, accounts, invitations } = await fixture(t)
    const ada = await accounts.create({ name: 'ada' })
    const token = await invitations.issue(ada.id)
    const outcome = await signIn.invitation.accept(nobody(), token, ada, 'correct horse battery', [])
    if (outcome.kind !== 'entered') return t.fail(outcome.kind)
    await invitations.issue(ada.id)
    t.same(await signIn.nextStep.of(nobody(), outcome.principal), { kind: 'challenge' })
  })
})
