/** Several upstreams in the whole gate: configuration, log, metrics, reload, stickiness over real sessions; and maintenance. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { ask, navigation, type Running, startGateway } from '../fixtures/in-process/gateway.ts'

interface Named {
  readonly url: string
  /** What it answers to `/healthz`. */
  status: number
  stop(): Promise<void>
}

/** An app that answers its name. */
async function named(t: Test, name: string): Promise<Named> {
  const server: Server = createServer((request, response) => {
    if (request.url === '/healthz') response.writeHead(made.status)
    response.end(name)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const made: Named = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    status: 200,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
  t.teardown(() => (server.listening ? made.stop() : undefined))
  return made
}

const about = (gate: Running) =>
  gate.log.flatMap(({ msg, app, upstream }) =>
    /^the upstream is/.test(String(msg)) ? [`${app} ${upstream} ${String(msg).slice(16)}`] : []
  )

async function up(gate: Running): Promise<Record<string, string>> {
  const { body } = await ask(gate.adminPort, 'GET', `http://127.0.0.1:${gate.adminPort}/metrics`)
  const lines = [...body.matchAll(/^factorgate_upstream_up\{app="(.*?)",upstream="(.*?)"\} (\d)$/gm)]
  return Object.fromEntries(lines.map(([, app, upstream, value]) => [`${app} ${upstream}`, value as string]))
}

t.test('an upstream that goes down is logged once, counted, and no reason for the gate to be unready', async t => {
  const [a, b] = [await named(t, 'a'), await named(t, 'b')]
  const apps = (more = '') =>
    `  - { id: one, url: "http://one.localhost:PORT", upstream: ["${a.url}", "${b.url}"], rules: [{ access: public }]${more} }\n` +
    `  - { id: two, url: "http://two.localhost:PORT", upstream: 'unix:/run/a"b\\c.sock:/x', rules: [{ access: public }] }`
  const gate = await startGateway(t, { apps: apps() })
  const get = async () => (await gate.request('GET', `${gate.origin('one')}/`)).body
  t.same([await get(), await get()], ['a', 'b'])
  t.same(await up(gate), { [`one ${a.url}`]: '1', [`one ${b.url}`]: '1', 'two unix:/run/a\\"b\\\\c.sock:/x': '1' })
  await a.stop()
  t.same([await get(), await get(), await get()], ['b', 'b', 'b'])
  t.same(about(gate), [`one ${a.url} down`])
  t.match(
    gate.log.find(({ msg }) => msg === 'the upstream is down'),
    { level: 40, problem: /ECONNREFUSED/ }
  )
  t.match(await up(gate), { [`one ${a.url}`]: '0', [`one ${b.url}`]: '1' })
  t.equal((await ask(gate.adminPort, 'GET', `http://127.0.0.1:${gate.adminPort}/readyz`)).status, 200)

  await gate.server.reload(await gate.load(apps(', title: Other')))
  t.match(await up(gate), { [`one ${a.url}`]: '0' }, 'known over a reload')
  t.equal(await get(), 'b')
  await gate.server.reload(await gate.load(apps().replace(`"${a.url}", `, '')))
  t.same(Object.keys(await up(gate)).length, 2, 'and forgotten with the upstream')
  await b.stop()
  const answer = await gate.request('GET', `${gate.origin('one')}/`, navigation)
  t.match(answer, { status: 502, headers: { 'factorgate-error': 'app_unreachable', 'retry-after': '2' } })
  t.match(answer.body, /is not answering/)
  t.equal((await ask(gate.adminPort, 'GET', `http://127.0.0.1:${gate.adminPort}/readyz`)).status, 200)
})

t.test('a download goes on when its upstream is taken out of the list', async t => {
  let finish = () => {}
  const slow = createServer((_request, response) => {
    response.write('begun;')
    finish = () => response.end('ended')
  })
  await new Promise<void>(resolve => slow.listen(0, '127.0.0.1', resolve))
  t.teardown(() => slow.close())
  const other = await named(t, 'b')
  const app = (...urls: string[]) =>
    `  - { id: one, url: "http://one.localhost:PORT", upstream: [${urls.map(url => `"${url}"`).join(', ')}], rules: [{ access: public }] }`
  const first = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`
  const gate = await startGateway(t, { apps: app(first, other.url) })
  const get = () => gate.request('GET', `${gate.origin('one')}/`)
  const download = get()
  while (gate.server.runtime.live.size === 0) await new Promise(setImmediate)
  await gate.server.reload(await gate.load(app(other.url)))
  t.equal((await get()).body, 'b')
  finish()
  t.equal((await download).body, 'begun;ended')
})

t.test('an upstream that fails its health check is not asked', async t => {
  const [a, b] = [await named(t, 'a'), await named(t, 'b')]
  a.status = 503
  const apps = `  - { id: one, url: "http://one.localhost:PORT", upstream: ["${a.url}", "${b.url}"], health: { path: /healthz, every: 1s, timeout: 1s, status: 2xx, rise: 1, fall: 1 }, rules: [{ access: public }] }`
  const gate = await startGateway(t, { apps })
  const settled = async (count: number) => {
    while (about(gate).length < count) await new Promise(setImmediate)
  }
  await settled(1)
  const bodies: string[] = []
  for (let i = 0; i < 4; i++) bodies.push((await gate.request('GET', `${gate.origin('one')}/`)).body)
  t.same(bodies, ['b', 'b', 'b', 'b'])
  a.status = 200
  await settled(2)
  t.same(about(gate), [`one ${a.url} down`, `one ${a.url} up again`])
  t.match(
    gate.log.find(({ msg }) => msg === 'the upstream is down')?.problem,
    'status 503 for the health check /healthz'
  )
})

t.test('sticky: each browser of a person, or the person, stays with one upstream', async t => {
  const names = ['a', 'b', 'c', 'd']
  const servers = await Promise.all(names.map(name => named(t, name)))
  const list = servers.map(({ url }) => `"${url}"`).join(', ')
  const apps = ['session', 'person']
    .map(
      kind =>
        `  - { id: ${kind}, url: "http://${kind}.localhost:PORT", upstream: [${list}], sticky: ${kind}, rules: [{ path: /open, access: public }, { access: mfa }] }`
    )
    .join('\n')
  const gate = await startGateway(t, { apps })
  const seen = { session: new Set<string>(), person: new Set<string>() }
  const alice = await gate.account('alice')
  for (let browser = 0; browser < 12; browser++) {
    const { cookies } = await gate.signIn(alice, 'session', 'person')
    for (const kind of ['session', 'person'] as const) {
      const get = async (path: string) =>
        (await gate.request('GET', gate.origin(kind) + path, { cookie: cookies[kind] as string })).body
      const first = await get('/')
      for (const path of ['/x', '/open', '/y']) t.equal(await get(path), first, `${kind}: ${path}`)
      seen[kind].add(first)
    }
  }
  t.ok(seen.session.size > 1, 'twelve browsers are spread')
  t.equal(seen.person.size, 1, 'one person is not')
})

t.test('maintenance with a time: Retry-After counts down to it, and then says five minutes', async t => {
  const app = await named(t, 'a')
  let now = Date.UTC(2026, 10, 30, 6)
  const apps = `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}", maintenance: { until: "2026-11-30T08:00+01:00" }, rules: [{ access: public }] }
  - { id: two, url: "http://two.localhost:PORT", upstream: "${app.url}", maintenance: { until: "Monday, 8:00" }, rules: [{ access: public }] }`
  const gate = await startGateway(t, { apps, clock: () => now })
  const get = (name: string, headers = {}) => gate.request('GET', `${gate.origin(name)}/x?y`, headers)
  const page = await get('one', navigation)
  t.match(page, { status: 503, headers: { 'factorgate-error': 'app_maintenance', 'retry-after': '3600' } })
  t.match(page.body, /out of service until 08:00 \(UTC\+01:00\) on 30 November 2026/)
  t.match(page.body, /<a class="button" href="\/x\?y"/, 'a way to try again')
  t.match(JSON.parse((await get('one')).body), { error: { code: 'app_maintenance' } })
  now += 1_800_500
  t.equal((await get('one')).headers['retry-after'], '1800')
  now += 1_800_000
  t.equal((await get('one')).headers['retry-after'], '300', 'it takes longer')
  t.match((await get('one', navigation)).body, /planned to be back by 08:00/)
  t.equal((await get('two')).headers['retry-after'], '300')
  await gate.server.reload(await gate.load(apps.replaceAll(/maintenance: \{.*?\}, /g, '')))
  t.equal((await get('one')).body, 'a')
})
