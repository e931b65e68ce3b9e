/** The watch asks for a fresh proof: people whose institution checks their second factor confirm there, and need no factor here. */
import t, { type Test } from 'tap'
import { askRecord } from '../../../src/unusual/asks.ts'
import { entryOf, mfa, type Page, startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'
import { textOf } from '../../fixtures/pipeline/visitor.ts'

const acr = 'https://refeds.org/profile/mfa'
const now = () => Math.floor(Date.now() / 1000)
const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }

/** Somebody who signed in there with a second factor an hour ago, and has none here. */
async function fixture(t: Test, watch: string) {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)], { extra: `watch: ${watch}` })
  provider.person = { ...provider.person, acr, amr: ['mfa'], auth_time: now() - 3600 }
  const browser = gate.browser()
  await browser.signIn('campus', provider, `${gate.origin('files')}/data`)
  return { provider, gate, browser, data: `${gate.origin('files')}/data` }
}

function confirmOn(page: Page): string | null {
  const [, href] = /href="([^"]*)"[^>]*>\s*Confirm at The campus/.exec(page.body) ?? []
  return href === undefined ? null : new URL(href.replaceAll('&amp;', '&'), page.url).href
}

async function confirms({ provider, browser, data }: Awaited<ReturnType<typeof fixture>>, t: Test) {
  const page = await browser.go(data)
  t.match([page.status, page.url], [200, /\/challenge/], 'the page asks')
  const confirm = confirmOn(page)
  if (confirm === null) throw new Error(`no way to confirm: ${page.status} ${textOf(page.body)}`)
  const old = await browser.through(provider, confirm)
  t.match([old.status, old.url], [200, /\/challenge/])
  t.match(textOf(old.body), /not recently enough/, 'the sign-in of an hour ago is no answer')
  t.match((await browser.send('GET', data, script)).headers['factorgate-error'], /_proof_required/)
  const { location } = await browser.go(confirm)
  t.match(Object.fromEntries(new URL(location!).searchParams), { prompt: 'login', max_age: '0', login_hint: 'ada' })
  // The provider says whole seconds: this one has begun before the question, perhaps.
  provider.person = { ...provider.person, auth_time: now() }
  const end = await browser.go(provider.authorize(location!))
  t.same([end.status, end.url], [200, data], 'a new one is')
}

t.test('a budget with step-up takes a fresh confirmation of the institution', async t => {
  const all = await fixture(
    t,
    '{ budgets: [{ id: few, per: person, app: files, window: 1h, requests: 3, then: [step-up] }] }'
  )
  const { browser, data } = all
  const codes: unknown[] = []
  for (let i = 0; i < 12 && codes.at(-1) !== 'budget_proof_required'; i++)
    codes.push((await browser.send('GET', data, script)).headers['factorgate-error'])
  t.equal(codes.at(-1), 'budget_proof_required')
  await confirms(all, t)
})

t.test('a question about something unusual does too', async t => {
  const all = await fixture(t, '{ unusual: { learn: 0s } }')
  const { gate, browser, data } = all
  const { store, accounts } = gate.server.runtime
  const ada = await accounts.byName('ada')
  await askRecord.put(store, ada!.id, { at: Date.now() - 1000 }, 3600)
  let code: unknown
  for (let i = 0; i < 200 && code === undefined; i++)
    code = (await browser.send('GET', data, script)).headers['factorgate-error']
  t.equal(code, 'unusual_proof_required')
  await confirms(all, t)
})

t.test('a budget that names factors takes none of an institution, and says what to do', async t => {
  const { browser, data } = await fixture(
    t,
    '{ budgets: [{ id: few, per: person, app: files, window: 1h, requests: 3, then: [step-up], factors: [webauthn] }] }'
  )
  let code: unknown
  for (let i = 0; i < 12 && code === undefined; i++)
    code = (await browser.send('GET', data, script)).headers['factorgate-error']
  t.equal(code, 'budget_proof_required')
  const page = await browser.go(data)
  t.equal(confirmOn(page), null)
  t.match([page.status, textOf(page.body)], [403, /Ask the people who run this gate for an invitation/])
})
