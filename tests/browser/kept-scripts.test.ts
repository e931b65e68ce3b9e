/** FIELD F17 in a real Chromium: what a script saves, and what a form in a frame sends, is not lost when the session has ended. */
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { typeCode, typePassword } from '../fixtures/browser/lab.ts'
import { echoApp } from '../fixtures/in-process/gateway.ts'
import { openSignInGate } from '../fixtures/in-process/signing-in.ts'

const pages: Readonly<Record<string, string>> = {
  '/notes': `<textarea>three pages</textarea><button>Save</button><p></p><script>
    document.querySelector('button').onclick = async () => {
      const answer = await fetch('/api/notes/7', {
        method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ text: document.querySelector('textarea').value })
      })
      document.querySelector('p').textContent = answer.ok ? 'saved' : 'not saved'
    }</script>`,
  '/outside': '<h1>Outside</h1><iframe src="/inside"></iframe>',
  '/draft':
    '<h1>Draft</h1><form method="post" action="/save" target="quiet"><input name="text" value="in a hidden frame"><button>Save</button></form><iframe name="quiet" hidden></iframe>',
  '/inside': '<form method="post" action="/save"><input name="text" value="in a frame"><button>Save</button></form>'
}
const got: string[] = []
const app = await echoApp(t, (request, response) => {
  const parts: Buffer[] = []
  request
    .on('data', part => parts.push(part))
    .on('end', () => {
      const { method, url = '' } = request
      if (method !== 'GET') got.push(`${method} ${url} ${request.headers['content-type']} ${Buffer.concat(parts)}`)
      response.setHeader('content-type', 'text/html')
      response.end(`<!doctype html><link rel="icon" href="data:,">${pages[url] ?? `<h1>${method} ${url}</h1>`}`)
    })
})
const fixture = await openSignInGate(
  t,
  `  - { id: own, title: Notebooks, url: "http://own.localhost:PORT", upstream: "${app.url}" }\n`
)
const { gate, runtime, time } = fixture
const own = gate.origin('own')

t.test('FIELD F17: the work of a script, and of a frame', async t => {
  const who = await fixture.withPassword(['totp'])
  const context = await openContext(await openBrowser(t), {})
  type Page = Awaited<ReturnType<typeof context.newPage>>
  const page = await context.newPage()
  const signIn = async (tab: Page) => {
    await typePassword(tab, who.account.name)
    await typeCode({ time }, tab, who.secret)
  }
  await page.goto(`${own}/notes`)
  await signIn(page)
  await page.waitForURL(`${own}/notes`)
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  await page.fill('textarea', 'four pages')
  await page.click('button')
  await page.waitForFunction(`document.querySelector('p').textContent === 'not saved'`)
  t.same(got, [], 'the script hears that it was not saved')

  await page.reload()
  await signIn(page)
  await page.waitForURL(/\/kept\//)
  t.match(
    await page.textContent('main'),
    /tried to send this.*PUT .*\/api\/notes\/7.*four pages/s,
    'whoever loads the page again is asked'
  )
  await page.click('form[data-kept] button')
  await page.waitForSelector('[role=status]')
  t.same(got, ['PUT /api/notes/7 application/json {"text":"four pages"}'], 'once, as it was')
  await page.click('main a')
  await page.waitForURL(`${own}/notes`)
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  await page.reload()
  await signIn(page)
  await page.waitForURL(`${own}/notes`)
  t.equal(got.length, 1, 'nothing waits any more')

  await page.goto(`${own}/outside`)
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  const frame = page.frameLocator('iframe')
  await frame.locator('button').click()
  await frame.locator('h1', { hasText: 'The gate kept what you sent' }).waitFor()
  t.equal(got.length, 1)
  const opened = context.waitForEvent('page')
  await frame.locator('a.button').click()
  const tab = await opened
  await tab.waitForURL(/login/)
  await signIn(tab)
  await tab.waitForURL(`${own}/save`)
  t.equal(got[1], 'POST /save application/x-www-form-urlencoded text=in+a+frame')
  t.equal(page.url(), `${own}/outside`, 'the page around the frame is still there')

  await tab.close()
  await page.goto(`${own}/draft`)
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  const hidden = page.waitForResponse(/\/kept\//)
  await page.click('button')
  await hidden
  t.equal(got.length, 2)
  await page.reload()
  await signIn(page)
  await page.waitForURL(/\/kept\//)
  t.match(
    await page.textContent('main'),
    /tried to send this.*in a hidden frame/s,
    'nobody has seen the frame: who opens the app again is asked'
  )
  await runtime.sessions.endAccount(who.account.id, 'revoked')
  await page.click('form[data-kept] button')
  await page.waitForURL(/login/)
  t.equal(got.length, 2, 'what was not sent goes on waiting')
  await signIn(page)
  await page.waitForURL(/\/kept\//)
  await page.click('form[data-kept] button')
  await page.waitForSelector('[role=status]')
  t.equal(got[2], 'POST /save application/x-www-form-urlencoded text=in+a+hidden+frame')
  await page.click('main a')
  await page.waitForURL(`${own}/draft`)
  t.equal(got.length, 3)
})
