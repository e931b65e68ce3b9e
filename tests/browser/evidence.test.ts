/** The evidence page in a real Chromium, from a file: axe, light and dark, phone and desktop, paper, and nothing from the network. */
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { Journal } from '../../src/audit/journal.ts'
import { terminal } from '../cli/terminal.ts'
import { allRules, colourRules, loadAxe } from '../fixtures/browser/axe.ts'
import { openBrowser } from '../fixtures/browser/browser.ts'

/** A folder with a row in each table, and names that are long or of another script. */
async function pageOf(t: Parameters<typeof terminal>[0]): Promise<string> {
  const factorgate = terminal(t)
  await factorgate.newKey()
  await factorgate.ok('user', 'add', 'ada', '--group', 'researchers')
  const journal = await Journal.open({
    path: path.join(factorgate.folder, 'var/journal.jsonl'),
    clock: factorgate.time.read
  })
  const who = {
    at: factorgate.time.now,
    account: 'a1',
    name: `${'long-name.'.repeat(12)}x`,
    address: '2001:db8:1234:5678:9abc:def0:1234:5678'
  }
  for (const line of [
    { kind: 'login', factor: 'password', outcome: 'accepted' },
    { kind: 'proof', factor: 'webauthn', outcome: 'refused', name: 'أحمد' },
    {
      kind: 'exchange',
      app: 'notebooks',
      method: 'GET',
      path: `/${'deep/'.repeat(60)}`,
      decision: 'refuse',
      reason: 'not_allowed'
    },
    { kind: 'exchange', app: 'notebooks', method: 'GET', decision: 'forward', bytesOut: 1e9 },
    { kind: 'user.change', outcome: 'suspended', why: 'a reason '.repeat(20) },
    { kind: 'enrol', factor: 'totp', outcome: 'enrolled' }
  ] as const)
    await journal.commit({ ...who, ...line })
  await journal.close()
  const folder = path.join(factorgate.folder, 'evidence')
  await factorgate('evidence', folder)
  return pathToFileURL(path.join(folder, 'evidence.html')).href
}

t.test('the evidence page in a browser', async t => {
  const url = await pageOf(t)
  const browser = await openBrowser(t)
  for (const [colorScheme, width, rules] of [
    ['light', 360, allRules],
    // Only the colours are others in the dark.
    ['dark', 1280, colourRules]
  ] as const)
    t.test(`axe finds nothing, and nothing scrolls sideways: ${colorScheme}, ${width} px`, async t => {
      const context = await browser.newContext({ colorScheme, bypassCSP: true, viewport: { width, height: 800 } })
      const page = await context.newPage()
      await page.goto(url)
      t.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= width)
      const violations = await loadAxe(page)
      t.same(await violations(rules), [])
      await context.close()
    })

  t.test('its own policy stops nothing of it, and it asks for nothing', async t => {
    const page = await browser.newPage()
    const complaints: string[] = []
    const asked: string[] = []
    page.on('console', message => void complaints.push(message.text()))
    page.on('request', request => void asked.push(request.url()))
    await page.goto(url)
    t.same(complaints, [])
    t.same(asked, [url])
    t.equal(
      await page.evaluate('getComputedStyle(document.querySelector("h2")).borderTopStyle'),
      'solid',
      'its style holds'
    )
    await page.close()
  })

  t.test('paper is white, also where the screen is dark, and no wider than the page', async t => {
    const page = await browser.newPage({ colorScheme: 'dark', viewport: { width: 690, height: 900 } })
    await page.goto(url)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    t.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)')
    t.equal(await page.evaluate('getComputedStyle(document.querySelector("thead")).display'), 'table-header-group')
    t.ok(((await page.evaluate('document.documentElement.scrollWidth')) as number) <= 690)
    await page.close()
  })
})
