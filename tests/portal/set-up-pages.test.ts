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
})
