/** The metric that says which part of the apps' pages the check has read. */
import t from 'tap'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'
import { Person } from '../fixtures/in-process/person.ts'
import { until } from '../fixtures/in-process/until.ts'

t.test('what is read, and what is skipped, is counted', async t => {
  const app = await echoApp(t, (_request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><script src="/a.js"></script>')
  })
  const apps = `
  - id: wiki
    title: Wiki
    url: "http://wiki.localhost:PORT"
    upstream: "${app.url}"
    integrity: {}
    rules: [{ access: public }]
`
  const gate = await startGateway(t, { apps })
  const { metrics } = gate.server.runtime
  const counted = (outcome: string) =>
    Number(new RegExp(`factorgate_app_pages_total\\{outcome="${outcome}"\\} (\\d+)`).exec(metrics.render())?.[1])
  t.same(['read', 'skipped', 'stopped'].map(counted), [0, 0, 0], 'from the start')
  await new Person(gate.port).open(`${gate.origin('wiki')}/`)
  await until(() => counted('read') === 1, 'the page is read')
  t.same(['skipped', 'stopped'].map(counted), [0, 0])
})
