/** An OpenID Connect provider in a real browser: sign-in, step-up, and sign-out on both sides. */
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { watch } from '../fixtures/browser/witness.ts'
import { entryOf, mfa, startOidcGate } from '../fixtures/in-process/oidc-gate.ts'
import { startOidcProvider } from '../fixtures/in-process/oidc-provider.ts'

t.test('a sign-in at a provider, in Chromium', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  const now = (more = 0) => Math.floor(Date.now() / 1000) + more
  provider.person = { ...provider.person, acr: 'https://refeds.org/profile/mfa', auth_time: now(-3600), sid: 's' }
  // The provider asks on a page of its own, and leads back from its sign-out by a redirect.
  provider.lies.handle = (path, response, url) => {
    if (path === '/authorize') {
      const back = provider.authorize(url.href).replaceAll('&', '&amp;')
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(`<!doctype html><title>Campus</title><link rel="icon" href="data:,"><a href="${back}">It is me</a>`)
      return true
    }
    if (path !== '/logout') return false
    response.writeHead(302, { location: url.searchParams.get('post_logout_redirect_uri')! }).end()
    return true
  }
  const context = await openContext(await openBrowser(t))
  const witness = await watch(context, gate.port)
  witness.expect(new RegExp(provider.issuer))
  const page = await context.newPage()

  await page.goto(`${gate.origin('files')}/data?x=1`)
  await page.getByRole('link', { name: 'Sign in with The campus' }).click()
  await page.getByRole('link', { name: 'It is me' }).click()
  await page.waitForURL(`${gate.origin('files')}/data?x=1`)
  t.match(await page.textContent('body'), /"remote-user":"ada"/)

  await page.goto(`${gate.origin('files')}/fresh/x`)
  provider.person = { ...provider.person, auth_time: now() }
  await page.getByRole('link', { name: 'Confirm at The campus' }).click()
  await page.getByRole('link', { name: 'It is me' }).click()
  await page.waitForURL(`${gate.origin('files')}/fresh/x`)

  await page.goto(`${gate.portal}/.factorgate/account`)
  await page.getByRole('button', { name: 'Sign out', exact: true }).first().click()
  await page.waitForURL(/\/\.factorgate\/signed-out/)
  t.equal(provider.requests('/logout').length, 1, 'the form leads there: the page’s policy names the provider')
  await page.goto(`${gate.origin('files')}/data`)
  await page.getByRole('link', { name: 'Sign in with The campus' }).waitFor()
  t.same(witness.complaints, [])
})
