/** A reload with a shorter device.lifetime: what becomes of the bound cookies that browsers have. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { BoundBrowser } from '../fixtures/in-process/bound-browser.ts'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'

const one = 'one.localhost'
const bound = '__Host-factorgate-device'

t.test('a shorter device.lifetime ends the cookies that are older, and browsers show their keys', async t => {
  const time = new TestClock()
  const { url } = await echoApp(t)
  const running = await startGateway(t, {
    isHttps: true,
    clock: time.read,
    extra: 'device: { lifetime: 20m }',
    apps: `  - { id: one, url: https://${one}, upstream: "${url}", deviceBound: preferred }`
  })
  const { cookies } = await running.signIn(await running.account('ada'))
  const it = new BoundBrowser(running.port)
  it.set('gate.localhost', cookies.gate!)
  time.advance(61)
  await it.open('https://gate.localhost/.factorgate/')
  t.equal((await it.open(`https://${one}/`)).status, 200)
  t.ok(it.bound.has(one))

  const file = path.join(running.folder, 'factorgate.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('lifetime: 20m', 'lifetime: 5m'))
  await running.server.reload(await running.load())
  t.equal((await it.request('GET', `https://${one}/x`, navigation)).status, 200, 'a young one goes on')
  time.advance(331)
  const late = await it.request('GET', `https://${one}/x`, { accept: '*/*', 'sec-fetch-site': 'same-origin' })
  t.match([late.status, late.headers['factorgate-error']], [401, 'device_proof_required'])
  t.same(late.headers['set-cookie'], [`${bound}=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0`])
  t.notOk(it.cookie(one).includes(bound), 'the browser keeps it no longer, and so refreshes')
  const refreshed = await it.refresh(one)
  t.match(refreshed.headers['set-cookie']?.[0], /; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=300$/)
  t.equal((await it.request('GET', `https://${one}/x`, navigation)).status, 200)
})
