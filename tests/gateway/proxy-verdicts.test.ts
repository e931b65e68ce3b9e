/**
 * What a client can do to the questions between a proxy and the gate: ask them itself, take headers out of what follows, and reach the gate's own
 * pages. With the examples in real proxies.
 */
import net from 'node:net'
import t, { type Test } from 'tap'
import { ask, navigation, startGateway, tokenAt } from '../fixtures/in-process/gateway.ts'
import { ok, startUpstream, type Upstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { freePort, portsFor } from '../fixtures/process/free-port.ts'
import { example, frontSecret, fronts } from '../fixtures/process/front-examples.ts'
import { hasProgram } from '../fixtures/process/proxies.ts'

const login = 'Basic YWxpY2U6aGVyIHBhc3N3b3Jk'
const shared = 'a-secret-between-gate-and-app'
const here = Object.keys(fronts).filter(hasProgram)

/** Each proxy with its example, a gate, and somebody who is signed in. */
async function started(t: Test) {
  const ports = await portsFor(here)
  const gate = await startGateway(t, {
    extra: 'trustedProxies: ["127.0.0.1"]',
    apps: here
      .map(
        name => `  - id: ${name}
    url: "http://${name}.localhost:${ports.get(name)}"
    upstream: "http://127.0.0.1:1"
    assertion: true
    forwardAuth: { secret: "${frontSecret}" }
    identityHeaders: { profile: remote-user, secretHeader: X-Gate-Secret, secret: "${shared}", secretInVerdict: true }
    upstreamLogin: { kind: basic, per: person, inVerdict: true }
    rules: [{ access: mfa }]
`
      )
      .concat(
        '  - { id: open, url: "http://open.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ access: public }] }\n'
      )
      .concat(
        here.map(
          name =>
            `  - { id: ${name}-1, url: "http://${name}.localhost:1", upstream: "http://127.0.0.1:1", rules: [{ access: public }] }\n`
        )
      )
      .join('')
  })
  const alice = await gate.account('alice')
  const { principal } = await gate.signIn(alice)
  const { sessions, upstreamLogins } = gate.server.runtime
  return Promise.all(
    here.map(async name => {
      const port = ports.get(name) as number
      const app: Upstream = await startUpstream(t, socket => socket.write(ok))
      await (fronts[name] as (typeof fronts)[string])(t, { port, gate: gate.port, app: `127.0.0.1:${app.port}` })
      await upstreamLogins.store(alice.id, name, login)
      const host = `${name}.localhost:${port}`
      const cookie = `factorgate=${await tokenAt(sessions, principal, host)}`
      const through = (target: string, headers: Record<string, string> = {}, method = 'GET') =>
        ask(port, method, `http://${host}${target}`, { cookie, ...headers })
      return { name, host, app, gate, through }
    })
  )
}

/** The first line of the answer to these bytes. */
function line(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', part => {
      said += part.toString('latin1')
    })
    socket.on('error', reject).on('close', () => resolve(said.split('\r\n')[0] ?? ''))
  })
}

t.test('U5: a person asks for the verdict through the proxy: no header of it is theirs to read', async t => {
  for (const { name, host, app, through } of await started(t)) {
    const before = app.requests.length
    const ways: Record<string, string>[] = [
      {},
      { 'X-Original-URL': `http://${host}/x`, 'X-Original-Method': 'GET' },
      { 'X-Forwarded-Uri': '/x', 'X-Forwarded-Host': host, 'X-Forwarded-Method': 'GET' }
    ]
    const targets = [
      '/.factorgate/auth',
      '/.factorgate/auth/',
      '/.factorgate/auth/x',
      '/.factorgate/auth?x',
      '/.factorgate/auth/../auth/x',
      '/.factorgate/%61uth/x',
      '/.factorgate/./auth/x',
      '/.factorgate//auth/x',
      '/.factorgate/AUTH/x'
    ]
    for (const target of targets)
      for (const way of ways)
        for (const method of ['GET', 'POST', 'HEAD']) {
          const said = await through(target, { ...navigation, ...way }, method)
          const what = `${name}: ${method} ${target} ${Object.keys(way)[0] ?? ''}`
          t.ok(said.status === 403 || said.status === 404 || said.status === 400, `${what}: ${said.status}`)
          const all = JSON.stringify([said.headers, said.body])
          t.notMatch(all, new RegExp(`${login.slice(6)}|${shared}|remote-user|eyJ[\\w-]+\\.`, 'i'), what)
        }
    t.equal(app.requests.length, before)
    const permitted = await through('/data')
    t.equal(permitted.status, 200, name)
    t.notMatch(
      JSON.stringify(permitted.headers),
      new RegExp(`${login.slice(6)}|${shared}|remote-user|eyJ[\\w-]+\\.`, 'i'),
      name
    )
  }
})

