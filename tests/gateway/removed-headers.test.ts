/** Headers that the gate removes because their names say who a person is: the log names those that the app's own pages may need. */
import t from 'tap'
import { echoApp, startGateway } from '../fixtures/in-process/gateway.ts'

t.test('the log names a removed header once, and how to let it pass', async t => {
  const seen: (string | string[] | undefined)[] = []
  const app = await echoApp(t, (request, response) => {
    seen.push(request.headers['x-superuser'])
    response.end()
  })
  const apps = (more: string) => `  - id: servers
    url: "http://servers.localhost:PORT"
    upstream: "${app.url}"
    rules: [{ path: /open/**, access: public }, { access: mfa }]
${more}`
  const gate = await startGateway(t, { apps: apps('') })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'servers')
  const ask = (path: string, headers: Record<string, string>) =>
    gate.request('GET', `${gate.origin('servers')}${path}`, headers)
  const named = () =>
    gate.log.filter(line => /passHeaders/.test(String(line.msg))).map(({ app, header }) => [app, header])
  const cookie = { cookie: cookies.servers! }

  await ask('/open/', { 'X-Stranger-User': 'x' })
  t.same(named(), [], 'a stranger writes nothing into the log')
  await ask('/', {
    ...cookie,
    'X-Superuser': 'any',
    'Remote-User': 'root',
    'X-Forwarded-For': '::1',
    'X-Real-IP': '::1'
  })
  t.same(named(), [['servers', 'X-Superuser']], 'what other proxies send is no news')
  await ask('/', { ...cookie, 'X-SUPERUSER': 'any' })
  await ask('/', { ...cookie, 'X-Superuser': 'any' })
  t.equal(named().length, 1, 'once, in any spelling')
  for (let i = 0; i < 40; i++) await ask('/', { ...cookie, [`X-${i}-User`]: 'any' })
  t.equal(named().length, 19, 'and no more than twenty spellings')
  t.same(new Set(seen), new Set([undefined]))

  await gate.server.reload(await gate.load(apps('    passHeaders: [X-Superuser]\n')))
  await ask('/', { ...cookie, 'X-Superuser': 'any' })
  t.equal(seen.at(-1), 'any')
})
