/**
 * Enrolment in difficult cases: after all factors were switched off, slowly, with an expired form, with a password made of the place's
 * name.
 */
import t from 'tap'
import { Authenticator } from '../fixtures/in-process/authenticator.ts'
import { wrongCode } from '../fixtures/in-process/person.ts'
import { csrfOn, enrolled, halfWay, password } from '../fixtures/pipeline/people.ts'
import { codeAt, openFixture } from '../fixtures/pipeline/portal.ts'
import { codesOn, secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const enrol = 'http://gate.localhost/.factorgate/enrol'

t.test('an invitation takes no password made of the names of the place', async t => {
  const fixture = await openFixture(t)
  for (const word of [
    'Example Lab',
    'examplelab-2026',
    'gate.localhost',
    'GateLocalhost1',
    'Factorgate123',
    'ada-factorgate'
  ]) {
    const visitor = new Visitor(fixture.app)
    const page = await visitor.submit(await visitor.open(await fixture.invite()), { password: word })
    t.equal(page.status, 403, word)
    t.match(textOf(page.body), /too similar to your name, or to the name of this place/, word)
  }
})

t.test('whose factor was switched off enrols a new one with a fresh invitation', async t => {
  const fixture = await openFixture(t)
  await enrolled(fixture)
  const [old] = await fixture.credentials.list(fixture.ada.id)
  await fixture.credentials.disable(fixture.ada.id, old!.id)
  await fixture.store.delete(`recovery:${fixture.ada.id}`)

  const half = await halfWay(fixture)
  t.match(
    textOf(half.page.body),
    /Your second factor is switched off .* Ask the people who run this gate for an invitation/
  )
  t.equal(
    (await half.visitor.get(enrol)).headers['factorgate-error'],
    'enrolment_not_allowed',
    'a password is not enough'
  )

  const invited = new Visitor(fixture.app)
  const page = await invited.submit(await invited.open(await fixture.invite()), { password })
  t.match([page.url, textOf(page.body)], [enrol, /was switched off after too many wrong tries/])
  const setup = await invited.open(`${enrol}/totp`)
  const done = await invited.submit(setup, { code: codeAt(secretOn(setup), fixture.clock()), name: 'New phone' })
  t.match(textOf(done.body), /Your recovery codes/)
})

t.test('with a code left, an invitation enrols nothing before the code was given', async t => {
  const fixture = await openFixture(t)
  const { codesPage } = await enrolled(fixture)
  const [old] = await fixture.credentials.list(fixture.ada.id)
  await fixture.credentials.disable(fixture.ada.id, old!.id)
  const invited = new Visitor(fixture.app)
  const page = await invited.submit(await invited.open(await fixture.invite()), { password })
  t.match(page.url, /challenge/)
  t.equal((await invited.open(enrol)).url.replace(/\?.*/, ''), 'http://gate.localhost/.factorgate/challenge')
  const [code = ''] = codesOn(codesPage)
  await invited.submit(page, { code }, /recovery/)
  t.match(textOf((await invited.open(enrol)).body), /Add a second factor/)
})

t.test('what was begun while the proof was fresh may be finished', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  fixture.time.advance(200)
  const setup = await visitor.open(`${enrol}/totp`)
  const csrf = csrfOn(await visitor.open(`${enrol}/webauthn`))
  const json = (end: string, value: object) =>
    visitor.send('POST', `http://gate.localhost/.factorgate/webauthn/${end}?for=enrol`, {
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ csrf, ...value })
    })
  const { ceremony, options } = JSON.parse((await json('options', {})).body)
  fixture.time.advance(100)
  t.equal((await json('options', {})).status, 403, 'nothing new is begun')
  t.equal((await visitor.open(`${enrol}/totp`)).url.replace(/\?.*/, ''), 'http://gate.localhost/.factorgate/challenge')
  const response = new Authenticator({ origin: fixture.portalOrigin }).register(options)
  t.equal((await json('verify', { ceremony, response, name: 'Key' })).status, 200, 'the passkey')
  const wrong = await visitor.post(setup, { code: wrongCode(secretOn(setup), fixture.clock()), name: 'Tablet' })
  t.match([wrong.status, secretOn(wrong)], [401, secretOn(setup)], 'a wrong code shows the same secret again')
  const done = await visitor.post(wrong, { code: codeAt(secretOn(setup), fixture.clock()), name: 'Tablet' })
  t.equal(done.status, 303, 'the app')
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 3)
})