t.test('U5: a balancer of trustedProxies passes everything on: nobody reads the shared secret of an app', async t => {
  const gate = await startGateway(t, {
    extra: 'trustedProxies: ["127.0.0.1"]',
    apps: `  - { id: galaxy, url: "http://galaxy.localhost:PORT", upstream: "http://127.0.0.1:1", identityHeaders: { profile: galaxy, secret: "${shared}" }, rules: [{ path: /open/**, access: public }, { access: mfa }] }`
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'galaxy')
  const origin = gate.origin('galaxy')
  for (const headers of [{}, { cookie: cookies.galaxy as string }])
    for (const path of ['/open/x', '/data']) {
      const asked = { 'x-original-url': `${origin}${path}`, 'x-original-method': 'GET' }
      for (const [url, more] of [
        [`/.factorgate/auth${path}`, {}],
        ['/.factorgate/auth', asked]
      ] as const) {
        const said = await gate.request('GET', `${origin}${url}`, { ...headers, ...more })
        t.notMatch(JSON.stringify([said.headers, said.body]), shared, `${said.status} ${url}`)
        if (said.status === 200)
          t.equal(said.headers['gx-secret'], '', 'what a client claims under its name is removed')
      }
    }
})

t.test('FIELD A1 the gate’s own pages open through each proxy, so that people can sign in', async t => {
  for (const { name, host, gate, through } of await started(t)) {
    const to = (path: string) => `${gate.portal}${path}`
    t.match(
      await through('/.factorgate/account', navigation),
      { status: 302, headers: { location: to('/.factorgate/account') } },
      name
    )
    t.match(await through('/.factorgate/assets/page.css'), { status: 200, headers: { 'content-type': /css/ } }, name)
    // The way back from a sign-in; this one was begun nowhere.
    const back = await through('/.factorgate/callback?code=x', navigation)
    t.match([back.status, back.headers['factorgate-error']], [403, 'form_expired'], `${name} ${host}`)
  }
})

t.test('H8: a client names another app’s host: the proxy’s own app is not reached by that app’s rules', async t => {
  for (const { name, host, app, gate } of await started(t)) {
    const port = Number(host.split(':')[1])
    const open = `open.localhost:${gate.port}`
    for (const [target, named] of [
      ['/data', open],
      [`http://${open}/data`, open],
      [`http://${host}/data`, open],
      [`http://${open}/data`, host],
      ['/data', `${name}.localhost:1`],
      ['/data', `${name.toUpperCase()}.localhost:1`]
    ] as const) {
      // Its rules know no ports, so docs/forward-auth.md forbids a second app of this name there.
      if (name === 'traefik' && named.endsWith(':1')) continue
      const said = await line(port, `GET ${target} HTTP/1.1\r\nHost: ${named}\r\nConnection: close\r\n\r\n`)
      t.equal(app.requests.length, 0, `${name}: ${target} for ${named}: ${said}`)
    }
  }
})

t.test('FIELD A1 no client takes out who it is by naming the headers in `Connection`', async t => {
  for (const { name, host, app, through } of await started(t)) {
    const whole = async (headers: Record<string, string>) => {
      const seen = app.request()
      const before = app.requests.length
      const { status } = await through('/data', headers)
      // Envoy takes no request that names these headers.
      if (name === 'envoy' && status === 400) {
        t.equal(app.requests.length, before, 'the app is not asked')
        return null
      }
      t.equal(status, 200, name)
      return seen
    }
    for (const connection of [
      'Remote-User, Remote-Groups, X-Factorgate-Assertion, X-Forwarded-For, X-Gate-Secret, Authorization',
      'close, remote-user',
      'X-Remote-User'
    ]) {
      const request = await whole({ connection, 'X-Remote-User': 'root' })
      if (request === null) continue
      t.same(valuesOf(request, 'remote-user'), ['alice'], `${name}: ${connection}`)
      t.same(valuesOf(request, 'remote-groups'), ['researchers'], name)
      // Traefik adds its own client, and Envoy names one on its own machine by another address.
      if (name !== 'envoy') t.match(valuesOf(request, 'x-forwarded-for'), [/^127\.0\.0\.1(?:, 127\.0\.0\.1)?$/], name)
      t.match(valuesOf(request, 'x-factorgate-assertion').join(), /^eyJ/, name)
      t.same(valuesOf(request, 'x-remote-user').join(''), '', `${name}: and what it claims stays out`)
    }
    const socket = await whole({
      connection: 'Remote-User, Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'sec-websocket-version': '13',
      origin: `http://${host}`
    })
    if (socket === null) continue
    t.same(valuesOf(socket, 'remote-user'), ['alice'], `${name}: a socket`)
    t.match(valuesOf(socket, 'connection').join(), /upgrade/i, name)
  }
})

t.test('a gate that is away is no refusal of the person, and nothing reaches the app', async t => {
  for (const name of here) {
    const [port, gate] = [await freePort(), await freePort()]
    const app = await startUpstream(t, socket => socket.write(ok))
    await (fronts[name] as (typeof fronts)[string])(t, { port, gate, app: `127.0.0.1:${app.port}` })
    const { status } = await ask(port, 'GET', `http://${name}.localhost:${port}/data`, {})
    t.ok(status >= 500, `${name}: ${status}`)
    t.equal(app.connections.length, 0, name)
  }
})

t.test('U5: the examples for Traefik and Envoy keep verdicts to themselves too', async t => {
  const [gateRouter = ''] = example('traefik.toml')
    .split(/^(?=\[)/m)
    .filter(part => part.startsWith('[http.routers.notebooks-gate]'))
  t.match(gateRouter, '!PathPrefix(`/.factorgate/auth`)')
})
