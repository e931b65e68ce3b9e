/** The masthead: the lab, and who is signed in, on every page and refusal of a person. */
import t from 'tap'
import { enrolled, halfWay, password } from '../fixtures/pipeline/people.ts'
import { openFixture } from '../fixtures/pipeline/portal.ts'
import { type Answer, Visitor } from '../fixtures/pipeline/visitor.ts'

const gate = 'http://gate.localhost/.factorgate/'
const whoOn = ({ body }: Answer) =>
  /<p class="who"><span class="name">(.*?)<\/span> <a href="(.*?)">Not you\?/.exec(body)

t.test('every page of a person says who is signed in, and where somebody else goes', async t => {
  const fixture = await openFixture(t)
  const { visitor, codesPage } = await enrolled(fixture)
  await fixture.accounts.update(fixture.ada.id, { groups: [] })
  const pages = [
    '',
    'account',
    'account/password',
    'account/not-me',
    'enrol',
    'enrol/totp',
    'enrol/recovery',
    'language'
  ]
  for (const path of [...pages, 'logout', 'account/factors/nothing/remove', 'nothing']) {
    const page = await visitor.get(gate + path)
    t.same(whoOn(page)?.slice(1), ['Signed in as Ada Lovelace.', switchFrom(page, '/.factorgate/login?switch=1')], path)
  }
  t.equal(whoOn(codesPage)?.[1], 'Signed in as Ada Lovelace.', 'recovery codes')
  const refused = await visitor.open('http://notebooks.localhost/tree?a=1')
  t.equal(refused.status, 403)
  const back = new URL((whoOn(refused)?.[2] ?? '').replaceAll('&amp;', '&'))
  t.equal(back.origin + back.pathname, `${gate}login`, 'a refusal on the host of an app leads to the portal')
  t.equal(back.searchParams.get('rd'), 'http://notebooks.localhost/tree?a=1')
  t.match(await visitor.get(back.href), { status: 200, body: 'name="password"' }, 'which asks for somebody else')
})

/** Refusals do not know on which host they are read, so their links are whole. */
const switchFrom = ({ status }: Answer, path: string) => (status < 400 ? path : `http://gate.localhost${path}`)

t.test(
  'after the password alone, the pages of the first factor say it too, without links that need a second',
  async t => {
    const fixture = await openFixture(t)
    const visitor = new Visitor(fixture.app)
    const page = await visitor.submit(await visitor.open(await fixture.invite()), { password })
    t.equal(whoOn(page)?.[1], 'Signed in as Ada Lovelace.')
    t.notMatch(page.body, /<nav|class="lab" href/)
  }
)

t.test('a challenge says it once, and a stranger gets no links to pages of people', async t => {
  const fixture = await openFixture(t)
  await enrolled(fixture)
  const { page: challenge } = await halfWay(fixture)
  t.equal(challenge.body.match(/Signed in as Ada Lovelace\./g)?.length, 1)
  t.notMatch(challenge.body, /<nav|class="lab" href/)
  t.same(whoOn(challenge)?.slice(1), ['Signed in as Ada Lovelace.', '/.factorgate/login?switch=1'])
  const stranger = await new Visitor(fixture.app).get(`${gate}login`)
  for (const page of [stranger, await new Visitor(fixture.app).get(`${gate}nothing`)]) {
    t.notMatch(page.body, /class="who"|class="lab" href|<nav/, page.url)
    t.match(page.body, '<p class="lab" dir="auto">Example Lab</p>', page.url)
  }
  t.match(stranger.body, '<h1>Sign in</h1>', 'the headline does not repeat the name of the lab')
})

t.test('the logo of the lab leads to the apps, and carries its name', async t => {
  const logo = { type: 'image/svg+xml', body: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') }
  const fixture = await openFixture(t, { look: { logo } })
  const { visitor } = await enrolled(fixture)
  const page = await visitor.get(`${gate}account`)
  t.match(
    page.body,
    /<a class="lab" href="\/\.factorgate\/" dir="auto"><img class="logo" src="[^"]+" alt="Example Lab"\/?>/
  )
})
