/** A new password, changed by its owner or set by invitation: what it takes, and which sign-ins it ends (ASVS 6.2.3, 7.4.3). */
import t from 'tap'
import { enrolled, halfWay, password, signedIn } from '../fixtures/pipeline/people.ts'
import { codeAt, openFixture } from '../fixtures/pipeline/portal.ts'
import { textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const account = 'http://gate.localhost/.factorgate/account'
const next = 'another battery staple'

t.test('people change their own password; all other sign-ins end, this one goes on', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const other = (await signedIn(fixture, secret)).visitor
  const { visitor } = await signedIn(fixture, secret)
  const page = await visitor.open(account)
  t.match(page.body, /href="\/\.factorgate\/account\/password"/)
  const form = await visitor.open(`${account}/password`)
  const wrong = await visitor.submit(form, { old: 'not this one', password: next })
  t.match([wrong.status, textOf(wrong.body)], [401, /That is not your current password/])
  for (const [word, what] of [
    ['short', /too short/],
    ['Example-Lab', /name of this place/],
    ['password1', /Many people use that password/]
  ] as const) {
    const weak = await visitor.submit(form, { old: password, password: word })
    t.match([weak.status, textOf(weak.body)], [403, what])
  }
  const done = await visitor.submit(form, { old: password, password: next })
  t.match([done.url, textOf(done.body)], [account, /Your password is changed/])
  t.match(textOf((await other.open(account)).body), /Your password was changed/)
  t.equal((await fixture.sessions.list(fixture.ada.id)).length, 1)
  t.match(
    fixture.events.filter(({ kind }) => kind === 'password.change').map(({ outcome }) => outcome),
    ['refused', 'changed']
  )
  const log = async (word: string) => {
    const fresh = new Visitor(fixture.app, { address: '203.0.113.8' })
    const login = await fresh.open('http://gate.localhost/.factorgate/login')
    return (await fresh.post(login, { username: 'ada', password: word })).status
  }
  t.same([await log(password), await log(next)], [401, 303])
})

t.test('it takes a fresh proof, and guesses at the old one are counted', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const { visitor } = await signedIn(fixture, secret)
  const form = await visitor.open(`${account}/password`)
  const seen: number[] = []
  for (let i = 0; i < 6; i++) seen.push((await visitor.post(form, { old: `wrong ${i}`, password: next })).status)
  t.same(seen, [401, 401, 401, 401, 429, 429])
  fixture.time.advance(301)
  t.match((await visitor.get(`${account}/password`)).headers.location, /challenge/)
  t.equal(
    (await visitor.post(form, { old: password, password: next })).headers['factorgate-error'],
    'fresh_proof_required'
  )
})

t.test('whose password is another directory’s has none to change here', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const { visitor } = await signedIn(fixture, secret)
  await fixture.accounts.update(fixture.ada.id, { directory: 'ldap' })
  t.equal((await visitor.get(`${account}/password`)).status, 404)
  t.notMatch((await visitor.open(account)).body, /account\/password/)
})

t.test(
  'a new password by invitation ends the other sign-ins, once the second factor is through and not before',
  async t => {
    const fixture = await openFixture(t)
    const { secret } = await enrolled(fixture)
    const thief = (await signedIn(fixture, secret)).visitor
    const invited = new Visitor(fixture.app)
    const page = await invited.submit(await invited.open(await fixture.invite()), { password: next })
    t.equal((await thief.get(account)).status, 200, 'an invitation alone ends nothing')
    await invited.submit(page, { code: codeAt(secret, fixture.clock()) }, /totp/)
    t.equal((await invited.get(account)).status, 200)
    t.match(textOf((await thief.open(account)).body), /Your password was changed/)
  }
)

t.test('a sign-in that stopped half-way says so in the list', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  await halfWay(fixture, new Visitor(fixture.app, { address: '203.0.113.8' }))
  const { visitor } = await signedIn(fixture, secret)
  const text = textOf((await visitor.open(account)).body)
  t.match(
    text,
    /One sign-in stopped before the second factor Your password was typed there, but the second factor was not confirmed, so no app is open\. [^.]*: change it\. Firefox on Linux, 203\.0\.113\.8, now End/
  )
  t.equal(text.match(/second factor was not confirmed/g)?.length, 1)
})

t.test('what was done is told once, to this session alone, and no address can say it', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const page = await visitor.open(account)
  for (const done of ['removed', 'added', 'others', 'password'])
    t.notMatch(textOf((await visitor.open(`${account}?done=${done}`)).body), /is added|is removed|are ended/)
  await visitor.post(page, { name: 'Old Nokia' }, /rename/)
  const word = visitor.jar('gate.localhost').get('factorgate-done') as string
  const { visitor: other } = await signedIn(fixture, secret)
  other.jar('gate.localhost').set('factorgate-done', word)
  t.notMatch(textOf((await other.open(account)).body), /The new name is/)
  t.match(textOf((await visitor.open(account)).body), /The new name is “Old Nokia”/)
  t.notMatch(textOf((await visitor.open(account)).body), /The new name is/)
})
