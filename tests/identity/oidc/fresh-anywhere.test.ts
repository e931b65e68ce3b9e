/** Somebody whose institution checks their second factor, and who has none here, makes tokens for programs and enters logins of apps. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { isFreshAnywhere } from '../../../src/sign-in/fresh-anywhere.ts'
import { echoApp, startGateway } from '../../fixtures/in-process/gateway.ts'
import { entryOf, GateBrowser, mfa, type Page } from '../../fixtures/in-process/oidc-gate.ts'
import { startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'
import { textOf } from '../../fixtures/pipeline/visitor.ts'

const now = () => Math.floor(Date.now() / 1000)

t.test('a confirmation there of just now is enough, an older one is not', async t => {
  const { url, seen } = await echoApp(t)
  const provider = await startOidcProvider(t)
  const gate = await startGateway(t, {
    apps: `  - { id: files, title: Files, url: "http://files.localhost:PORT", upstream: "${url}", tokens: true }
  - { id: old, title: Scheduler, url: "http://old.localhost:PORT", upstream: "${url}", upstreamLogin: { kind: basic, per: person } }`,
    extra: `identity:\n  - { id: local, kind: local }\n${entryOf('campus', provider, mfa)}`
  })
  provider.person = { ...provider.person, acr: 'https://refeds.org/profile/mfa', amr: ['mfa'], auth_time: now() - 3600 }
  const browser = new GateBrowser(gate)
  await browser.signIn('campus', provider)

  const confirmed = async (page: Page): Promise<Page> => {
    t.match([page.status, page.url], [200, /\/challenge/], textOf(page.body))
    const [, href = ''] = /href="([^"]*)"[^>]*>\s*Confirm at The campus/.exec(page.body) ?? []
    const confirm = new URL(href.replaceAll('&amp;', '&'), page.url).href
    t.match((await browser.through(provider, confirm)).url, /\/challenge/, 'the sign-in of an hour ago is no answer')
    provider.person = { ...provider.person, auth_time: now() }
    const end = await browser.through(provider, confirm)
    provider.person = { ...provider.person, auth_time: now() - 3600 }
    return end
  }

  const form = await confirmed(await browser.go(`${gate.origin('old')}/jobs?x=1`))
  t.match([form.status, form.url], [200, /\/account\/logins\/old/])
  const stored = await browser.submit(form, /logins\/old/, { user: 'ada', password: 'her password there' })
  t.equal((await browser.go(stored.location!)).status, 200)
  t.equal(seen.at(-1)?.headers.authorization, `Basic ${Buffer.from('ada:her password there').toString('base64')}`)

  // Nothing more is asked within five minutes.
  const program = await browser.go(`${gate.portal}/.factorgate/account/programs/new?app=files`)
  t.equal(program.status, 200)
  const [, csrf = ''] = /name="csrf" value="([^"]*)"/.exec(program.body) ?? []
  const typed = { csrf, app: 'files', name: 'Robot', days: '30', paths: '', networks: '', bytes: '' }
  const made = await browser.send(
    'POST',
    program.url,
    { 'content-type': 'application/x-www-form-urlencoded', origin: gate.portal, 'sec-fetch-site': 'same-origin' },
    new URLSearchParams(typed).toString()
  )
  t.equal(made.status, 303, textOf(made.body))
  const [token] = /fg_[0-9A-Za-z]{46}/.exec((await browser.go(made.location!)).body) ?? []
  const got = await gate.request('GET', `${gate.origin('files')}/x`, { authorization: `Bearer ${token}` })
  t.equal(JSON.parse(got.body).headers['remote-user'], 'ada')

  for (const page of ['/.factorgate/enrol', '/.factorgate/enrol/recovery', '/.factorgate/account/password']) {
    const other = await browser.go(gate.portal + page)
    t.notMatch(other.body, /Confirm at/, page)
    t.not(other.status, 200, page)
  }
})

t.test('the pages that take it are those that the routes name', async t => {
  const routes = ['programs', 'upstream-logins'].flatMap(file => {
    const text = readFileSync(new URL(`../../../plugins/portal/${file}.tsx`, import.meta.url), 'utf8')
    const [, path = ''] = /const path = '([^']+)'/.exec(text) ?? []
    return [...text.matchAll(/scope\.get\(`\$\{path\}([^`]*)`, \{ config: \{ requires: '([^']+)'/g)].map(
      ([, end = '', requires]) => [path + end.replace(':app', 'old'), requires === 'fresh-anywhere'] as const
    )
  })
  t.ok(routes.some(([, isIt]) => isIt) && routes.some(([, isIt]) => !isIt))
  for (const [path, isIt] of routes) t.equal(isFreshAnywhere(`https://gate.example${path}?rd=x`), isIt, path)
})
