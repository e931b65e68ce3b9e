/**
 * `npm run pictures [FILE…]`: takes the pictures of docs/pictures from the product's pages, as the built portal and a running console show
 * them. Look at them before you commit them.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import type { Test } from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { openBusyDesk } from '../fixtures/browser/desk.ts'
import { serveStories } from '../portal/story-server.ts'
import { root } from './documents.ts'
import { maxBytes, type Picture, pathOf, pictures } from './picture-list.ts'

const scale = 1.5
const only = process.argv.slice(2)
const ends: (() => unknown)[] = []
const end = { teardown: (handler: () => unknown) => void ends.unshift(handler) } as unknown as Test

try {
  const browser = await openBrowser(end)
  const origin = await serveStories(end)
  const desk = await openBusyDesk(end)
  const consolePages = new Map(desk.pages)
  for (const picture of pictures) {
    if (only.length > 0 && !only.includes(picture.file)) continue
    const options: BrowserContextOptions = {
      colorScheme: picture.colorScheme ?? 'light',
      viewport: { width: picture.width ?? 720, height: 400 },
      deviceScaleFactor: scale,
      reducedMotion: 'reduce'
    }
    const isConsole = 'console' in picture.of
    const context = await (isConsole ? desk.browse(browser, options) : openContext(browser, options))
    const page = await context.newPage()
    const url =
      'console' in picture.of ? desk.admin + consolePages.get(picture.of.console) : `${origin}/en/${picture.of.story}`
    const response = await page.goto(url)
    if (response?.status() !== 200) throw new Error(`${picture.file}: ${url} answers ${response?.status()}`)
    // For a second after the arrival, no click presses them, and they are pale.
    await page.waitForSelector('button[aria-disabled]', { state: 'detached' })
    const bytes = await webp(page, picture)
    if (bytes.length > maxBytes) throw new Error(`${picture.file} has ${bytes.length} bytes; at most ${maxBytes}`)
    writeFileSync(path.join(root, pathOf(picture)), bytes)
    console.error(`${pathOf(picture)}: ${bytes.length} bytes`)
    await context.close()
  }
} finally {
  for (const handler of ends) await handler()
}

/** Playwright takes PNG and JPEG alone; Chromium itself takes WebP, which needs a third of the bytes. */
async function webp(page: Page, { width = 720, maxHeight = 1000 }: Picture): Promise<Buffer> {
  const pageHeight = await page.evaluate('document.documentElement.scrollHeight')
  const height = Math.min(maxHeight, Number(pageHeight))
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', {
    format: 'webp',
    quality: 80,
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width, height, scale: 1 }
  })
  return Buffer.from(data, 'base64')
}
