/** Takes pictures of the console's pages, light and dark, phone and desktop: `npm run stories` for the console. Pictures go to var/stories/console. */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Test } from 'tap'
import { openBrowser } from '../fixtures/browser/browser.ts'
import { openBusyDesk } from '../fixtures/browser/desk.ts'

const folder = path.resolve(process.argv[2] ?? 'var/stories/console')
const only = process.argv.slice(3)
const ends: (() => unknown)[] = []
const end = { teardown: (handler: () => unknown) => void ends.unshift(handler) } as unknown as Test

const sizes = { phone: { width: 360, height: 780 }, desktop: { width: 1280, height: 860 } } as const

try {
  mkdirSync(folder, { recursive: true })
  const desk = await openBusyDesk(end)
  const browser = await openBrowser(end)
  for (const colorScheme of ['light', 'dark'] as const)
    for (const size of ['phone', 'desktop'] as const) {
      const context = await desk.browse(browser, { colorScheme, viewport: sizes[size], reducedMotion: 'reduce' })
      const page = await context.newPage()
      for (const [name, at] of desk.pages) {
        if (only.length > 0 && !only.includes(name)) continue
        await page.goto(desk.admin + at)
        await page.screenshot({ path: path.join(folder, `${name}.${size}.${colorScheme}.png`), fullPage: true })
      }
      await context.close()
    }
  console.error(`pictures in ${folder}`)
} finally {
  for (const handler of ends) await handler()
}
