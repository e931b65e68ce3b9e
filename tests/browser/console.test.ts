/** The console's pages in a real Chromium: axe, light and dark, phone and desktop, keyboard, live without a reload, and without scripts. */
import t from 'tap'
import { allRules, colourRules, Reader } from '../fixtures/browser/axe.ts'
import { openBrowser } from '../fixtures/browser/browser.ts'
import { openBusyDesk } from '../fixtures/browser/desk.ts'

t.test('the console in a browser', async t => {
  const desk = await openBusyDesk(t)
  const browser = await openBrowser(t)

  t.test('axe finds nothing, and nothing scrolls sideways', async t => {
    const phone = { width: 360, height: 800 }
    const context = await desk.browse(browser, { bypassCSP: true, viewport: phone })
    const page = await context.newPage()
    await page.goto(`${desk.admin}/`)
    const pages = await desk.content()
    for (const [colorScheme, viewport, rules] of [
      ['light', phone, allRules],
      // Only the colours are others in the dark.
      ['dark', { width: 1280, height: 800 }, colourRules]
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(viewport)
      const { found, count, widths } = await new Reader(rules).read(page, pages)
      t.same(found, {}, colorScheme)
      t.ok(count > pages.size / 2, `${count} of ${pages.size} pages have something of their own`)
      for (const [name, width] of widths) t.ok(width <= viewport.width, `${name}, ${colorScheme}, is ${width} px wide`)
    }
    await context.close()
  })

  t.test('links of a table that lead to different places have different names (WCAG 2.4.4)', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    let count = 0
    for (const [name, path] of desk.pages) {
      await page.goto(desk.admin + path)
      const links = await page.evaluate<[string, string][]>(
        "[...document.querySelectorAll('main td a')].map(link => [link.ariaLabel ?? link.textContent, link.href])"
      )
      count += links.length
      const places = new Map<string, string>()
      for (const [word, href] of links) {
        t.ok(places.get(word) === undefined || places.get(word) === href, `${name}: ${word}`)
        places.set(word, href)
      }
    }
    t.ok(count > 20, `${count} links`)
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

  t.test('after a mistake the focus is at the sentence, and Tab leads to the first field', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    await page.goto(`${desk.admin}/add`)
    await page.getByLabel('User name').fill('a b')
    await page.getByLabel('Send the invitation by mail').uncheck()
    await page.getByLabel('Reason').fill('new here')
    await page.keyboard.press('Enter')
    await page.locator('#problem:focus').waitFor()
    t.equal(await page.getByRole('alert').getAttribute('id'), 'problem')
    await page.keyboard.press('Tab')
    t.equal(await page.evaluate('document.activeElement.name'), 'name')
    await context.close()
  })

  t.test('that a form came too late is said once', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    const said = page.getByRole('alert').filter({ hasText: 'so nothing was done' })
    const { keyring } = desk.gate.server.runtime
    for (const path of ['/waits/end?kind=address&key=198.51.100.4', '/add']) {
      await page.goto(desk.admin + path)
      const [{ value = '' } = {}] = (await context.cookies()).filter(({ name }) => name.includes('nonce'))
      const mark = keyring.mac('undone', `${value} ${new URL(desk.admin).pathname}${path}`)
      await page.goto(`${desk.admin}${path}${path.includes('?') ? '&' : '?'}undone=${mark}`)
      await page.locator('#problem:focus').waitFor()
      t.equal(await said.count(), 1, path)
      t.equal(page.url(), desk.admin + path)
      await page.reload()
      t.equal(await said.count(), 0, `${path}, after a reload`)
    }
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

  t.test('a page that follows can be held still, and says when it no longer follows', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    const { accounts } = desk.gate.server.runtime
    const { account } = await desk.person('oscar', { groups: ['operators'] })
    for (const path of ['/', '/watch']) {
      await page.goto(desk.admin + path)
      const follows = page.getByLabel('Follow what happens')
      const stopped = page.getByRole('alert').filter({ hasText: 'does not follow what happens at the moment' })
      t.equal(await follows.isChecked(), true)
      const closed = page.waitForEvent('requestfailed', request => request.url().endsWith('events'))
      await follows.press('Space')
      await closed
      t.equal(await stopped.count(), 0, `${path}: who has stopped it knows`)
      const opened = page.waitForResponse(response => response.url().endsWith('events'))
      await follows.press('Space')
      await opened
      await accounts.update(account.id, { groups: [] })
      desk.time.advance(20)
      await stopped.waitFor()
      await accounts.update(account.id, { groups: ['operators'] })
      await stopped.getByRole('link', { name: 'Look again' }).click()
      await follows.waitFor()
      t.equal(await stopped.count(), 0, path)
    }
    await context.close()
  })

  t.test('long names and hundreds of groups widen nothing', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    const { accounts } = desk.gate.server.runtime
    const groups = Array.from({ length: 200 }, (_, at) => `${'institute'.repeat(3)}${at}`)
    await accounts.create({ name: 'l'.repeat(64), displayName: 'L'.repeat(128), groups })
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 800 })
      await page.goto(`${desk.admin}/people?q=institute199`)
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), width)
      const row = page.getByRole('row').filter({ hasText: 'LLL' })
      t.match(await row.textContent(), /instituteinstituteinstitute199, instituteinstituteinstitute0, .* and 194 more/)
      t.ok(((await row.boundingBox())?.height ?? 0) < 700)
    }
    await context.close()
  })

  t.test('a short name stays on its line where there is room', async t => {
    const context = await desk.browse(browser)
    const page = await context.newPage()
    await page.setViewportSize({ width: 900, height: 800 })
    let count = 0
    for (const path of ['/', '/people', '/watch', '/waits']) {
      await page.goto(desk.admin + path)
      const lines = await page.evaluate<[string, number][]>(
        `[...document.querySelectorAll('td a bdi, td a:has(bdi) + small')]
          .filter(one => one.textContent.length < 14)
          .map(one => {
            const range = document.createRange()
            range.selectNodeContents(one)
            return [one.textContent, new Set([...range.getClientRects()].map(({ top }) => top)).size]
          })`
      )
      count += lines.length
      t.same(
        lines.filter(([, n]) => n > 1),
        [],
        path
      )
    }
    t.ok(count > 15, `${count} names`)
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
