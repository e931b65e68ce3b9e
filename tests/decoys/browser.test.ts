/** What a real browser says when a page leads it to a decoy, and when its person goes there. */
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'

t.test('a hostile page suspends nobody, a link in the app is asked about, and a typed address suspends', async t => {
  const { url, seen } = await echoApp(t, (_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><img src="/finance/picture.png"><a href="/finance/x">finance</a>')
  })
  const gate = await startGateway(t, {
    apps: `  - { id: files, url: "http://files.localhost:PORT", upstream: "${url}", decoys: [/finance/**] }`
  })
  const files = gate.origin('files')
  const hostile = await echoApp(t, (request, response) => {
    response.setHeader('content-type', 'text/html')
    const pages: Record<string, string> = {
      '/picture': `<img src="${files}/finance/a"><iframe src="${files}/finance/b"></iframe>`,
      '/link': `<a href="${files}/finance/c">click</a>`,
      '/move': `<script>location = '${files}/finance/d'</script>`,
      '/form': `<form action="${files}/finance/e"></form><script>document.forms[0].submit()</script>`,
      '/hidden': `<meta name="referrer" content="no-referrer"><script>location = '${files}/finance/f'</script>`
    }
    response.end(`<!doctype html>${pages[request.url ?? ''] ?? ''}`)
  })
  const account = await gate.account('alice')
  const { cookies, principal } = await gate.signIn(account, 'files')
  const suspended = async () => (await gate.server.runtime.accounts.byId(account.id))?.suspended ?? null
  const context = await openContext(await openBrowser(t))
  t.teardown(() => context.close())
  const [name = '', value = ''] = (cookies.files as string).split('=')
  await context.addCookies([{ name, value, domain: 'files.localhost', path: '/', httpOnly: true, sameSite: 'Lax' }])
  const page = await context.newPage()

  await page.goto(`${hostile.url}/picture`, { waitUntil: 'networkidle' })
  await page.goto(`${hostile.url}/link`)
  await page.getByText('click').click()
  await page.waitForURL('**/finance/c')
  t.match(await page.title(), /You may not open this/)
  for (const [way, end] of [
    ['move', 'd'],
    ['form', 'e'],
    ['hidden', 'f']
  ]) {
    await page.goto(`${hostile.url}/${way}`)
    await page.waitForURL(`**/finance/${end}*`)
    t.match(await page.title(), /You may not open this/, String(way))
  }
  t.equal(await suspended(), null)
  t.same(
    seen.filter(request => request.url?.startsWith('/finance')),
    []
  )

  await page.goto(`${files}/docs`, { waitUntil: 'networkidle' })
  t.equal(await suspended(), null, 'a picture in a page of the app is not the will of its reader')
  await page.getByText('finance').click()
  await page.waitForURL('**/.factorgate/*')
  t.equal(await suspended(), null, 'somebody else may have written the link')
  await page.goto(`${files}/docs`)
  t.match(page.url(), /\.factorgate\//, 'nothing goes on without a proof')
  await gate.server.runtime.sessions.prove(principal, { kind: 'totp', at: Date.now() + 1000, userVerified: false })
  await page.goto(`${files}/docs`, { waitUntil: 'networkidle' })
  t.match(page.url(), /\/docs$/)
  await page.goto(`${files}/finance/x`)
  t.match(
    await page.locator('body').textContent(),
    /The app files has a decoy that nobody has business opening: \/finance\/\*\*/
  )
  t.not(await suspended(), null)
})
