/** A second factor shown anew at the provider: when it is offered, what it is good for, and what an answer without it changes. */
import t, { type Test } from 'tap'
import { entryOf, mfa, startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'
import { textOf } from '../../fixtures/pipeline/visitor.ts'

const acr = 'https://refeds.org/profile/mfa'
const now = () => Math.floor(Date.now() / 1000)

/** Somebody who signed in with a second factor an hour ago, at the page that wants a newer one. */
async function fixture(t: Test) {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  provider.person = { ...provider.person, acr, amr: ['mfa'], auth_time: now() - 3600 }
  const browser = gate.browser()
  await browser.signIn('campus', provider)
  const page = await browser.go(`${gate.origin('files')}/fresh/x`)
  const [, href = ''] = /href="([^"]*)"[^>]*>\s*Confirm at The campus/.exec(page.body) ?? []
  const confirm = new URL(href.replaceAll('&amp;', '&'), page.url).href
  return { provider, gate, browser, page, confirm }
}

t.test('a rule that wants a newer confirmation offers the institution, which is asked for it anew', async t => {
  const { provider, browser, page, confirm, gate } = await fixture(t)
  t.match(page.url, /\/challenge/)
  const { location } = await browser.go(confirm)
  const asked = Object.fromEntries(new URL(location!).searchParams)
  t.match(asked, { prompt: 'login', max_age: '0', login_hint: 'ada', acr_values: acr })
  provider.person = { ...provider.person, auth_time: now() }
  const end = await browser.go(provider.authorize(location!))
  t.same([end.status, end.url], [200, `${gate.origin('files')}/fresh/x`])
  t.equal((await browser.go(`${gate.portal}/.factorgate/account`)).status, 200)
})

const cases = {
  'an answer without a second factor': {
    person: { acr: undefined, amr: ['pwd'] },
    says: /did not say that it has checked a second factor/
  },
  'a second factor that is as old as before': { person: {}, says: /not recently enough/ },
  'a second factor of a time that is not said': { person: { auth_time: undefined }, says: /not recently enough/ },
  'somebody else': {
    person: { sub: 'person-2', preferred_username: 'bob', auth_time: now() },
    says: /Somebody else signed in at The campus/
  }
}

t.test('what is not enough is said on the challenge, goes nowhere by itself, and changes nobody', async t => {
  for (const [name, { person, says }] of Object.entries(cases)) {
    const { provider, browser, confirm, gate } = await fixture(t)
    provider.person = { ...provider.person, ...person }
    const end = await browser.through(provider, confirm)
    t.match([end.status, end.url], [200, /\/challenge/], name)
    t.match(textOf(end.body), says, name)
    t.match(end.body, /Signed in as .*Ada Lovelace/, `${name}: the same person`)
    const app = await browser.go(`${gate.origin('files')}/fresh/x`)
    t.match(app.url, /\/challenge/, `${name}: the page stays shut`)
    t.notMatch(textOf(app.body), says, `${name}: it is said once`)
    t.equal((await browser.go(`${gate.origin('files')}/data`)).status, 200, `${name}: what was open stays open`)
  }
})

t.test('an answer that refuses is said on the challenge too', async t => {
  const { provider, browser, confirm } = await fixture(t)
  provider.lies.answer = ({ state, iss }) => ({ state, iss, error: 'access_denied' })
  const end = await browser.through(provider, confirm)
  t.match([end.status, end.url, textOf(end.body)], [200, /\/challenge/, /did not confirm that it is you/])
})

t.test('who has no factor here and none there is offered the institution, and never goes round in circles', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  const browser = gate.browser()
  const page = await browser.signIn('campus', provider, `${gate.origin('files')}/data`)
  t.match([page.status, page.url], [200, /\/challenge/])
  t.match(page.body, /Confirm at The campus/)
  const [, href = ''] = /href="([^"]*)"[^>]*>\s*Confirm at The campus/.exec(page.body) ?? []
  const confirm = new URL(href.replaceAll('&amp;', '&'), page.url).href
  const again = await browser.through(provider, confirm)
  t.match(textOf(again.body), /did not say that it has checked a second factor.*Ask the people who run this gate/s)
  provider.person = { ...provider.person, acr }
  const end = await browser.through(provider, confirm)
  t.same([end.status, end.url], [200, `${gate.origin('files')}/data`])
})

t.test('who was checked there and may add a first factor here has the choice, while a roll-out is open', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, `${mfa}, enrolment: { until: 2999-01-01 }`)])
  const browser = gate.browser()
  provider.person = { ...provider.person, acr, auth_time: Math.floor(Date.now() / 1000) - 3600 }
  await browser.signIn('campus', provider, `${gate.origin('files')}/data`)
  const page = await browser.go(`${gate.origin('files')}/fresh/x`)
  t.match([page.status, page.url], [200, /\/challenge/])
  t.match(page.body, /href="[^"]*\/enrol\?rd=[^"]*">Add a second factor/)
  t.notMatch(page.body, /for an invitation/)
  const [, href = ''] = /href="([^"]*)"[^>]*>\s*Confirm at The campus/.exec(page.body) ?? []
  provider.person = { ...provider.person, auth_time: Math.floor(Date.now() / 1000) }
  const end = await browser.through(provider, new URL(href.replaceAll('&amp;', '&'), page.url).href)
  t.same([end.status, end.url], [200, `${gate.origin('files')}/fresh/x`])
  // Half signed in, the roll-out comes first.
  provider.person = { ...provider.person, sub: 'other', preferred_username: 'bob', acr: undefined }
  const half = await gate.browser().signIn('campus', provider, `${gate.origin('files')}/data`)
  t.match([half.status, half.url], [200, /\/enrol/])
})

t.test('changes of an account ask for a factor of ours', async t => {
  const { provider, browser, gate } = await fixture(t)
  const page = await browser.go(`${gate.portal}/.factorgate/enrol`)
  t.notMatch(page.body, /Confirm at/)
  t.equal(provider.requests('/token').length, 1)
})
