/** The sample lab on a small screen, and the return to it. */
import t from 'tap'
import { SampleLab } from '../../src/demo/sample-lab.ts'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'

t.test('nothing scrolls sideways at 320 px, and the lab leads back to the gate', async t => {
  const lab = await SampleLab.start({ port: 0 })
  t.teardown(() => lab.close())
  const browser = await openBrowser(t)
  const identity = {
    'remote-user': 'newcomer',
    'remote-name': 'New Comer',
    'remote-email': 'newcomer-with-a-long-name@mass-spectrometry.lab.example',
    'remote-groups': 'researchers'
  }
  const context = await openContext(browser, { viewport: { width: 320, height: 640 }, extraHTTPHeaders: identity })
  const page = await context.newPage()
  for (const path of ['', 'you', 'deposit', 'admin/', 'instruments/orbit-2/']) {
    await page.goto(`${lab.url}/${path}`)
    const width = await page.evaluate('document.documentElement.scrollWidth')
    t.ok((width as number) <= 320, `/${path} is ${width} px wide`)
    t.equal(await page.locator('footer a').getAttribute('href'), '/.factorgate/')
  }
  await context.close()
})
