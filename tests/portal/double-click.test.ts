/** A double click that begins on a page of another site and ends on one of the gate's, in a real Chromium. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { typeCode, typePassword } from '../fixtures/browser/lab.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'
import { openSignInGate } from '../fixtures/in-process/signing-in.ts'

const launched: string[] = []
const app = await echoApp(t, (request, response) => {
  if (request.method === 'POST') launched.push(String(request.url))
  response.setHeader('content-type', 'text/html')
  response.end('<!doctype html><title>app</title><link rel="icon" href="data:,">')
})
const fixture = await openSignInGate(
  t,
  `  - { id: own, title: Notebooks, url: "http://own.localhost:PORT", upstream: "${app.url}" }\n`
)
const { gate, runtime, time } = fixture
const own = gate.origin('own')
const who = await fixture.withPassword(['totp', 'webauthn', 'recovery'])
const passkey = async () => (await runtime.credentials.list(who.account.id)).find(({ kind }) => kind === 'webauthn')
const removal = `${gate.portal}/.factorgate/account/factors/${(await passkey())?.id}/remove`

const other = http.createServer((_, response) => {
  response.setHeader('content-type', 'text/html')
  response.setHeader('referrer-policy', 'no-referrer')
  response.end(
    `<!doctype html><a href="${removal}">cat</a><form method="post" action="${own}/launch"><input name="n" value="7"><button>dog</button></form>`
  )
})
await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
t.teardown(() => other.close())
const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`

/** As a hand presses: at once, whatever the button says of itself. */
async function press(page: Page, button: Locator): Promise<void> {
  const box = await button.boundingBox()
  if (box === null) throw new Error('no button to press')
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
}

t.test('R24 CWE-1021 · the second click of a double click of another site → presses nothing', async t => {
  const context = await openContext(await openBrowser(t), {})
  // Time passes on the pages when the test says so.
  await context.clock.install()
  const page = await context.newPage()
  const posts: string[] = []
  page.on('request', request => request.method() === 'POST' && posts.push(new URL(request.url()).pathname))
  await page.goto(`${own}/`)
  await typePassword(page, who.account.name)
  await typeCode({ time }, page, who.secret)
  await page.waitForURL(`${own}/`)
  posts.length = 0
  const held = () => page.locator('main button[aria-disabled=true]').count()

  await page.goto(elsewhere)
  await page.getByText('cat').click()
  await page.waitForURL(removal)
  const remove = page.locator('main form button')
  t.equal(await held(), 1, 'the button says that it waits')
  await press(page, remove)
  t.same(posts, [], 'the removal of a passkey, right after the page has come')

  for (const event of ['focus', 'visibilitychange']) {
    await page.clock.runFor(1000)
    t.equal(await held(), 0)
    const target = event === 'focus' ? 'window' : 'document'
    await page.evaluate(`${target}.dispatchEvent(new Event('${event}'))`)
    t.equal(await held(), 1)
    await press(page, remove)
    t.same(posts, [], `when it comes to the front: ${event}`)
  }

  await page.goto(`${gate.portal}/.factorgate/account`)
  await page.clock.runFor(1000)
  await page.locator(`a[href="${new URL(removal).pathname}"]`).click()
  await page.waitForURL(removal)
  t.equal(await held(), 0, 'between pages of the gate nobody waits')

  await page.goto(elsewhere)
  await page.getByText('cat').click()
  await page.waitForURL(removal)
  await remove.focus()
  await page.keyboard.press('Enter')
  await page.waitForURL(url => url.pathname.endsWith('/account'))
  t.equal(await passkey(), undefined, 'keys press at once')

  await page.goto(elsewhere)
  await page.getByText('dog').click()
  await page.waitForURL(/kept/)
  await press(page, page.locator('form[data-kept] button'))
  t.equal(await held(), 2, 'the form of another site waits too, and what drops it')
  t.same(launched, [])
  await page.clock.runFor(1000)
  await press(page, page.locator('form[data-kept] button'))
  await page.waitForURL(`${own}/launch`)
  t.same(launched, ['/launch'], 'after that people press as ever')
})

t.test('a form with fields to fill in never waits, also where a password manager fills them in', async t => {
  const context = await openContext(await openBrowser(t), {})
  await context.clock.install()
  const page = await context.newPage()
  await page.goto(`${gate.portal}/.factorgate/login`)
  await page.getByLabel('User name').fill(who.account.name)
  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await page.evaluate("window.dispatchEvent(new Event('focus'))")
  await press(page, page.getByRole('button', { name: 'Continue' }))
  await page.locator('[role=alert]').waitFor()
})