t.test('M22: somebody else’s ceremony, a dead one and none carry no right', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const setup = await visitor.open(`${enrol}/totp`)
  const ceremony = /name="ceremony" value="([^"]*)"/.exec(setup.body)?.[1] ?? ''
  const other = new Visitor(fixture.app)
  await other.submit((await halfWay(fixture, other)).page, { code: codeAt(secret, fixture.clock()) }, /totp/)
  const csrf = csrfOn(await other.open('http://gate.localhost/.factorgate/account'))
  fixture.time.advance(301)
  const code = codeAt(secretOn(setup), fixture.clock())
  for (const handle of [ceremony, '', 'A'.repeat(43)]) {
    const answer = await other.postTo(`${enrol}/totp`, { csrf, ceremony: handle, code, name: 'Mine' })
    t.match([answer.status, answer.headers['factorgate-error']], [403, 'enrolment_not_allowed'])
  }
  fixture.time.advance(300)
  t.equal((await visitor.post(setup, { code: codeAt(secretOn(setup), fixture.clock()), name: 'Late' })).status, 403)
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
})

t.test('M5: a ceremony begun with an invitation ends nothing once another factor stands', async t => {
  const fixture = await openFixture(t)
  const invited = new Visitor(fixture.app)
  await invited.submit(await invited.open(await fixture.invite()), { password })
  const setup = await invited.open(`${enrol}/totp`)
  const { totp } = fixture.services
  const other = await totp.begin(fixture.ada, 's1')
  const first = {
    accountId: fixture.ada.id,
    binding: 's1',
    ceremony: other.ceremony,
    name: 'First',
    address: '192.0.2.1'
  }
  t.equal((await totp.finish({ ...first, code: codeAt(other.secret, fixture.clock()) })).kind, 'enrolled')
  const code = codeAt(secretOn(setup), fixture.clock())
  t.equal((await invited.post(setup, { code, name: 'Second' })).status, 403)
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
})

t.test(
  'a form that has expired keeps what it showed: the secret that was scanned, the name that was typed',
  async t => {
    const fixture = await openFixture(t)
    const { visitor } = await enrolled(fixture)
    const setup = await visitor.open(`${enrol}/totp`)
    const ceremony = /name="ceremony" value="([^"]*)"/.exec(setup.body)?.[1] ?? ''
    const stale = await visitor.postTo(`${enrol}/totp`, { csrf: 'old', ceremony, code: '123456', name: 'Tablet' })
    t.match([stale.status, secretOn(stale)], [403, secretOn(setup)])
    t.match(textOf(stale.body), /Nothing was checked\. Type the code that your app shows now/)
    t.match(stale.body, /value="Tablet"/)
    const done = await visitor.post(stale, { code: codeAt(secretOn(setup), fixture.clock()), name: 'Tablet' })
    t.equal(done.status, 303)
    const over = await visitor.open(`${enrol}/totp`)
    const dead = await visitor.postTo(`${enrol}/totp`, { csrf: 'old', ceremony, code: '123456', name: 'Tablet' })
    t.equal(dead.status, 303, 'what the form asks for is done')
    t.not(secretOn(over), secretOn(setup), 'a second app gets a secret of its own')

    const stranger = new Visitor(fixture.app)
    await stranger.open('http://gate.localhost/.factorgate/login')
    const login = await stranger.postTo('http://gate.localhost/.factorgate/login', {
      csrf: 'old',
      username: 'ada',
      password
    })
    t.match([login.status, login.body], [403, /name="username" value="ada"/])
    t.notMatch(login.body, password)
  }
)

t.test('what nobody named gets a word from the catalogue, what was named keeps its name', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const csrf = csrfOn(await visitor.open(`${enrol}/webauthn`))
  const post = async (end: string, value: object) => {
    const answer = await visitor.send('POST', `${fixture.portalOrigin}/.factorgate/webauthn/${end}?for=enrol`, {
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ csrf, ...value })
    })
    return JSON.parse(answer.body)
  }
  for (const [traits, name, expected] of [
    [{}, undefined, 'Security key'],
    [{ backupEligible: true }, '', 'Passkey'],
    [{ aaguid: '2fc0579f-8113-47ea-b116-bb5a8db9202a' }, ' ', 'YubiKey 5 NFC'],
    [{}, 'In the drawer', 'In the drawer']
  ] as const) {
    const { ceremony, options } = await post('options', {})
    const response = new Authenticator({ origin: fixture.portalOrigin, ...traits }).register(options)
    await post('verify', { ceremony, response, name })
    t.equal((await fixture.credentials.list(fixture.ada.id)).at(-1)?.name, expected)
    fixture.time.advance(1)
  }
})
