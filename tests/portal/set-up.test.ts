/** The end of a set-up: the question for a second factor, asked once, and what the person has now, before the app. */
import t from 'tap'
import { enrolled, password, signedIn } from '../fixtures/pipeline/people.ts'
import { codeAt, type Fixture, openFixture } from '../fixtures/pipeline/portal.ts'
import { type Answer, secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const pathOf = ({ url }: Answer) => new URL(url).pathname.replace('/.factorgate/', '')

/** Accepts the invitation on the way to `rd`, adds an authenticator app, and saves the codes. */
async function firstFactor(fixture: Fixture, rd: string | null) {
  const visitor = new Visitor(fixture.app)
  const query = rd === null ? '' : `?rd=${encodeURIComponent(rd)}`
  const enrol = await visitor.submit(await visitor.open((await fixture.invite()) + query), { password })
  const page = await visitor.open(enrol.url.replace('/enrol', '/enrol/totp'))
  const secret = secretOn(page)
  const codes = await visitor.submit(page, { code: codeAt(secret, fixture.clock()), name: 'My phone' })
  const asked = await visitor.submit(codes, { saved: 'yes' })
  return { visitor, secret, asked }
}

const linkTo = (page: Answer, text: string) => {
  const [, href = ''] = new RegExp(`href="([^"]+)">(?:<[^>]*>)?${text}`).exec(page.body) ?? []
  return new URL(href.replaceAll('&amp;', '&'), page.url).href
}

t.test('one factor is called a risk, and Later leads over what there is to the app', async t => {
  const fixture = await openFixture(t)
  const rd = 'http://notebooks.localhost/data?x=1'
  const { visitor, asked } = await firstFactor(fixture, rd)
  t.equal(pathOf(asked), 'enrol/second')
  t.match(textOf(asked.body), /One is a risk.*“My phone” is your only second factor.*Add a second one now.*Later/)
  const done = await visitor.open(linkTo(asked, 'Later'))
  t.match(textOf(done.body), /You are set.*confirm with one of these:.*My phone.*a recovery code/)
  const onward = await visitor.open(linkTo(done, 'Open '))
  t.equal(onward.url, rd, 'the app, with path and query')
  t.equal(pathOf(await visitor.open(asked.url)), '/data', 'and the question is not asked again')
})

t.test('without a target it leads to the apps', async t => {
  const fixture = await openFixture(t)
  const { visitor, asked } = await firstFactor(fixture, null)
  const done = await visitor.open(linkTo(asked, 'Later'))
  t.equal(pathOf(await visitor.open(linkTo(done, 'Go to your apps'))), '')
})

t.test('a second one leads to the same end, with both names', async t => {
  const fixture = await openFixture(t)
  const { visitor, asked } = await firstFactor(fixture, null)
  fixture.time.advance(30)
  const choice = await visitor.open(linkTo(asked, 'Add a second one now'))
  t.match(textOf(choice.body), /Add a second factor/)
  const page = await visitor.open(choice.url.replace('/enrol', '/enrol/totp'))
  const done = await visitor.submit(page, { code: codeAt(secretOn(page), fixture.clock()), name: 'Old tablet' })
  t.equal(pathOf(done), 'enrol/done')
  t.match(textOf(done.body), /You are set.*My phone.*Old tablet.*a recovery code/)
  t.notMatch(textOf((await visitor.open(`${fixture.portalOrigin}/.factorgate/account`)).body), /is added/)
})

t.test('nobody is asked later: not for new codes, not for another factor', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const { visitor } = await signedIn(fixture, secret)
  const offer = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/recovery`)
  const saved = await visitor.submit(await visitor.submit(offer, {}, /enrol\/recovery/), { saved: 'yes' })
  t.equal(pathOf(saved), '')
  const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  const added = await visitor.submit(page, { code: codeAt(secretOn(page), fixture.clock()), name: 'Old tablet' })
  t.equal(pathOf(added), 'account')
  t.match(textOf(added.body), /“Old tablet” is added/)
})

t.test('whoever has seen the question is not asked again for new codes', async t => {
  const fixture = await openFixture(t)
  const { visitor, asked } = await firstFactor(fixture, null)
  t.equal((await visitor.open(asked.url)).url, asked.url, 'a reload shows the same page')
  const offer = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/recovery`)
  const saved = await visitor.submit(await visitor.submit(offer, {}, /enrol\/recovery/), { saved: 'yes' })
  t.equal(pathOf(saved), '')
})

t.test('a cookie of somebody else asks nothing', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret, asked } = await firstFactor(fixture, null)
  const cookie = visitor.jar('gate.localhost').get('factorgate-set-up') as string
  fixture.time.advance(60)
  const { visitor: other } = await signedIn(fixture, secret)
  other.jar('gate.localhost').set('factorgate-set-up', cookie)
  t.equal(pathOf(await other.open(asked.url)), '')
})
