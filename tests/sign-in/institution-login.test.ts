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

for (const [title, endsIn, minutes] of [
  ['soon after the ten minutes that it may take', null, 12],
  ['no sooner than it could, however late the institution ends it', 3600_000, 12]
] as const)
  t.test(`what is remembered of a sign-in that somebody leaves half-way is gone ${title}`, async t => {
    const { signIn, nobody, institutionSessions, clock, time, store } = await fixture(t)
    const left = { ...session, nameThere: 'ada-there', endsAt: endsIn === null ? null : clock() + endsIn }
    const begun = await signIn.institutionLogin.arrive(nobody(), campus, { kind: 'arrived', arrival, session: left })
    if (begun.kind !== 'entered') return t.fail(begun.kind)
    const { id } = begun.principal.session
    time.advance(599)
    t.ok(await institutionSessions.of(id))
    time.advance(minutes * 60 - 599)
    t.equal(await institutionSessions.of(id), null)
    const kept: string[] = []
    for (const prefix of ['institution-sid:', 'institution-name:'])
      for await (const { key, members } of store.scanIndexes(prefix)) if (members.length > 0) kept.push(key)
    t.same(kept, [])
  })

t.test('a second factor at the last moment keeps what ends the session at the institution', async t => {
  const { signIn, nobody, as, accounts, withApp, sessions, institutionSessions, time } = await fixture(t)
  const called = { ...session, sid: null, nameThere: 'ada-there' }
  const arrive = () => signIn.institutionLogin.arrive(nobody(), campus, { kind: 'arrived', arrival, session: called })
  await arrive()
  const code = await withApp((await accounts.ofExternal('campus', 'x-1'))!)
  const begun = await arrive()
  if (begun.kind !== 'entered') return t.fail(begun.kind)
  time.advance(590)
  const proven = await signIn.secondFactor.withCode(as(begun.principal), 'totp', code())
  if (proven.kind !== 'entered') return t.fail(proven.kind)
  time.advance(3000)
  t.ok(await sessions.find('gate.example', proven.token))
  t.ok(await institutionSessions.of(proven.principal.session.id))
  const who = { sid: null, externalId: null, nameThere: 'ada-there' }
  t.equal(await signIn.institutionLogin.signedOutThere(nobody(), 'campus', who), 1)
  t.equal(await sessions.find('gate.example', proven.token), null)
})
