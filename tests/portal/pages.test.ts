/** Every page in a real Chromium: light and dark, phone and desktop, narrow, printed, and checked by axe. */
import { readFileSync } from 'node:fs'
import vm from 'node:vm'
import t from 'tap'
import { pageScript, pageSheet, tabIcon } from '../../plugins/portal/assets.ts'
import { toHtml } from '../../plugins/portal/layout.tsx'
import { allRules, colourRules, look, Reader } from '../fixtures/browser/axe.ts'
import { contentOf, openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { minify } from './minified.ts'
import { type Story, stories, storiesIn } from './story-list.tsx'
import { serveStories } from './story-server.ts'

const contents = (list: readonly Story[]) => new Map(list.map(({ name, page }) => [name, toHtml(page)]))

t.test('all pages with style and script weigh less than 60 kB', async t => {
  const weight = (text: string) => Buffer.byteLength(text)
  const pages = stories.filter(story => story.isOwnPage)
  const total = pages.reduce((sum, { page }) => sum + weight(toHtml(page)), 0)
  const assets =
    weight(minify(pageSheet(null).body, 'css')) + weight(minify(pageScript().body, 'js')) + weight(tabIcon.body)
  t.comment(`${pages.length} pages ${total} bytes, assets ${assets} bytes`)
  t.ok(total + assets < 60_000, `${total + assets} bytes`)
  const more = stories.filter(story => story.isOptional).map(({ page }) => weight(toHtml(page)))
  t.ok(Math.max(...more) < 4_000, `a page that only some gates need: ${more} bytes`)
})

t.test('beside every password of the gate stands the name that password managers keep it under', t => {
  const forms = stories.flatMap(({ name, page }) =>
    [...toHtml(page).matchAll(/<form.*?<\/form>/gs)]
      .map(([form]) => ({ name, inputs: form.match(/<input[^>]*>/g) ?? [] }))
      .filter(({ inputs }) => inputs.some(input => /autocomplete="(?:current|new)-password"/.test(input)))
  )
  t.ok(forms.length > 10, `${forms.length} forms`)
  for (const { name, inputs } of forms)
    t.ok(
      // They skip `type="hidden"`.
      inputs.some(input => /autocomplete="(?:username|off)/.test(input) && !/type="hidden"/.test(input)),
      `${name}: ${inputs.join('')}`
    )
  t.end()
})

const written = (name: string) => readFileSync(new URL(`../../plugins/portal/assets/${name}`, import.meta.url), 'utf8')

t.test('the minified script is one, is smaller, and keeps every text', async t => {
  const code = written('page.js')
    .replace(/^\/\*\*[\s\S]*?\*\//gm, '')
    .replace(/^\s*\/\/.*$/gm, '')
  const minified = minify(written('page.js'), 'js')
  t.ok(new vm.Script(minified))
  t.ok(minified.length < code.length / 1.2, `${minified.length} of ${code.length} characters`)
  for (const [, text = ''] of code.matchAll(/'([^'\n\\"]*)'/g)) t.ok(minified.includes(text), text)
})

t.test('in a browser', async t => {
  const origin = await serveStories(t)
  const browser = await openBrowser(t)

  // One document shows all stories, so that axe is loaded once. All error pages are one page with other words.
  const read = stories.filter(({ name }) => !name.startsWith('error-') || /not_allowed|app_unreachable/.test(name))
  const reader = new Reader(allRules)
  t.test('axe finds nothing, light', async t => {
    const context = await openContext(browser, { bypassCSP: true, viewport: { width: 390, height: 844 } })
    const page = await context.newPage()
    await page.goto(`${origin}/login`)
    const { found, count } = await reader.read(page, contents(read))
    t.same(found, {})
    t.ok(count > read.length / 2, `${count} of ${read.length} pages have something of their own`)
    await context.close()
  })

  t.test('axe finds nothing, dark', async t => {
    const context = await openContext(browser, {
      colorScheme: 'dark',
      bypassCSP: true,
      viewport: { width: 390, height: 844 }
    })
    const page = await context.newPage()
    await page.goto(`${origin}/login`)
    const { found, count } = await new Reader(colourRules).read(page, contents(stories.filter(one => one.isOwnPage)))
    t.same(found, {})
    t.ok(count > 10)
    await context.close()
  })

  for (const language of ['de', 'ar', 'ja'] as const)
    t.test(`in ${language} axe finds nothing, and nothing scrolls sideways`, async t => {
      const context = await openContext(browser, { bypassCSP: true, viewport: { width: 320, height: 568 } })
      const page = await context.newPage()
      await page.goto(`${origin}/${language}/login`)
      // A long word in a headline has soft hyphens, otherwise it would be cut anywhere.
      await page.evaluate(`{
        const sheet = new CSSStyleSheet()
        sheet.replaceSync('h1, h2 { overflow-wrap: normal !important }')
        document.adoptedStyleSheets = [sheet]
      }`)
      // The elements and colours are those of English, so only a page that has lost or gained one is read again.
      const { found, widths } = await reader.read(page, contents(storiesIn(language).filter(one => one.isOwnPage)))
      t.same(found, {})
      for (const [name, width] of widths) t.ok(width <= 320, `${name} is ${width} px wide`)
      await context.close()
    })

  t.test('code begins at the left in Arabic too', async t => {
    const context = await openContext(browser, { viewport: { width: 390, height: 844 } })
    const page = await context.newPage()
    await page.goto(`${origin}/ar/program-made`)
    const lines = await page.evaluate<number[]>(`
      [...document.querySelectorAll('.list code')].flatMap(code =>
        [...code.getClientRects()].map(({ left }) => left - document.querySelector('main').getBoundingClientRect().left))`)
    t.ok(lines.length > 4)
    t.same(
      lines.filter(left => Math.abs(left) > 1),
      []
    )
    await context.close()
  })

  t.test('the minified sheet reads like the written one', async t => {
    const context = await openContext(browser)
    const page = await context.newPage()
    const rules = (text: string) =>
      page.evaluate(`(text => {
        const sheet = new CSSStyleSheet()
        sheet.replaceSync(text)
        // Browsers keep blanks and zeros of values with variables as they are written.
        return [...sheet.cssRules].map(rule => rule.cssText.replace(/\\b0\\./g, '.').replace(/, /g, ',').replace(/\\s*[/\\s]\\s*/g, ' '))
      })(${JSON.stringify(text)})`) as Promise<string[]>
    const sheet = await rules(minify(written('page.css'), 'css'))
    t.ok(sheet.length > 50)
    t.same(sheet, await rules(written('page.css')))
    await context.close()
  })

  t.test('nothing scrolls sideways at 320 px, which is a desktop at 400 %', async t => {
    const context = await openContext(browser, { viewport: { width: 320, height: 568 } })
    const page = await context.newPage()
    await page.goto(`${origin}/signed-out`)
    const looks = await look(page, [...contents(stories).values()])
    for (const [index, { width }] of looks.entries()) t.ok(width <= 320, `${stories[index]?.name} is ${width} px wide`)
    await context.close()
  })

  t.test('on the account page, what can be pressed is as large as a fingertip, and stays where it is', async t => {
    const context = await openContext(browser, { viewport: { width: 390, height: 844 } })
    const page = await context.newPage()
    for (const name of ['account-spent-few', 'apps-spent', 'account']) {
      await page.goto(`${origin}/${name}`)
      // In the list of apps the whole entry is the link.
      const sizes = await page.evaluate<[string, number, number][]>(`
        [...document.querySelectorAll('main :is(a, summary, button):not(.apps a)')]
          .filter(one => one.checkVisibility({ visibilityProperty: true }))
          .map(one => [one.textContent, one.getBoundingClientRect().width, one.getBoundingClientRect().height])`)
      t.ok(sizes.length > 1)
      for (const [text, width, height] of sizes)
        t.ok(width >= 24 && height >= 24, `${name}: ${text} is ${width} by ${height} px`)
    }
    const rename = page.locator('summary').first()
    const before = await rename.boundingBox()
    await rename.click()
    t.same(
      [(await rename.boundingBox())?.x, (await rename.boundingBox())?.y],
      [before?.x, before?.y],
      'Rename, once it is open'
    )
    await context.close()
  })

  t.test('the policy stops nothing of ours', async t => {
    const context = await openContext(browser)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', message => void (/policy/i.test(message.text()) && complaints.push(message.text())))
    page.on('pageerror', error => void complaints.push(error.message))
    for (const { name } of stories.filter(story => story.isOwnPage)) {
      await page.goto(`${origin}/${name}`)
      t.equal(await page.evaluate('getComputedStyle(document.body).display'), 'flex', `${name} is dressed`)
    }
    t.same(complaints, [])
    await context.close()
  })

  t.test('with scripts off nothing is offered that needs them', async t => {
    const context = await openContext(browser, { javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${origin}/login`)
    t.equal(await page.getByRole('button', { name: 'Use a passkey' }).count(), 0)
    t.equal(await page.getByRole('button', { name: 'Continue' }).count(), 1)
    t.ok(await page.getByText('Scripts are off').isVisible())
    await page.goto(`${origin}/recovery-codes`)
    t.equal(await page.getByRole('button', { name: 'Print' }).count(), 0)
    t.ok(await page.getByRole('link', { name: 'Download' }).isVisible())
    await context.close()
  })

  t.test('after a mistake the focus is at the field, or at the sentence before it', async t => {
    const context = await openContext(browser)
    const page = await context.newPage()
    let count = 0
    for (const { name, page: story } of stories) {
      if (!toHtml(story).includes('id="problem')) continue
      count++
      await page.goto(`${origin}/${name}`)
      await page.waitForFunction('document.activeElement !== document.body', null, { timeout: 5000 }).catch(() => {})
      t.equal(
        await page.evaluate(`{
          const { activeElement: at } = document
          at.id === 'problem' || (at.ariaInvalid === 'true' && /^problem/.test(at.getAttribute('aria-describedby')))
        }`),
        true,
        name
      )
    }
    t.ok(count > 12, `${count} pages`)
    await context.close()
  })

  t.test('a name that stands there for password managers is not seen', async t => {
    const context = await openContext(browser)
    const page = await context.newPage()
    for (const name of ['password', 'choose-password']) {
      await page.goto(`${origin}/${name}`)
      t.equal(await page.locator('[autocomplete=username]').inputValue(), 'ada', name)
      t.equal(await page.locator('[autocomplete=username]').isVisible(), false, name)
    }
    await context.close()
  })

  t.test('a browser without passkeys hears so, and is offered what works', async t => {
    const context = await openContext(browser)
    await context.addInitScript('delete window.PublicKeyCredential')
    const page = await context.newPage()
    await page.goto(`${origin}/login`)
    t.ok(await page.getByText('This browser cannot use passkeys').isVisible())
    t.equal(await page.getByText('or with your password').count(), 0)
    await page.goto(`${origin}/enrol-passkey`)
    t.ok(await page.getByText('This browser cannot use passkeys').isVisible())
    t.ok(await page.getByRole('link', { name: 'Use an authenticator app instead' }).isVisible())
    await context.close()
  })

  t.test('the keyboard alone gets through, in the order of reading', async t => {
    const context = await openContext(browser)
    const page = await context.newPage()
    await page.goto(`${origin}/login`)
    const focused = () => page.evaluate('document.activeElement.textContent.trim() || document.activeElement.id')
    // A browser gives the focus when it first draws the page.
    await page.waitForFunction('document.activeElement !== document.body')
    t.equal(await focused(), 'username', 'where most people begin')
    const order: unknown[] = []
    for (let i = 0; i < 3; i++) {
      await page.keyboard.press('Tab')
      order.push(await focused())
    }
    t.same(order, ['password', 'Show password', 'Continue'])
    await page.keyboard.press('Shift+Tab')
    await page.goto(`${origin}/account`)
    await page.keyboard.press('Tab')
    t.equal(await focused(), 'Skip to the content')
    await context.close()
  })

  t.test('no motion for those who asked for none', async t => {
    const context = await openContext(browser, { reducedMotion: 'reduce' })
    const page = await context.newPage()
    await page.goto(`${origin}/login`)
    const durations = await page.evaluate(
      '[...document.querySelectorAll("*")].map(one => getComputedStyle(one).transitionDuration).filter(one => !/^0s/.test(one))'
    )
    t.same(durations, [])
    await context.close()
  })

  t.test('copying, downloading and waiting are small favours that work', async t => {
    const context = await openContext(browser, { permissions: ['clipboard-read', 'clipboard-write'] })
    const page = await context.newPage()
    await page.goto(`${origin}/recovery-codes`)
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    t.equal(
      await page.getByRole('button', { name: 'Copied' }).getAttribute('aria-live'),
      'polite',
      'it is told (WCAG 4.1.3)'
    )
    const copied = await page.evaluate('navigator.clipboard.readText()')
    const saved = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Download' }).click()
    const download = await saved
    t.equal(download.suggestedFilename(), 'recovery-codes.txt')
    const text = (await contentOf(download)).toString()
    t.match(text, /^Recovery codes of ada at Example Lab\n.*https:\/\/gate\.lab\.example.*Use a recovery code instead/)
    t.match(text, /^k7rm-29xt-q4hd-d9hx\n[\s\S]*^yc6e-0vz3-8rka-g5jt\n$/m)
    t.equal(copied, text)
    await page.clock.install()
    await page.goto(`${origin}/challenge-wait`)
    const notice = page.locator('[data-wait]')
    t.equal(await notice.getAttribute('role'), 'alert')
    await page.clock.fastForward(2000)
    t.equal(await notice.getAttribute('aria-live'), 'off', 'no screen reader is interrupted every second')
    await page.clock.fastForward(119_000)
    t.ok(await page.getByText('You can try again now.').isVisible())
    t.equal(await notice.getAttribute('aria-live'), null, 'but the end is told')
    await context.close()
  })
})
