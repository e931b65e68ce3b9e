/** A page of another site leads a browser to an app: what follows a sign-in or a late confirmation is the person's own again. */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import t from 'tap'
import { addAuthenticator, openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { openLab, signOut, typePassword } from '../fixtures/browser/lab.ts'
import { resident, signedIn } from '../fixtures/browser/resident.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { entryOf, mfa, startOidcGate } from '../fixtures/in-process/oidc-gate.ts'
import { startOidcProvider } from '../fixtures/in-process/oidc-provider.ts'

t.test('O7 · who signs in, or confirms after more than a minute, opens the page of their own accord', async t => {
  const lab = await openLab(t, 'watch: { unusual: {} }')
  const [home, exports] = [`${lab.labOrigin}/you`, `${lab.labOrigin}/admin/`]
  const elsewhere = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(`<!doctype html><a href="${home}">home</a> <a href="${exports}">exports</a>`)
  })
  await once(elsewhere.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    elsewhere.closeAllConnections()
    elsewhere.close()
  })
  const seen: [phase: string, path: string, isLed: boolean][] = []
  lab.gate.server.runtime.observers.add(({ exchange: { path, isLed }, phase }) => seen.push([phase, path, isLed]))
  const { page } = await lab.person()
  /** A click on the other site. */
  const follow = async (name: string) => {
    await page.goto(`http://elsewhere.localhost:${(elsewhere.address() as AddressInfo).port}/`)
    seen.length = 0
    await page.getByRole('link', { name }).click()
  }
  const confirm = async (url: string) => {
    await page.getByRole('button', { name: 'Use my passkey' }).click()
    await page.waitForURL(url)
  }
  const opened = (path: string) => seen.filter(([phase, of]) => phase === 'start' && of === path)
  const { account } = await resident(lab, 'ada', { passkey: await addAuthenticator(page) })
  await signedIn(lab, page, account, 'webauthn')

  await follow('home')
  await page.waitForURL(home)
  t.same(opened('/you'), [['start', '/you', true]], 'a link on another site leads')

  await signOut(lab, page)
  await follow('home')
  await typePassword(page, 'ada')
  await confirm(home)
  t.same(opened('/you'), [['start', '/you', false]], 'a sign-in from nothing does not')

  lab.time.advance(301)
  await follow('exports')
  await page.getByRole('heading', { name: 'Confirm once more' }).waitFor()
  t.match(seen, [['refused', '/admin/', true]])
  await confirm(exports)
  t.same(opened('/admin/'), [['start', '/admin/', true]], 'a quick touch does not make it theirs')

  lab.time.advance(301)
  await follow('exports')
  await page.getByRole('heading', { name: 'Confirm once more' }).waitFor()
  lab.time.advance(61)
  await confirm(exports)
  t.same(opened('/admin/'), [['start', '/admin/', false]], 'after more than a minute it is')
})

t.test('O7 · an institution signs a person in without a question → who has begun it decides who has led', async t => {
  const provider = await startOidcProvider(t)
  const time = new TestClock(Date.now())
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)], {
    clock: () => time.now,
    extra: 'watch: { unusual: {} }'
  })
  const files = gate.origin('files')
  const now = Math.floor(time.now / 1000)
  provider.person = { ...provider.person, acr: 'https://refeds.org/profile/mfa', auth_time: now, sid: 's' }
  provider.lies.handle = (path, response, url) => {
    if (path === '/authorize') response.writeHead(302, { location: provider.authorize(url.href) }).end()
    // The page of another site, with a link to the sign-in.
    else if (path === '/elsewhere')
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end(`<a href="${url.searchParams.get('to')?.replaceAll('&', '&amp;')}">look</a>`)
    else return false
    return true
  }
  const seen: [phase: string, path: string, isLed: boolean][] = []
  gate.server.runtime.observers.add(({ exchange: { path, isLed }, phase }) => seen.push([phase, path, isLed]))
  const browser = await openBrowser(t)
  const opened = async (page: Page, path: string, open: () => Promise<unknown>) => {
    seen.length = 0
    await open()
    await page.waitForURL(files + path)
    return seen.filter(([phase, of]) => phase === 'start' && of === path)
  }
  const click = (page: Page, path: string) =>
    page.evaluate(to => {
      location.href = to
    }, path)

  const [own, led] = [await (await openContext(browser)).newPage(), await (await openContext(browser)).newPage()]
  await own.goto(`${files}/data`)
  const signIn = own.getByRole('link', { name: 'Sign in with The campus' })
  const link = new URL((await signIn.getAttribute('href')) as string, gate.portal)
  t.same(await opened(own, '/data', () => signIn.click()), [['start', '/data', false]], 'the person, at the portal')

  await led.goto(`${new URL(provider.issuer).origin}/elsewhere?to=${encodeURIComponent(link.href)}`)
  const look = () => led.getByRole('link', { name: 'look' }).click()
  t.same(await opened(led, '/data', look), [['start', '/data', true]], 'a link of another site to the same sign-in')
  t.same(await opened(led, '/next', () => click(led, '/next')), [['start', '/next', true]], 'and what its page opens')
  time.advance(61)
  t.same(await opened(led, '/later', () => click(led, '/later')), [['start', '/later', false]], 'for a minute')
})
