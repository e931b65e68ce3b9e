/**
 * Takes the pictures of all stories: light and dark, phone and desktop. `npm run stories [FOLDER] [LANGUAGE…] [NAME…]` writes them to FOLDER
 * (default var/stories). The default language is English. Those of the documents are taken by `npm run pictures`.
 */
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { isLanguage } from '../../src/messages/languages.ts'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { stories } from './story-list.tsx'
import { serveStories } from './story-server.ts'

const folder = path.resolve(process.argv[2] ?? 'var/stories')
const languages = process.argv.slice(3).filter(isLanguage)
const only = process.argv.slice(3).filter(each => !isLanguage(each))
const ends: (() => unknown)[] = []
const end = { teardown: (handler: () => unknown) => void ends.unshift(handler) }

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 860 } } as const

try {
  mkdirSync(folder, { recursive: true })
  const origin = await serveStories(end)
  const browser = await openBrowser(end)
  for (const colorScheme of ['light', 'dark'] as const)
    for (const size of ['phone', 'desktop'] as const) {
      const context = await openContext(browser, { colorScheme, viewport: sizes[size], reducedMotion: 'reduce' })
      const page = await context.newPage()
      for (const { name } of stories) {
        if (only.length > 0 && !only.includes(name)) continue
        for (const language of languages.length === 0 ? ['en' as const] : languages) {
          await page.goto(`${origin}/${language}/${name}`)
          const prefix = language === 'en' ? '' : `${language}.`
          await page.screenshot({
            path: path.join(folder, `${prefix}${name}.${size}.${colorScheme}.png`),
            fullPage: true
          })
        }
      }
      await context.close()
    }
  console.error(`pictures in ${folder}`)
} finally {
  for (const handler of ends) await handler()
}
