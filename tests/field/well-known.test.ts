/** FIELD G20: what password managers look for, on the portal and nowhere else. */
import t from 'tap'
import { RouteTable } from '../../src/apps/route-table.ts'
import { parseTarget } from '../../src/request/target.ts'
import { enrolled } from '../fixtures/pipeline/people.ts'
import { openFixture } from '../fixtures/pipeline/portal.ts'
import { textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

t.test('FIELD G20 a password manager finds the form for a new password', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const page = await visitor.open(`${fixture.portalOrigin}/.well-known/change-password`)
  t.match([page.status, textOf(page.body)], [200, /Change your password/])
  const stranger = await new Visitor(fixture.app).get(
    `${fixture.portalOrigin}/.well-known/change-password?from=manager`
  )
  t.match(stranger, { status: 302, headers: { location: `${fixture.portalOrigin}/.factorgate/account/password` } })
  const way = await new Visitor(fixture.app).follow(stranger)
  t.match([way.status, textOf(way.body)], [200, /Sign in/], 'by way of the sign-in')
})

t.test('FIELD G20 a passkey manager hears where passkeys are made and managed', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const answer = await visitor.send('GET', `${fixture.portalOrigin}/.well-known/passkey-endpoints`)
  t.equal(answer.status, 200)
  t.match(answer.headers['content-type'], /^application\/json/)
  const { enroll, manage, ...rest } = JSON.parse(answer.body)
  t.same(rest, {})
  t.match(textOf((await visitor.open(enroll)).body), /Add a passkey/)
  t.match(textOf((await visitor.open(manage)).body), /Your account/)
})

t.test('FIELD G20 nothing else is there, and nothing of it on an app', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  for (const name of [
    'resource-that-should-not-exist-whose-status-code-should-not-be-200',
    'change-password/',
    'Change-Password',
    'passkey-endpoints/x',
    ''
  ])
    t.equal((await visitor.send('GET', `${fixture.portalOrigin}/.well-known/${name}`)).status, 404, name)
  t.equal((await visitor.postTo(`${fixture.portalOrigin}/.well-known/change-password`, {})).status, 404, 'POST')
  for (const name of ['change-password', 'passkey-endpoints']) {
    const answer = await visitor.send('GET', `http://notebooks.localhost/.well-known/${name}`)
    t.equal(answer.status, 401, `${name} of an app is the app’s, behind its rules`)
    t.notMatch(answer.body, 'enroll')
  }
  const { apps, portalOrigin } = fixture
  const beside = new RouteTable({
    apps: [{ ...apps[0]!, host: 'gate.localhost', origin: portalOrigin, prefix: '' }],
    portalOrigin
  })
  const target = parseTarget('/.well-known/change-password')!
  t.equal(
    beside.match('gate.localhost', target).kind,
    'app',
    'an app at the front door of the portal’s host keeps its path'
  )
})
