/** The console's pages in a real Chromium: axe, light and dark, phone and desktop, keyboard, live without a reload, and without scripts. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
import { openBrowser } from '../fixtures/browser/browser.ts'
import { openBusyDesk } from '../fixtures/browser/desk.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface AxeResult {
  violations: { id: string; nodes: { html: string }[] }[]
}

t.test('the console in a browser', async t => {
  const desk = await openBusyDesk(t)
  const browser = await openBrowser(t)

  for (const [colorScheme, width] of [
    ['light', 360],
    ['dark', 1280]
  ] as const)
    t.test(`axe finds nothing, and nothing scrolls sideways: ${colorScheme}, ${width} px`, async t => {
      const context = await desk.browse(browser, { colorScheme, bypassCSP: true, viewport: { width, height: 800 } })
      const page = await context.newPage()
      // Only the colours are others in the dark.
      const values =
        colorScheme === 'light'
          ? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice', 'cat.color']
          : ['cat.color']
      const options = JSON.stringify({ runOnly: { type: 'tag', values }, resultTypes: ['violations'] })
      for (const [name, path] of desk.pages) {
        await page.goto(desk.admin + path)
        for (const one of await page.locator('details').all()) await one.evaluate('one => (one.open = true)')
        await page.evaluate(axe)
        const { violations } = await page.evaluate<AxeResult>(`axe.run(${options})`)
        const found = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' ')}`
        )
        t.same(found, [], name)
        t.ok(
          ((await page.evaluate('document.documentElement.scrollWidth')) as number) <= width,
          `${name} is narrow enough`
        )
      }
      await context.close()
    })

  t.test('the policy stops nothing of ours', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', message => void (message.type() === 'error' && complaints.push(message.text())))
    page.on('pageerror', error => void complaints.push(error.message))
    for (const [, path] of desk.pages) await page.goto(desk.admin + path)
    t.same(complaints, [])
    await context.close()
  })

  t.test('by keyboard alone: search, open a person, suspend with a reason, undo', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    await page.goto(`${desk.admin}/people`)
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement.textContent.trim()'), 'Skip to the content')
    await page.getByLabel('Name, address or group').focus()
    await page.keyboard.type('grace')
    await page.keyboard.press('Enter')
    await page.getByText('One person.').waitFor()
    await page.getByRole('link', { name: 'Grace Hopper' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Suspend' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Reason').focus()
    await page.keyboard.type('left the lab')
    await page.keyboard.press('Enter')
    await page.getByText('Grace Hopper is suspended; 1 session ended.').waitFor()
    await page.getByRole('link', { name: 'Undo' }).click()
    await page.getByLabel('Reason').fill('was a mistake')
    await page.getByRole('button', { name: 'Let in again' }).click()
    t.ok(await page.getByText('Grace Hopper can sign in again.').isVisible())
    await context.close()
  })

  t.test('a list is read from a file, and the invitations are saved', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    await page.goto(`${desk.admin}/bulk`)
    await page.getByLabel('Or choose a CSV file').setInputFiles({
      name: 'people.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('name,display\nlise,Lise Meitner\n')
    })
    await page.getByRole('button', { name: 'Look at the list' }).click()
    await page.getByText('‘lise’ has no address').waitFor()
    await page.getByLabel('Send the invitation by mail').uncheck()
    await page.getByRole('button', { name: 'Look at the list' }).click()
    await page.getByText('One person will be added').waitFor()
    await page.getByLabel('Reason').fill('roll-out')
    await page.getByRole('button', { name: 'Add one person' }).click()
    const saved = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Save the invitations as CSV' }).click()
    t.equal((await saved).suggestedFilename(), 'invitations.csv')
    await context.close()
  })

  t.test('a request is approved by keyboard, with a reason', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    await page.goto(`${desk.admin}/`)
    await page.getByRole('link', { name: 'See who asks' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('link', { name: 'Approve the request of Lea Meyer' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Reason').focus()
    await page.keyboard.type('spoke to her')
    await page.keyboard.press('Enter')
    await page.getByText('The request of Lea Meyer is approved.').waitFor()
    t.equal(await page.getByRole('link', { name: 'Approve the request of Lea Meyer' }).count(), 0)
    await context.close()
  })

  t.test('whoever signs in appears without a reload', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    await page.goto(`${desk.admin}/`)
    t.equal(await page.getByText('Newly come').count(), 0)
    const { account } = await desk.person('newly')
    await desk.gate.server.runtime.accounts.update(account.id, { displayName: 'Newly come' })
    desk.time.advance(6)
    await page.getByText('Newly come').waitFor()
    t.pass('it is there')
    await context.close()
  })

  t.test('without scripts everything is there', async t => {
    const context = await desk.browse(browser, { javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${desk.admin}/`)
    await page.getByRole('link', { name: 'Look again' }).click()
    await page.getByRole('link', { name: 'Numbers' }).click()
    await page.locator('summary').click()
    t.ok(await page.getByRole('columnheader', { name: 'Time (UTC)' }).isVisible())
    await page.goto(`${desk.admin}/bulk`)
    t.equal(await page.getByLabel('Or choose a CSV file').isVisible(), false)
    await context.close()
  })
})
