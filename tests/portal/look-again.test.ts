/** The page about an app that does not answer, in a real Chromium: it opens the app once it answers. */
import http from 'node:http'
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { freePort } from '../fixtures/process/free-port.ts'

t.test('an app is back → its page opens by itself', async t => {
  const port = await freePort()
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:${port}", rules: [{ access: public }] }`
  })
  const context = await openContext(await openBrowser(t), {})
  await context.clock.install()
  const page = await context.newPage()
  await Promise.all([
    page.waitForResponse(response => response.url().endsWith('/assets/look.js') && response.ok()),
    page.goto(`${gate.origin('one')}/`)
  ])
  const app = http.createServer((_, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><link rel="icon" href="data:,"><h1>The app</h1>')
  })
  await new Promise<void>(resolve => app.listen(port, '127.0.0.1', resolve))
  t.teardown(() => app.close())
  const heading = page.getByRole('heading', { name: 'The app' })
  // The first look may come before the file was run, or while the gate still takes the app for down.
  while (!(await heading.isVisible())) await page.clock.runFor(10_000).catch(() => {})
  t.ok(await heading.isVisible())
})
