/** Where no app has an address, the journal names the app whose page led there. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { referrerIn } from '../../src/apps/referrer.ts'
import { RouteTable } from '../../src/apps/route-table.ts'
import { startGateway } from '../fixtures/in-process/gateway.ts'
import { sampleApp } from '../fixtures/in-process/sample-app.ts'

const routes = new RouteTable({
  portalOrigin: 'https://lab.test',
  apps: [sampleApp({ id: 'nb', origin: 'https://lab.test', prefix: '/nb' })]
})

t.test('a page of an app is named by host and path, and nothing else is', t => {
  const nb = (where: string) => ({ referrerApp: 'nb', referrer: `lab.test${where}` })
  const cases: [header: string | undefined, expected: ReturnType<typeof referrerIn>][] = [
    ['https://lab.test/nb/tree', nb('/nb/tree')],
    ['https://lab.test/nb/tree?token=secret#part', nb('/nb/tree')],
    ['https://LAB.test:443/nb', nb('/nb')],
    [`https://lab.test/nb/${'x'.repeat(900)}`, nb(`/nb/${'x'.repeat(252)}`)],
    ['https://lab.test/nb/invite/iT8C9ccYDl4QxstMwreSm2AE9izlmk0mTmNBbGLiTu8', nb('/nb/invite/…')],
    ['https://lab.test/.factorgate/account', null],
    ['https://lab.test/elsewhere', null],
    ['https://else.test/nb/tree', null],
    ['https://lab.test@else.test/nb', null],
    ['about:blank', null],
    ['', null],
    [undefined, null]
  ]
  for (const [header, expected] of cases) t.same(referrerIn(header, routes), expected, String(header))
  t.end()
})

t.test('the line in the journal', async t => {
  const gate = await startGateway(t, {
    apps: '  - { id: nb, url: "http://gate.localhost:PORT/nb", upstream: "http://127.0.0.1:9" }'
  })
  const ask = (referer: string) => gate.request('GET', `${gate.portal}/static/app.js`, { referer })
  t.equal((await ask(`${gate.portal}/nb/tree?key=secret`)).status, 404)
  t.equal((await ask('https://else.test/page')).status, 404)
  await gate.server.runtime.journal.commit({ kind: 'gate.reload', at: Date.now() })
  const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8').trim().split('\n')
  const found = lines.map(line => JSON.parse(line)).filter(({ outcome }) => outcome === 'no_such_app')
  t.match(found, [{ path: '/static/app.js', referrerApp: 'nb', referrer: /^gate\.localhost:\d+\/nb\/tree$/ }, {}])
  t.equal(found[1].referrer, undefined)
  t.notMatch(JSON.stringify(found), /secret|else\.test/)
})
