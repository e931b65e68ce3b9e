/** FIELD F9: an app whose service worker makes navigations anew, in a real Chromium. */
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'

/** What workers do with a navigation, and whether it is still one for the gate. */
const ways: Readonly<Record<string, string>> = {
  request: 'fetch(event.request)',
  url: 'fetch(event.request.url)',
  unnamed: 'fetch(event.request.url)',
  copy: 'fetch(new Request(event.request.url, { headers: event.request.headers }))',
  init: "fetch(event.request, { credentials: 'include' })"
}

t.test(
  'FIELD F9 a worker that makes navigations anew shows a page, and the way back is the address asked for',
  async t => {
    const app = await echoApp(t, (request, response) => {
      const way = /^\/(?:worker-|in-the-background\/)(\w+)/.exec(request.url ?? '')?.[1]
      response.setHeader('service-worker-allowed', '/')
      response.setHeader('content-type', way === undefined ? 'text/html' : 'text/javascript')
      if (way === undefined) response.end(`<!doctype html><link rel="icon" href="data:,"><h1>app ${request.url}</h1>`)
      else
        response.end(`addEventListener('activate', event => event.waitUntil(clients.claim()))
addEventListener('fetch', event => event.request.mode === 'navigate' && event.respondWith(${ways[way]}))`)
    })
    const gate = await startGateway(t, {
      apps: Object.keys(ways)
        .map(id => `  - { id: ${id}, url: "http://${id}.localhost:PORT", upstream: "${app.url}" }`)
        .join('\n')
    })
    const alice = await gate.account('alice')
    const { cookies } = await gate.signIn(alice, ...Object.keys(ways))
    const browser = await openBrowser(t)
    for (const way of Object.keys(ways)) {
      const context = await openContext(browser)
      const origin = gate.origin(way)
      const cookie = (host: string, url: string) => ({
        name: `factorgate-${gate.port}`,
        value: (cookies[host] as string).slice('factorgate='.length),
        url,
        httpOnly: true,
        sameSite: 'Lax' as const
      })
      await context.addCookies([cookie(way, origin)])
      const page = await context.newPage()
      await page.goto(`${origin}/`)
      await page.evaluate(
        async script => {
          const claimed = new Promise(resolve => navigator.serviceWorker.addEventListener('controllerchange', resolve))
          await navigator.serviceWorker.register(script, { scope: '/' })
          if (navigator.serviceWorker.controller === null) await claimed
          // Of the last, nothing in its address says what it is.
        },
        way === 'unnamed' ? '/in-the-background/unnamed?v=2' : `/worker-${way}.js`
      )
      await context.clearCookies()
      const link = `${origin}/deep/page?x=1&y=2`
      await page.goto(link)
      if (way !== 'request') {
        t.match(await page.content(), /Sign in first/, `${way}: words`)
        t.notMatch(
          await page.content(),
          /"error":|did not get what you sent/,
          `${way}: no JSON, and nothing about a form`
        )
        await page.getByRole('link', { name: 'Sign in', exact: true }).click()
      }
      await page.getByLabel('User name').waitFor()
      t.equal(new URL(page.url()).searchParams.get('rd'), link, `${way}: the way back`)
      // Whoever has signed in at the portal is handed over, and the worker asks for that page too.
      await context.addCookies([cookie('gate', gate.portal)])
      await page.reload()
      await page.getByRole('heading', { name: 'app /deep/page?x=1&y=2' }).waitFor()
      t.equal(page.url(), link, `${way}: back where it began`)
      await context.close()
    }
  }
)
