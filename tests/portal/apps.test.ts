/** The list of apps: few by their last use, many in sections with those used last on top, and a filter. */
import t from 'tap'
import { AppsPage } from '../../plugins/portal/apps.tsx'
import { toHtml } from '../../plugins/portal/layout.tsx'
import { defaultTexts } from '../../plugins/portal/messages/messages.ts'
import type { AppCard } from '../../plugins/portal/options.ts'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { longTitle, manyApps } from './app-stories.tsx'
import { now } from './story-list.tsx'
import { serveStories } from './story-server.ts'

const look = { title: 'Example Lab', contact: null, accent: null }
const frame = { look, say: defaultTexts.in('en'), person: null, base: '', csrf: '' }

/** Each heading with its apps; the first heading is empty where there is none. */
function listOf(apps: readonly AppCard[]): Record<string, string[]> {
  const html = toHtml(AppsPage({ frame, view: { apps, now, spent: null } }))
  const found: Record<string, string[]> = {}
  let heading = ''
  for (const [, title, app] of html.matchAll(/<h2 dir="auto">(.*?)<\/h2>|<a href="[^"]*" dir="auto">(.*?)<\/a>/g)) {
    if (title !== undefined) heading = title
    else found[heading] = [...(found[heading] ?? []), app as string]
  }
  return found
}

t.test('sections come in the order of the configuration, and the three apps used last stand on top', async t => {
  const apps = manyApps(now)
  t.same(listOf(apps), {
    'Used last': ['Notebooks', 'Confocal microscope', 'Sample register'],
    Analysis: ['RStudio', longTitle],
    Instruments: ['Électrophorèse', 'Mass spectrometer'],
    Samples: ['Freezer map', 'دفتر المختبر'],
    'Other apps': ['Wiki', 'Orders']
  })
  const few = apps.slice(5)
  t.same(
    listOf(few),
    {
      Instruments: ['Mass spectrometer'],
      Samples: ['Sample register', 'Freezer map', 'دفتر المختبر'],
      'Other apps': ['Wiki', 'Orders']
    },
    'few apps in sections'
  )
  const plain = few.map(app => ({ ...app, section: null, lastUsedAt: app.title === 'Wiki' ? now : app.lastUsedAt }))
  t.same(Object.keys(listOf(plain)), [''], 'few apps without sections need no heading')
  t.same(listOf(plain)['']?.slice(0, 3), ['Wiki', 'Sample register', 'Freezer map'], 'the one used last on top')
})

t.test('the list says which app is maintained, and has a filter from nine apps on', async t => {
  const html = (apps: readonly AppCard[]) => toHtml(AppsPage({ frame, view: { apps, now, spent: null } }))
  t.match(html(manyApps(now)), 'being maintained until 18:00 (UTC+01:00) on 13 March 2026')
  t.match(html(manyApps(now)), '<p class="soft">being maintained</p>')
  t.match(html(manyApps(now)), 'data-tile="É"')
  t.match(html(manyApps(now).slice(0, 9)), 'type="search"')
  t.notMatch(html(manyApps(now).slice(0, 8)), 'type="search"')
})

t.test('in a browser', async t => {
  const origin = await serveStories(t)
  const browser = await openBrowser(t)

  t.test('the filter takes accents and capitals as they come, and "/" leads to it', async t => {
    const page = await (await openContext(browser)).newPage()
    await page.goto(`${origin}/apps-many`)
    const seen = () => page.locator('.apps a:visible').allTextContents()
    await page.keyboard.press('/')
    await page.keyboard.type('ELECTRO')
    t.same(await seen(), ['Électrophorèse'])
    t.same(await page.locator('h2:visible').allTextContents(), ['Instruments'], 'empty sections go')
    await page.keyboard.type('/x')
    t.equal(await page.getByRole('searchbox').inputValue(), 'ELECTRO/x', 'a slash in the field is a letter')
    t.ok(await page.getByText('No app here has that').isVisible())
    await page.getByRole('searchbox').fill('what samp')
    t.same(await seen(), ['Sample register'], 'the description counts')
    const opened = page.waitForRequest(/Sample%20register/)
    await page.keyboard.press('Enter')
    await opened
    await page.context().close()
  })

  t.test('without scripts the whole list is there, and no filter', async t => {
    const context = await openContext(browser, { javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${origin}/apps-many`)
    t.equal(await page.getByRole('searchbox').count(), 0)
    t.equal(await page.locator('.apps a:visible').count(), manyApps(now).length)
    await context.close()
  })

  t.test('two columns on a desktop; names of any length take two lines at most at 320 px', async t => {
    const context = await openContext(browser, { viewport: { width: 1280, height: 720 } })
    const page = await context.newPage()
    await page.goto(`${origin}/apps-many`)
    const tops = await page.evaluate(
      `[...document.querySelectorAll('.apps')].map(list => [...list.children].slice(0, 2).map(one => one.getBoundingClientRect().top))`
    )
    for (const [first, second] of tops as number[][]) t.equal(first, second)
    await page.setViewportSize({ width: 320, height: 640 })
    await page.goto(`${origin}/apps-long-names`)
    const lines = await page.evaluate(
      `[...document.querySelectorAll('.name, .apps a')].map(one => Math.round(one.getBoundingClientRect().height / Number.parseFloat(getComputedStyle(one).lineHeight)))`
    )
    t.same(lines, [2, 2, 2])
    await context.close()
  })
})
