/** FIELD F8: an app inside a frame of another app's page, in a real Chromium. */
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'

const chromium = openBrowser(t)

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
  const browser = await chromium
  const { cookies } = await gate.signIn(await gate.account('alice'))
  const inner = gate.origin('inner.gate')
  for (const kind of ['iframe', 'frameset']) {
    const context = await openContext(browser)
    const page = await context.newPage()
    await page.goto(`${gate.origin('outer.gate')}/${kind}?${inner}/x`)
    const frame = page.frames()[1]
    const link = frame?.getByRole('link', { name: 'Continue in the whole window' })
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

/**
 * Which page has the frame (an app, one on the portal's own host, a page of the lab that is no app, a frame in a frame), who looks, what the frame opens and
 * says, its link into the whole window, and what is there.
 */
type Framed = readonly [
  outer: 'app' | 'own host' | 'no app' | 'nested',
  who: 'nobody' | 'alice',
  src: string,
  says: RegExp,
  link: string,
  after?: RegExp
]

t.test('FIELD F8 what is refused in a frame says so in the frame, and leads out of it', async t => {
  const app = await echoApp(t, (request, response) => {
    const [, kind, src] = /\/(iframe|sandbox|post)\?(.*)$/.exec(request.url ?? '') ?? []
    const sandbox = kind === 'sandbox' ? ' sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' : ''
    const frame =
      kind === 'post'
        ? `<iframe name="inside"></iframe><form method="post" action="${src}" target="inside"><button>Send</button></form>`
        : `<iframe${sandbox} width="360" height="420" src="${src}"></iframe>`
    response.setHeader('content-type', 'text/html')
    response.end(
      `<!doctype html><link rel="icon" href="data:,">${src === undefined ? `<h1>app ${request.url}</h1>` : frame}`
    )
  })
  const gate = await startGateway(t, {
    apps: `  - { id: outer, url: "http://outer.gate.localhost:PORT", upstream: "${app.url}", rules: [{ access: public }] }
  - { id: own, title: Tools, url: "http://gate.localhost:PORT/tools", upstream: "${app.url}", rules: [{ path: /iframe, access: public }, { path: /closed, access: deny }, { access: mfa }] }
  - id: inner
    title: "Data & <Plots>"
    url: "http://inner.gate.localhost:PORT"
    upstream: "${app.url}"
    rules: [{ path: /iframe, access: public }, { path: /admin/**, groups: [operators], access: mfa }, { path: /admin/**, access: deny }, { path: /keys, access: mfa, factors: [webauthn] }, { access: mfa }]
  - { id: down, title: Spectra, url: "http://down.gate.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ access: public }] }
  - { id: away, title: Archive, url: "http://away.gate.localhost:PORT", upstream: "${app.url}", rules: [{ access: public }], maintenance: { message: "The archive moves house." } }
  - { id: part, url: "http://part.gate.localhost:PORT/part", upstream: "${app.url}" }`
  })
  const browser = await chromium
  const { cookies } = await gate.signIn(await gate.account('alice'), 'inner.gate')
  const at = (name: string, path: string) => gate.origin(name) + path
  const outers = {
    app: at('outer.gate', '/iframe?'),
    'own host': `${gate.portal}/tools/iframe?`,
    'no app': `${app.url.replace('127.0.0.1', 'www.gate.localhost')}/iframe?`,
    nested: `${at('outer.gate', '/iframe?')}${at('inner.gate', '/iframe?')}`
  }
  const whole = 'Open it in the whole window'
  const goOn = 'Continue in the whole window'
  const table: readonly Framed[] = [
    ['app', 'nobody', at('down.gate', '/x'), /Spectra is not answering/, whole, /Spectra is not answering/],
    ['no app', 'nobody', at('down.gate', '/x'), /The problem is in the app/, whole],
    ['nested', 'alice', at('inner.gate', '/admin/x'), /Data & <Plots> does not let.*help@lab.example/s, whole],
    ['app', 'alice', at('inner.gate', '/keys'), /Confirm it is you to see this part/, goOn, /no second factor yet/],
    ['own host', 'nobody', '/tools/x', /Sign in to see this part/, goOn, /Sign in.*to Tools/s],
    ['own host', 'alice', '/.factorgate/account', /This page opens in the whole window/, goOn]
  ]
  const plain = await openContext(browser)
  const alices = await openContext(browser)
  await alices.addCookies(
    (['gate', 'inner.gate'] as const).map(name => ({
      name: `factorgate-${gate.port}`,
      value: cookies[name]?.slice('factorgate='.length) as string,
      url: gate.origin(name),
      httpOnly: true,
      sameSite: 'Lax' as const
    }))
  )
  const pages = { nobody: await plain.newPage(), alice: await alices.newPage() }
  for (const [outer, who, src, says, link, after] of table) {
    const page = pages[who]
    const what = `${src.replace(/:\d+/, '')} in ${outer} for ${who}`
    await page.goto(outers[outer] + src)
    const frame = page.frames().at(-1)
    await frame?.getByRole('heading').waitFor()
    t.match(await frame?.locator('body').textContent(), says, what)
    t.equal(await frame?.locator('form, input, script, button').count(), 0, `${what}: nothing but words and links`)
    const way = frame?.getByRole('link', { name: link })
    t.equal(await way?.getAttribute('target'), '_top')
    if (after === undefined) continue
    await way?.click()
    await page.waitForURL(url => !url.pathname.endsWith('/iframe'))
    t.match(await page.locator('body').textContent(), after, `${what}: the whole window goes on`)
  }

  const page = pages.nobody
  await page.goto(at('outer.gate', `/post?${at('inner.gate', '/save')}`))
  await page.getByRole('button', { name: 'Send' }).click()
  const frame = page.frames()[1]
  await frame?.getByRole('heading', { name: 'did not get what you sent' }).waitFor()
  const [tab] = await Promise.all([
    page.waitForEvent('popup'),
    frame?.getByRole('link', { name: 'Sign in, in a new tab' }).click()
  ])
  await tab.getByLabel('User name').waitFor()

  await page.goto(at('outer.gate', `/sandbox?${at('inner.gate', '/x')}`))
  const [other] = await Promise.all([
    page.waitForEvent('popup'),
    page.frames()[1]?.getByRole('link', { name: 'in a new tab' }).click()
  ])
  await other.getByLabel('User name').waitFor()
  t.pass('a frame that may not change the window leads into a new tab')
})

t.test('FIELD F8 each refusal that a frame can meet is a page with a way out', async t => {
  const gate = await startGateway(t, {
    apps: `  - { id: own, title: Tools, url: "http://gate.localhost:PORT/tools", upstream: "http://127.0.0.1:1", rules: [{ access: deny }] }
  - { id: down, title: Spectra, url: "http://down.gate.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ access: public }] }
  - { id: away, title: Archive, url: "http://away.gate.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ access: public }], maintenance: { message: "The archive moves house." } }
  - { id: part, url: "http://part.gate.localhost:PORT/part", upstream: "http://127.0.0.1:1" }`
  })
  const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
  const at = (name: string, path: string) => gate.origin(name) + path
  const signIn = /you are not signed in/i
  const table: readonly (readonly [url: string, status: number, says: RegExp, method?: string])[] = [
    [at('down.gate', '/x'), 502, /Spectra is not answering.*Try again/s],
    [at('away.gate', '/x'), 503, /The archive moves house/],
    [at('part.gate', '/elsewhere'), 404, /There is no such app here/],
    [at('nowhere.gate', '/'), 421, /does not serve that address/],
    [at('gate', '/tools/x'), 403, /You may not open this/],
    [at('part.gate', '/part/a%2f..%2fb%00'), 400, /read/],
    [at('part.gate', '/part/save'), 401, signIn, 'POST'],
    [at('down.gate', '/.factorgate/nothing'), 404, /no such page/],
    [at('down.gate', '/.factorgate/logout'), 403, /This page opens in the whole window/],
    [at('down.gate', `/.factorgate/kept/${'A'.repeat(22)}`), 403, /The gate kept what you sent/],
    [at('down.gate', '/.factorgate/callback?code=x'), 200, /This part did not open/],
    [at('gate', '/.factorgate/challenge'), 302, /^$/]
  ]
  for (const [url, status, says, method = 'GET'] of table)
    for (const site of ['same-site', 'same-origin']) {
      const headers = { ...navigation, 'sec-fetch-site': site, 'content-type': 'application/x-www-form-urlencoded' }
      // A form with a password is not kept.
      const answer = await gate.request(method, url, headers, method === 'POST' ? 'password=1' : undefined)
      const what = `${method} ${new URL(url).pathname} ${site}`
      if (site === 'same-origin' && /challenge|callback/.test(url)) {
        t.equal(answer.status, 403, what)
        continue
      }
      t.match(String(answer.status), status === 200 ? /^[2345]/ : String(status), what)
      if (status === 302) continue
      t.match(answer.body, says, what)
      t.match(answer.body, /target="_(?:top|blank)"/, `${what}: a way out`)
      t.notMatch(answer.body, /<form|<input|<script|csrf/i, `${what}: nothing to press`)
      t.equal(answer.headers['x-frame-options'], undefined, what)
      t.match(answer.headers['content-security-policy'], /form-action 'none'; frame-ancestors \S+/, what)
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
    ['login', { 'sec-fetch-dest': 'object' }],
    ['login', { 'sec-fetch-dest': 'embed' }],
    ['login', { 'sec-fetch-mode': 'cors' }],
    ['account', { 'sec-fetch-site': 'cross-site' }],
    ['logout', { 'sec-fetch-dest': 'object' }],
    ['', { 'sec-fetch-mode': 'no-cors' }]
  ] as const) {
    const answer = await ask(path, more)
    t.equal(answer.status, 403, `${path} ${JSON.stringify(more)}`)
    t.equal(answer.headers['x-frame-options'], 'DENY')
  }
  // In a frame of the same site they say what they are. None of them is there: no form, no script, no cookie, no token.
  for (const path of ['account', 'enrol', 'logout', '', 'enrol/totp', 'invite/x', 'login', 'nothing'])
    for (const [method, site] of [
      ['GET', 'same-site'],
      ['GET', 'same-origin'],
      ['POST', 'same-origin']
    ] as const) {
      if (path === 'login' && site === 'same-site') continue
      const headers = { ...framed, 'sec-fetch-site': site, 'content-type': 'application/x-www-form-urlencoded' }
      const body = method === 'POST' ? 'csrf=x' : undefined
      const answer = await gate.request(method, `${gate.portal}/.factorgate/${path}`, headers, body)
      t.match(answer.status, path === 'nothing' || method === 'POST' ? /40[34]/ : 403, `${method} ${path} ${site}`)
      t.match(answer.body, /target="_top"/)
      t.notMatch(answer.body, /<form|<input|<script|csrf/i)
      t.match(answer.headers['content-security-policy'], /default-src 'none'.*form-action 'none'.*frame-ancestors http/)
      t.equal(answer.headers['set-cookie'], undefined)
    }
})
