/** FIELD F6: cookies know no port. Two gates on one machine, and one gate with several ports, in a real Chromium. */
import net from 'node:net'
import type { BrowserContext } from 'playwright-core'
import t, { type Test } from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { echoApp, type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { freePort } from '../fixtures/process/free-port.ts'

/** Another port of this machine that leads to the gate, as a proxy in front would. */
async function relay(t: Test, port: number, to: () => number): Promise<void> {
  const open = new Set<net.Socket>()
  const server = net.createServer(socket => {
    const there = net.connect(to(), '127.0.0.1')
    for (const one of [socket, there]) open.add(one.on('error', () => {}))
    socket.pipe(there).pipe(socket)
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
}

/** Signed in at the portal of this gate; the apps' hosts get their cookies by the hand-over. */
async function signIn(context: BrowserContext, gate: Running): Promise<void> {
  const { cookies } = await gate.signIn(await gate.account('alice'))
  const value = cookies.gate?.slice('factorgate='.length) as string
  await context.addCookies([
    { name: `factorgate-${gate.port}`, value, url: gate.portal, httpOnly: true, sameSite: 'Lax' }
  ])
}

t.test('FIELD F6 gates and ports of one machine leave each other signed in', async t => {
  const app = await echoApp(t)
  const second = await freePort()
  const apps = `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}" }\n`
  const first = await startGateway(t, {
    apps: `${apps}  - { id: two, url: "http://gate.localhost:${second}", upstream: "${app.url}" }`
  })
  await relay(t, second, () => first.port)
  const other = await startGateway(t, { apps })
  const browser = await openBrowser(t)
  const context = await openContext(browser)
  const page = await context.newPage()
  await signIn(context, first)
  await signIn(context, other)
  const places = [first.origin('one'), `http://gate.localhost:${second}`, other.origin('one')]
  const seen = async (url: string) => {
    await page.goto(url)
    t.equal(page.url(), url)
    const { headers } = JSON.parse(String(await page.locator('body').textContent()))
    t.equal(headers['remote-user'], 'alice', url)
    t.notMatch(headers.cookie ?? '', /factorgate/i, 'of no gate and no port does an app have a cookie')
  }
  for (const place of [...places, ...places]) await seen(`${place}/x`)
  const names = (await context.cookies()).map(({ name }) => name)
  for (const port of [first.port, second, other.port]) t.ok(names.includes(`factorgate-${port}`), `port ${port}`)
  t.notOk(names.includes('factorgate'))

  await page.goto(`${first.portal}/.factorgate/`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(/\/signed-out$/)
  await page.goto(`${places[1]}/x`)
  t.match(page.url(), `${first.portal}/.factorgate/login`, 'signed out at every port of its own gate')
  await seen(`${places[2]}/x`)
  await page.goto(`${other.portal}/.factorgate/`)
  t.equal(page.url(), `${other.portal}/.factorgate/`, 'and still in at the other')
})

t.test('FIELD F6 on https too; what was set before ports stood in the names still opens', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    extra: 'trustedProxies: ["127.0.0.1"]',
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}" }
  - { id: safe, url: "https://safe.lab.example:9443", upstream: "${app.url}" }
  - { id: usual, url: "https://usual.lab.example", upstream: "${app.url}" }`
  })
  for (const [host, name] of [
    ['safe.lab.example:9443', '__Host-factorgate-nonce-9443'],
    ['usual.lab.example', '__Host-factorgate-nonce'],
    [`one.localhost:${gate.port}`, `factorgate-nonce-${gate.port}`]
  ] as const) {
    const answer = await gate.request('GET', `${gate.origin('one')}/`, {
      host,
      accept: 'text/html',
      'sec-fetch-mode': 'navigate'
    })
    t.equal(answer.status, 302)
    t.match(answer.headers['set-cookie'], [new RegExp(`^${name}=`)], host)
  }
  const { cookies } = await gate.signIn(await gate.account('alice'), 'one')
  const own = cookies.one?.replace('=', `-${gate.port}=`)
  const status = async (cookie: string) => (await gate.request('GET', `${gate.origin('one')}/`, { cookie })).status
  t.equal(await status(own as string), 200)
  t.equal(await status(cookies.one as string), 200, 'without the port, from before')
  t.equal(await status(`factorgate=another-gates; ${own}`), 200, 'beside another gate’s')
  t.equal(await status(`${own}; ${own}`), 401, 'two of ours: nobody')
  t.equal(await status(`factorgate-1=${own?.split('=')[1]}`), 401, 'under another port')
  t.notMatch(JSON.stringify(app.seen.map(({ headers }) => headers.cookie ?? '')), /factorgate/)
})
