/** FIELD F8: an app inside a frame of another app's page, in a real Chromium. */
import t from 'tap'
import { openBrowser, openContext } from '../helpers/browser.ts'
import { echoApp, startGateway } from '../helpers/gateway.ts'

t.test('FIELD F8 an app in a frame of the same site opens, or says how it can be opened', async t => {
  const app = await echoApp(t, (request, response) => {
    const [, kind, src] = /^\/(iframe|frameset)\?(.*)$/.exec(request.url ?? '') ?? []
    const frame =
      kind === 'frameset' ? `<frameset cols="*"><frame src="${src}"></frameset>` : `<iframe src="${src}"></iframe>`
    response.setHeader('content-type', 'text/html')
    response.end(
      `<!doctype html><link rel="icon" href="data:,">${src === undefined ? `<h1>app ${request.url}</h1>` : frame}`
    )
  })
  // Below the portal's host, since Chromium takes each name under localhost for a site of its own.
  const gate = await startGateway(t, {
    apps: `  - { id: outer, url: "http://outer.gate.localhost:PORT", upstream: "${app.url}", rules: [{ access: public }] }
  - { id: inner, url: "http://inner.gate.localhost:PORT", upstream: "${app.url}" }`
  })
  const browser = await openBrowser(t)
  const { cookies } = await gate.signIn(await gate.account('alice'))
  const inner = gate.origin('inner.gate')
  for (const kind of ['iframe', 'frameset']) {
    const context = await openContext(browser)
    const page = await context.newPage()
    await page.goto(`${gate.origin('outer.gate')}/${kind}?${inner}/x`)
    const frame = page.frames()[1]
    const link = frame?.getByRole('link', { name: 'Go on in the whole window' })
    await link?.waitFor()
    t.equal(await frame?.locator('form, input').count(), 0, `${kind}: no form of ours in a frame`)
    await link?.click()
    await page.getByLabel('User name').waitFor()
    t.match(page.url(), `${gate.portal}/.factorgate/login?rd=`, `${kind}: the whole window asks`)

    const value = cookies.gate?.slice('factorgate='.length) as string
    await context.addCookies([
      { name: `factorgate-${gate.port}`, value, url: gate.portal, httpOnly: true, sameSite: 'Lax' }
    ])
    await page.goto(`${gate.origin('outer.gate')}/${kind}?${inner}/y`)
    await page.frames()[1]?.getByRole('heading', { name: 'app /y' }).waitFor()
    t.equal(page.frames()[1]?.url(), `${inner}/y`, `${kind}: where nothing must be asked, it opens in place`)
    await context.close()
  }
})

t.test('FIELD F8 nobody else frames anything of ours', async t => {
  const gate = await startGateway(t, {
    apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:1" }'
  })
  const framed = {
    accept: 'text/html',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'iframe',
    'sec-fetch-site': 'same-site'
  }
  const ask = (path: string, more = {}) =>
    gate.request('GET', `${gate.portal}/.factorgate/${path}`, { ...framed, ...more })
  const page = await ask('login?rd=%22%3E%3Cform%3E')
  t.match(page.headers['content-security-policy'], `frame-ancestors ${gate.portal} ${gate.origin('one')}`)
  t.equal(page.headers['x-frame-options'], undefined)
  t.notMatch(page.body, /<form|<input|csrf/i)
  for (const [path, more] of [
    ['login', { 'sec-fetch-site': 'cross-site' }],
    ['login', { 'sec-fetch-site': 'none' }],
    ['login', { 'sec-fetch-site': 'same-origin' }],
    ['login', { 'sec-fetch-dest': 'object' }],
    ['login', { 'sec-fetch-dest': 'embed' }],
    ['login', { 'sec-fetch-mode': 'cors' }],
    ['account', {}],
    ['enrol', {}],
    ['logout', {}],
    ['', {}]
  ] as const) {
    const answer = await ask(path, more)
    t.equal(answer.status, 403, `${path} ${JSON.stringify(more)}`)
    t.equal(answer.headers['x-frame-options'], 'DENY')
  }
})
