/** The pages on which a person sets up second factors, in a real Chromium. */
import t from 'tap'
import { encode } from 'uqr'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { serveStories } from './story-server.ts'

t.test('in a browser', async t => {
  const origin = await serveStories(t)
  const browser = await openBrowser(t)

  t.test('the QR code is that of the link for phones, module by module', async t => {
    const context = await openContext(browser)
    const page = await context.newPage()
    await page.goto(`${origin}/enrol-totp`)
    const uri = (await page.locator('a[href^="otpauth:"]').getAttribute('href')) as string
    const shown = await page.evaluate(`(async () => {
      const picture = document.querySelector('.qr')
      await picture.decode()
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = picture.naturalWidth
      const context = canvas.getContext('2d')
      context.drawImage(picture, 0, 0)
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
      return [...Array(canvas.width).keys()].map(y => [...Array(canvas.width).keys()].map(x => data[4 * (y * canvas.width + x)] === 0))
    })()`)
    t.same(shown, encode(uri, { ecc: 'M', border: 4 }).data)
    await context.close()
  })

  t.test('the authenticator page fits on one screen of 1280 by 720, with the QR code beside the steps', async t => {
    const context = await openContext(browser, { viewport: { width: 1280, height: 720 } })
    const page = await context.newPage()
    for (const name of ['enrol-totp', 'enrol-totp-wrong', 'de/enrol-totp', 'pl/enrol-totp-wrong', 'ja/enrol-totp']) {
      await page.goto(`${origin}/${name}`)
      const height = await page.evaluate('document.documentElement.scrollHeight')
      t.ok((height as number) <= 720, `${name} is ${height} px high`)
      const [picture, code] = await Promise.all([
        page.locator('.qr').boundingBox(),
        page.locator('#code').boundingBox()
      ])
      t.ok(
        code!.x > picture!.x + picture!.width && code!.y < picture!.y + picture!.height,
        `${name}: beside each other`
      )
    }
    const fields = await page.evaluate(
      `[...document.querySelectorAll('input:not([type=hidden])')].map(one => one.name)`
    )
    t.same(fields, ['code', 'name'], 'the name comes last')
    await context.close()
  })

  t.test('the secret is folded away and in the page, and unfolds without scripts', async t => {
    const context = await openContext(browser, { javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${origin}/enrol-totp`)
    const secret = page.locator('#totp-secret')
    t.equal(await secret.textContent(), 'JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP')
    t.notOk(await secret.isVisible())
    await page.getByText('Cannot scan it?').click()
    t.ok(await secret.isVisible())
    await context.close()
  })

  t.test('each recovery code has one line of its own on a narrow phone', async t => {
    const context = await openContext(browser, { viewport: { width: 320, height: 568 } })
    const page = await context.newPage()
    await page.goto(`${origin}/recovery-codes`)
    t.notOk(await page.getByText('made 12 March 2026').isVisible(), 'the date is for paper')
    const lines = await page.evaluate(`[...document.querySelectorAll('.codes li')].map(({ firstChild }) => {
      const range = document.createRange()
      range.selectNodeContents(firstChild)
      return range.getClientRects().length
    })`)
    t.same(lines, Array(10).fill(1))
    await context.close()
  })

  t.test('the printed codes say whose they are, how to use one, whom to ask, and have boxes to tick', async t => {
    const context = await openContext(browser)
    const page = await context.newPage()
    await page.goto(`${origin}/recovery-codes`)
    await page.emulateMedia({ media: 'print' })
    for (const said of [
      'k7rm-29xt-q4hd-d9hx',
      'Example Lab',
      'Recovery codes of ada at Example Lab, made 12 March 2026',
      'open https://gate.lab.example, sign in, and choose “Use a recovery code instead”',
      'Tick off each one that you have used',
      'Ask helpdesk@lab.example'
    ])
      t.ok(await page.getByText(said).first().isVisible(), said)
    for (const name of ['Print', 'Copy', 'Continue', 'Sign out'])
      t.equal(await page.getByRole('button', { name }).count(), 0, name)
    const box = `getComputedStyle(document.querySelector('.codes li'), '::after')`
    t.same(await page.evaluate(`[${box}.borderTopWidth, parseFloat(${box}.width) > 10]`), ['1px', true])
    await context.close()
  })

  t.test('paper is white, and its words are dark, also where the screen is dark', async t => {
    const context = await openContext(browser, { colorScheme: 'dark' })
    const page = await context.newPage()
    await page.goto(`${origin}/recovery-codes`)
    const root = 'getComputedStyle(document.documentElement)'
    const colours = `[${root}.colorScheme, ${root}.getPropertyValue('--soft'), ${root}.getPropertyValue('--accent')]`
    const dark = await page.evaluate(colours)
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
    const printed = await page.evaluate(colours)
    await page.emulateMedia({ media: 'print', colorScheme: 'light' })
    t.same(printed, await page.evaluate(colours))
    t.notSame(printed, dark)
    await context.close()
  })
})
