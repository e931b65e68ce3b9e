/** Serves the stories as the built portal serves pages: same HTML, minified style and script, same headers and policy. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { keptScript, lookScript, pageScript, pageSheet, sessionScript, tabIcon } from '../../plugins/portal/assets.ts'
import { pageHeaders } from '../../plugins/portal/headers.ts'
import { toHtml } from '../../plugins/portal/layout.tsx'
import { isLanguage } from '../../src/messages/languages.ts'
import { minify } from './minified.ts'
import { storiesIn } from './story-list.tsx'

/** The origin; a story is at `/NAME`, and in another language at `/LANGUAGE/NAME`. The server ends with the test. */
export async function serveStories(t: { teardown(handler: () => unknown): void }): Promise<string> {
  const [script, sheet] = [pageScript(), pageSheet(null)]
  const assets = [
    tabIcon,
    keptScript,
    lookScript,
    sessionScript,
    { ...script, body: minify(script.body, 'js') },
    { ...sheet, body: minify(sheet.body, 'css') }
  ]
  const server = createServer((request, response) => {
    const asset = assets.find(({ path }) => path === request.url)
    const [, prefix = 'en', name] = /^\/(?:([a-z]{2})\/)?([a-z0-9_-]+)$/.exec(request.url ?? '') ?? []
    const story = isLanguage(prefix) ? storiesIn(prefix).find(each => each.name === name) : undefined
    if (asset !== undefined) response.writeHead(200, { 'content-type': asset.type }).end(asset.body)
    else if (story === undefined) response.writeHead(404).end()
    else
      response.writeHead(200, { ...pageHeaders(), 'content-type': 'text/html; charset=utf-8' }).end(toHtml(story.page))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
