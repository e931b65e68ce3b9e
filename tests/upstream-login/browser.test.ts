/** A person with a real browser at an app that knows only HTTP Basic: one form, then the app, and never the browser's own dialog. */
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

t.test('a login is entered once, and entered anew when the app refuses it', async t => {
  let password = 'grün:1'
  const tries: string[] = []
  const app = await echoApp(t, (request, response) => {
    const { authorization = '' } = request.headers
    if (authorization !== basic('ada.l', password)) {
      tries.push(authorization)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="Scheduler"' }).end('no')
    }
    if (request.url === '/jobs') return void response.end('3 jobs')
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(`<!doctype html><title>Scheduler</title><link rel="icon" href="data:,"><h1>Queue ${request.url}</h1><p id="jobs"></p>
<button onclick="fetch('/jobs').then(async answer => { jobs.textContent = answer.status + ' ' + await answer.text() })">Look</button>`)
  })
  const gate = await startGateway(t, {
    apps: `  - { id: scheduler, title: Cluster scheduler, url: "http://scheduler.localhost:PORT", upstream: "${app.url}", upstreamLogin: { kind: basic, per: person } }`
  })
  const { cookies } = await gate.signIn(await gate.account('ada'), 'scheduler')
  const context = await openContext(await openBrowser(t))
  t.teardown(() => context.close())
  const cookieFor = (host: 'gate' | 'scheduler') => {
    const [name = '', value = ''] = (cookies[host] as string).split('=')
    return { name, value, domain: `${host}.localhost`, path: '/', httpOnly: true, sameSite: 'Lax' as const }
  }
  await context.addCookies([cookieFor('gate'), cookieFor('scheduler')])
  const page = await context.newPage()
  const demands: string[] = []
  page.on('response', response => {
    if (response.headers()['www-authenticate'] !== undefined) demands.push(response.url())
  })

  const goal = `${gate.origin('scheduler')}/queue?of=ada`
  await page.goto(goal)
  await page.getByRole('heading', { name: 'Your login at Cluster scheduler' }).waitFor()
  t.equal(app.seen.length, 0, 'the app has got nothing')
  await page.getByLabel('User name at Cluster scheduler').fill('ada.l')
  await page.getByLabel('Password at Cluster scheduler').fill(password)
  await page.getByRole('button', { name: 'Store' }).click()
  await page.getByRole('heading', { name: 'Queue /queue?of=ada' }).waitFor()
  t.equal(page.url(), goal, 'where the person was going')
  await page.getByRole('button', { name: 'Look' }).click()
  await page.getByText('200 3 jobs').waitFor()

  password = 'blau:2'
  await page.getByRole('button', { name: 'Look' }).click()
  await page.getByText('403 {"error":{"code":"upstream_login_refused"').waitFor()
  await page.reload()
  await page.getByText('did not accept the user name and password that you stored').waitFor()
  await page.goBack()
  await page.goto(goal)
  await page.getByText('did not accept').waitFor()
  t.equal(tries.length, 1, 'however often the person tries')
  await page.getByLabel('User name at Cluster scheduler').fill('ada:l')
  await page.getByRole('button', { name: 'Store' }).click()
  await page.getByText('without a colon').waitFor()
  await page.getByLabel('User name at Cluster scheduler').fill('ada.l')
  await page.getByLabel('Password at Cluster scheduler').fill(password)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Queue /queue?of=ada' }).waitFor()

  await page.goto(`${gate.portal}/.factorgate/account`)
  await page.getByRole('link', { name: 'Your logins at apps' }).click()
  t.notMatch(await page.content(), /ada\.l|blau/, 'what is stored is shown nowhere')
  await page.getByRole('button', { name: 'Remove Cluster scheduler' }).click()
  await page.getByText('Your login for Cluster scheduler is removed.').waitFor()
  await page.goto(goal)
  await page.getByRole('heading', { name: 'Your login at Cluster scheduler' }).waitFor()
  t.equal(await page.getByText('did not accept').count(), 0)
  t.same(demands, [], 'no answer could open a dialog of the browser')
  t.equal(tries.length, 1)
})
