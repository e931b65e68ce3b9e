/** What an institution may end here, however long ago the sign-in began. */
import t from 'tap'
import { fixture } from '../fixtures/in-process/sign-in.ts'

const campus = { id: 'campus', title: 'Campus', realm: null, groupMap: null, enrolment: 'invitation' } as const
const arrival = { externalId: 'x-1', name: 'ada', displayName: null, email: null, groups: null, mfa: null }
const session = { sid: 's-1', hint: 'the ID token', endsAt: null }

for (const [title, hours] of [
  ['soon after it', 0],
  ['hours after it', 20]
] as const)
  t.test(`a sign-out there ends a sign-in with a second factor of ours, ${title}`, async t => {
    const { signIn, nobody, as, accounts, withApp, sessions, institutionSessions, time } = await fixture(t)
    const arrive = () => signIn.institutionLogin.arrive(nobody(), campus, { kind: 'arrived', arrival, session })
    await arrive()
    const account = (await accounts.ofExternal('campus', 'x-1'))!
    const code = await withApp(account)
    const begun = await arrive()
    if (begun.kind !== 'entered') return t.fail(begun.kind)
    const proven = await signIn.secondFactor.withCode(as(begun.principal), 'totp', code())
    if (proven.kind !== 'entered') return t.fail(proven.kind)
    const { id } = proven.principal.session
    for (let hour = 0; hour < hours; hour++) {
      time.advance(3000)
      t.ok(await sessions.find('gate.example', proven.token), 'the person goes on working')
    }
    t.match(await institutionSessions.of(id), { sid: 's-1', hint: 'the ID token' })
    const who = { sid: 's-1', externalId: 'x-1' }
    t.equal(await signIn.institutionLogin.signedOutThere(nobody(), 'campus', who), hours === 0 ? 2 : 1)
    t.equal(await sessions.find('gate.example', proven.token), null)
  })

t.test('what is remembered of a half-way sign-in ends with it if the institution names an end', async t => {
  const { signIn, nobody, institutionSessions, clock, time } = await fixture(t)
  const ends = { ...session, endsAt: clock() + 3600_000 }
  const begun = await signIn.institutionLogin.arrive(nobody(), campus, { kind: 'arrived', arrival, session: ends })
  if (begun.kind !== 'entered') return t.fail(begun.kind)
  const { id } = begun.principal.session
  time.advance(3599)
  t.ok(await institutionSessions.of(id))
  time.advance(2)
  t.equal(await institutionSessions.of(id), null)
})
