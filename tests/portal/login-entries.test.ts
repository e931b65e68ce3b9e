/** Logins that another place checks: their buttons, their routes, and the return address through them. */
import t from 'tap'
import { enter } from '../../plugins/portal/enter.ts'
import type { LoginEntry } from '../../plugins/portal/index.ts'
import { callerOf, goTo } from '../../plugins/portal/page-context.ts'
import { withReturnTo } from '../../plugins/portal/return-to.ts'
import type { Account } from '../../src/identity/account.ts'
import { enrolled } from '../fixtures/pipeline/people.ts'
import { codeAt, type Fixture, openFixture } from '../fixtures/pipeline/portal.ts'
import { textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

/** An institution that answers at once, on a second route, that everybody is ada. */
const everybodyIsAda = (id: string, title: string, ada?: () => Account): LoginEntry => ({
  id,
  title,
  register(scope) {
    const { signIn } = scope.portal
    const config = { requires: 'anyone' } as const
    scope.get(`/.factorgate/login/${id}`, { config }, async ({ page }) =>
      goTo(page, withReturnTo(`/.factorgate/login/${id}/answer`, page.returnTo))
    )
    scope.get(`/.factorgate/login/${id}/answer`, { config }, async ({ page }) => {
      const outcome = await signIn.firstFactor.enter(callerOf(page), ada!(), { kind: 'directory' })
      return goTo(page, enter(page, outcome))
    })
  }
})

t.test('each has a button with the way in its address, in the order given', async t => {
  const logins = [everybodyIsAda('one', 'University One'), everybodyIsAda('two', 'Two & Sons')]
  const fixture = await openFixture(t, { logins })
  const page = await new Visitor(fixture.app).open('http://notebooks.localhost/data')
  const buttons = [...page.body.matchAll(/<a class="button second" href="([^"]*)">(.*?)<\/a>/g)]
  t.same(
    buttons.map(([, , words]) => textOf(words ?? '').trim()),
    ['Sign in with University One', 'Sign in with Two & Sons']
  )
  for (const [index, id] of ['one', 'two'].entries()) {
    const href = new URL((buttons[index]?.[1] ?? '').replaceAll('&amp;', '&'), fixture.portalOrigin)
    t.equal(href.pathname, `/.factorgate/login/${id}`)
    t.same([...href.searchParams.keys()], [...new URL(page.url).searchParams.keys()])
  }
  const none = await openFixture(t)
  const plain = await new Visitor(none.app).open(`${none.portalOrigin}/.factorgate/login`)
  t.notMatch(plain.body, /<a class="button second"/, 'and nobody sees one where there is none')
})

t.test('one leads through the second factor to where the person was going', async t => {
  const fixture: Fixture = await openFixture(t, {
    logins: [everybodyIsAda('one', 'University One', () => fixture.ada)]
  })
  const { secret } = await enrolled(fixture)
  const visitor = new Visitor(fixture.app)
  const goal = 'http://notebooks.localhost/data'
  const page = await visitor.open(goal)
  const href = /href="(\/\.factorgate\/login\/one[^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  fixture.events.length = 0
  const asked = await visitor.open(fixture.portalOrigin + href)
  t.equal(new URL(asked.url).pathname, '/.factorgate/challenge', 'it is a first factor and no more')
  const landed = await visitor.submit(asked, { code: codeAt(secret, fixture.clock()) }, /challenge\/totp/)
  t.same([landed.status, landed.url], [200, goal])
  t.same(
    fixture.events.map(({ kind, factor }) => [kind, factor].filter(Boolean).join(' ')),
    ['login directory', 'proof totp', 'device.new']
  )
})

t.test('two of one id do not start', async t => {
  const logins = [everybodyIsAda('one', 'One'), everybodyIsAda('one', 'Two')]
  await t.rejects(openFixture(t, { logins }), { code: 'FST_ERR_DUPLICATED_ROUTE' })
})
