/** The secret of `apps[].forwardAuth`: who asks the gate for a verdict without it, or names another app with it, gets none. */
import t from 'tap'
import { exampleSecret } from '../../config/checks/header-secret.ts'
import { ask as askAt, startGateway } from '../fixtures/in-process/gateway.ts'
import { ok, startUpstream } from '../fixtures/in-process/upstream.ts'
import { freePort } from '../fixtures/process/free-port.ts'
import { example, frontSecret, fronts } from '../fixtures/process/front-examples.ts'
import { hasProgram, startNginx } from '../fixtures/process/proxies.ts'

const other = 'the-secret-of-another-app'

t.test(
  'H29 · a client reaches forward-auth through a trusted address, or a proxy names the host of another app → whoever does not send the secret of that app gets no verdict',
  async t => {
    const app = (id: string, secret: string | null) =>
      `  - { id: ${id}, url: "http://${id}.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ path: /open/**, access: public }, { access: mfa }]${secret === null ? '' : `, forwardAuth: { secret: "${secret}" }`} }\n`
    const gate = await startGateway(t, {
      extra: 'trustedProxies: ["127.0.0.1"]',
      apps: app('one', frontSecret) + app('two', other) + app('free', null)
    })
    const { cookies } = await gate.signIn(await gate.account('alice'), 'one', 'free')
    const ask = (id: 'one' | 'two' | 'free', headers: Record<string, string | string[]>) =>
      gate.request('GET', `${gate.origin(id)}/.factorgate/auth`, {
        'x-original-url': `${gate.origin(id)}/open/x`,
        'x-original-method': 'GET',
        ...headers
      })
    const right = { 'factorgate-secret': frontSecret }
    const said = await ask('one', right)
    t.match([said.status, said.headers['factorgate-secret']], [200, ''], 'and the proxy is told to remove it')
    t.match(said.headers['x-envoy-auth-headers-to-remove'], /(?:^|,)factorgate-secret(?:,|$)/)
    const cookie = cookies.one as string
    const mine = await ask('one', { ...right, cookie, 'x-original-url': `${gate.origin('one')}/data` })
    t.match([mine.status, mine.headers['remote-user']], [200, 'alice'])

    const wrong: (readonly [string, Record<string, string | string[]>])[] = [
      ['none', {}],
      ['an empty one', { 'factorgate-secret': '' }],
      ['the one of another app', { 'factorgate-secret': other }],
      ['another letter case', { 'factorgate-secret': frontSecret.toUpperCase() }],
      ['a beginning', { 'factorgate-secret': frontSecret.slice(0, -1) }],
      ['two of them', { 'factorgate-secret': [frontSecret, frontSecret] }],
      ['another spelling', { factorgate_secret: frontSecret }],
      ['another header', { 'x-factorgate-secret': frontSecret }]
    ]
    for (const [what, headers] of wrong)
      for (const uri of ['/open/x', '/data']) {
        const url = `${gate.origin('one')}${uri}`
        const refused = await ask('one', { ...headers, cookie, 'x-original-url': url })
        t.match([refused.status, refused.headers['factorgate-error']], [403, 'not_allowed'], `${what}, ${uri}`)
        t.notMatch(JSON.stringify([refused.headers, refused.body]), /alice|remote-user/, what)
      }
    t.equal((await ask('two', right)).status, 403, 'the secret of one app opens no other')
    t.equal((await ask('free', {})).status, 200, 'without the key the address is enough')
    t.match(gate.log.filter(({ app }) => app === 'one')[0]?.msg, /came through 127\.0\.0\.1 with no Factorgate-Secret/)
    t.notMatch(JSON.stringify(gate.log), new RegExp(`${frontSecret}|${other}`))
  }
)

t.test('H29: no proxy passes the secret on to the app', async t => {
  for (const name of Object.keys(fronts).filter(hasProgram)) {
    const port = await freePort()
    const app = await startUpstream(t, socket => socket.write(ok))
    const gate = await startGateway(t, {
      extra: 'trustedProxies: ["127.0.0.1"]',
      apps: `  - { id: ${name}, url: "http://${name}.localhost:${port}", upstream: "http://127.0.0.1:1", rules: [{ access: public }], forwardAuth: { secret: "${frontSecret}" } }`
    })
    await (fronts[name] as (typeof fronts)[string])(t, { port, gate: gate.port, app: `127.0.0.1:${app.port}` })
    for (const claim of [{}, { 'Factorgate-Secret': 'forged' }]) {
      const seen = app.request()
      const said = await askAt(port, 'GET', `http://${name}.localhost:${port}/x`, claim)
      t.equal(said.status, 200, name)
      t.notMatch((await seen).raw.toString('latin1'), new RegExp(`${frontSecret}|forged`), name)
    }
  }
})

t.test(
  'H29: an nginx that lets its client name the app reaches no app by the rules of another',
  { skip: hasProgram('nginx') ? false : 'there is no nginx' },
  async t => {
    const port = await freePort()
    const app = await startUpstream(t, socket => socket.write(ok))
    const gate = await startGateway(t, {
      extra: 'trustedProxies: ["127.0.0.1"]',
      apps: `  - { id: nginx, url: "http://nginx.localhost:${port}", upstream: "http://127.0.0.1:1", rules: [{ access: mfa }], forwardAuth: { secret: "${frontSecret}" } }
  - { id: open, url: "http://open.localhost:${port}", upstream: "http://127.0.0.1:1", rules: [{ access: public }], forwardAuth: { secret: "${other}" } }`
    })
    const careless = example('nginx-auth-request.conf')
      .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
      .replace(/^ *ssl_certificate.*\n/gm, '')
      .replace('set $public notebooks.lab.example', 'set $public $http_host')
      .replace('127.0.0.1:8443', `127.0.0.1:${gate.port}`)
      .replace('127.0.0.1:8888', `127.0.0.1:${app.port}`)
      .replaceAll(exampleSecret, frontSecret)
    await startNginx(t, careless, port)
    for (const host of [`open.localhost:${port}`, `nginx.localhost:${port}`]) {
      const said = await askAt(port, 'GET', `http://${host}/data`)
      t.equal(said.status, host.startsWith('open') ? 403 : 401, host)
    }
    t.equal(app.requests.length, 0)
  }
)
