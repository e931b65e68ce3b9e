/** The page on a host that leads to the gate and that no `url` has: it has its look, although the gate serves nothing else there. */
import t from 'tap'
import { openBrowser, openContext } from '../fixtures/browser/browser.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'

t.test(
  'the page on a host that the gate does not serve brings its style sheet, and asks that host for nothing',
  async t => {
    const gate = await startGateway(t, {
      apps: '  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:9" }'
    })
    const { port } = new URL(gate.portal)
    const page = await (await openContext(await openBrowser(t))).newPage()
    const looksOf = async (host: string) => {
      const asked: string[] = []
      const listen = (request: { url(): string }) => asked.push(new URL(request.url()).hostname)
      page.on('request', listen)
      const response = await page.goto(`http://${host}:${port}/x`)
      page.off('request', listen)
      const look = await page.evaluate(() => {
        const { backgroundColor, fontFamily } = getComputedStyle(document.body)
        return { backgroundColor, fontFamily, width: document.querySelector('main')?.clientWidth }
      })
      return { status: response?.status(), asked, look }
    }
    const served = await looksOf('gate.localhost')
    const other = await looksOf('other.localhost')
    t.same([served.status, other.status], [404, 421])
    t.same(other.look, served.look)
    t.same(other.asked, ['other.localhost'], 'the page itself alone')
    const hosts = await page.locator('a').evaluateAll(links => links.map(link => (link as HTMLAnchorElement).hostname))
    t.ok(hosts.length > 0 && !hosts.includes('other.localhost'), 'each link leads to another host')
  }
)
