/**
 * Takes the pictures of all stories: light and dark, phone and desktop. `npm run stories [FOLDER]` writes them to FOLDER (default
 * var/stories), and those of the sign-in page to tests/portal/screenshots for the README.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { stories } from './story-list.tsx'
import { serveStories } from './story-server.ts'

const folder = path.resolve(process.argv[2] ?? 'var/stories')
const only = process.argv.slice(3)
const kept = new URL('./screenshots/', import.meta.url).pathname
const ends: (() => unknown)[] = []
const end = { teardown: (handler: () => unknown) => void ends.unshift(handler) }

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 860 } } as const

try {
  mkdirSync(folder, { recursive: true })
  mkdirSync(kept, { recursive: true })
  const origin = await serveStories(end)
  const browser = await openBrowser(end)
  for (const colorScheme of ['light', 'dark'] as const)
    for (const size of ['phone', 'desktop'] as const) {
      const context = await openContext(browser, { colorScheme, viewport: sizes[size], reducedMotion: 'reduce' })
      const page = await context.newPage()
      for (const { name } of stories) {
        if (only.length > 0 && !only.includes(name)) continue
        await page.goto(`${origin}/${name}`)
        await page.screenshot({ path: path.join(folder, `${name}.${size}.${colorScheme}.png`), fullPage: true })
        if (name === 'login' && size === 'desktop')
          await page.screenshot({ path: path.join(kept, `sign-in-${colorScheme}.png`) })
      }
      await context.close()
    }
  console.error(`pictures in ${folder}`)
} finally {
  for (const handler of ends) await handler()
}
