/** A page of another site leads a browser to an app: what follows a sign-in or a late confirmation is the person's own again. */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { addAuthenticator } from '../fixtures/browser/browser.ts'
import { acceptInvitation, firstPasskey, openLab, signOut, typePassword } from '../fixtures/browser/lab.ts'

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
  await addAuthenticator(page)
  await acceptInvitation(page, (await lab.invite('ada')).link)
  await firstPasskey(page)

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
