/**
 * The forward-auth examples in real proxies (nginx, Caddy, HAProxy, Traefik, Envoy), with a recorder as the app. A refused request never
 * reaches the app, and neither does a header that only the gate may send.
 */
import http from 'node:http'
import t from 'tap'
import { parse } from 'yaml'
import { namedForProxies } from '../../plugins/verdict-headers.ts'
import { isClaim, looksLikeClaim } from '../../src/forwarding/claims.ts'
import { traefikExample } from '../../src/forwarding/print-claims.ts'
import { ask, navigation, startGateway, tokenAt } from '../fixtures/in-process/gateway.ts'
import {
  ok,
  type Recorded,
  type Script,
  startUpstream,
  type Upstream,
  valuesOf
} from '../fixtures/in-process/upstream.ts'
import { freePort, portsFor } from '../fixtures/process/free-port.ts'
import { example, frontSecret, fronts } from '../fixtures/process/front-examples.ts'
import { hasProgram } from '../fixtures/process/proxies.ts'
import { mayInstall } from '../setup/machine.mjs'

/** Names that nginx itself drops. */
const isDropped = (name: string) => !/^[a-z0-9-]+$/i.test(name)

/** Headers that the proxy itself sets for the original request; sent by a client, they lead to a refusal. */
const originals = /^x-(?:original-(?:url|method)|forwarded-(?:uri|method|host|for))$|method|assertion/
/** Claims of a client, in portions that servers accept. Some have names that no example lists. */
const claims: Record<string, string>[] = [
  {
    'X-Forwarded-For': '10.0.0.1',
    'X-HTTP-Method-Override': 'GET',
    'X-HTTP-Method': 'GET',
    'X-Method-Override': 'GET',
    'X-Factorgate-Assertion': 'forged',
    Remote_User: 'forged',
    X_Real_IP: 'forged',
    X_HTTP_Method_Override: 'GET',
    'Remote.User': 'forged'
  }
]
const names = namedForProxies.filter(name => !originals.test(name))
for (let i = 0; i < names.length; i += 40)
  claims.push(Object.fromEntries(names.slice(i, i + 40).map(name => [name, 'forged'])))

/** Claims that are in no list of names, so nginx cannot remove them. */
const odd =
  `Fly-Client-IP X-Source-IP X-Azure-ClientIP X-Peer-Cert X-Peer-Certificate-Chain Path-Info $WSRU X*Remote*User --Remote-User X-Auth-Whoever
  X-Http-Remote-Anything REDIRECT_X_User HTTP_X_Eppn X-Jwt-Claim-Sub X-Lab-Upn X.Real.IP Saml-Role X-Forwarded-Anything X-My-Person`.split(
    /\s+/
  )
/** How many names Caddy's example removes from a request. */
const maxClaims = 64
/** Headers that only look like claims. */
const plain = { 'Sec-Fetch-User': '?1', 'X-Auth-Token': 'mine', 'X-Amz-Meta-Owner-User': 'mine' }

/** With these a server registers keys of browsers, and asks for proofs; the last two are older names of them. */
const deviceHeaders = [
  'secure-session-registration',
  'secure-session-challenge',
  'sec-session-registration',
  'sec-session-challenge'
]
const lines = deviceHeaders.map(name => `${name.toUpperCase()}: (ES256);path="/x";challenge="y"\r\n`).join('')
const withKeys = ok.replace('\r\n', `\r\nX-App: here\r\n${lines}`)
/** What the gate may say to somebody who is refused. */
const refusalHeaders = {
  'content-type': 'text/html',
  'content-security-policy': "default-src 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
  location: 'http://gate.localhost/x',
  'factorgate-error': 'sign_in_required',
  'retry-after': '2'
}
const refusalLines = Object.entries(refusalHeaders).map(([name, value]) => `${name}: ${value}\r\n`)
const refusal = `HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n${refusalLines.join('')}${lines}\r\nno`
const answerOf: Script = (socket, request) => socket.write(request.line.startsWith('GET /keys ') ? withKeys : ok)

/** Traefik names itself behind the client; Envoy names a client of its own machine by an address of that machine. */
const forwardedFor: Record<string, RegExp> = {
  traefik: /^127\.0\.0\.1, 127\.0\.0\.1$/,
  envoy: /^(?!10\.0\.0\.1$)\d+(?:\.\d+){3}$/
}
/** No Debian package has these, so they may be missing where programs may be installed. */
const fromPython = Object.keys(forwardedFor)
/** These pass on what their client says of an original request, and the gate refuses two that differ. */
const refuses = (name: string, status: number) => status === 403 || (status === 400 && fromPython.includes(name))

const socketLines = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version': '13'
}

t.test(
  'FIELD A1 each proxy asks the gate, follows the verdict, and passes on no header that only the gate may set',
  async t => {
    const here = Object.keys(fronts).filter(hasProgram)
    for (const name of Object.keys(fronts))
      if (!here.includes(name) && !fromPython.includes(name)) {
        t.equal(mayInstall(), null, `${name} is not here, and nothing may be installed: it is not asked`)
      }
    const ports = await portsFor(here)
    const apps = new Map<string, Upstream>()
    for (const name of here) apps.set(name, await startUpstream(t, answerOf))
    const gate = await startGateway(t, {
      extra: 'trustedProxies: ["127.0.0.1"]',
      apps: here
        .map(
          name => `  - id: ${name}
    url: "http://${name}.localhost:${ports.get(name)}"
    upstream: "http://127.0.0.1:1"
    assertion: ${name === 'haproxy'}
    addHeaders: { X-My-Person: nobody }
    forwarded: true
    forwardAuth: { secret: "${frontSecret}" }
    rules:
      - { path: /public/**, access: public }
      - { path: /admin/**, access: deny }
      - { path: /drop/**, methods: [GET, HEAD, POST], access: mfa }
      - { path: /drop/**, access: deny }
      - { access: mfa }
`
        )
        .join('')
    })
    const alice = await gate.account('alice')
    const { principal } = await gate.signIn(alice)
    const { sessions } = gate.server.runtime

    for (const name of here) {
      t.test(name, async t => {
        const port = ports.get(name) as number
        const app = apps.get(name) as Upstream
        const host = `${name}.localhost:${port}`
        const start = fronts[name] as (typeof fronts)[string]
        await start(t, { port, gate: gate.port, app: `127.0.0.1:${app.port}` })
        const token = await tokenAt(sessions, principal, host)
        const cookie = `factorgate=${token}`
        const through = (target: string, headers: Record<string, string> = {}, method = 'GET') =>
          ask(port, method, `http://${host}${target}`, headers)
        const recorded = async (target: string, headers: Record<string, string>, method = 'GET'): Promise<Recorded> => {
          const seen = app.request()
          const answer = await through(target, headers, method)
          if (answer.status !== 200)
            throw new Error(`${method} ${target}: ${answer.status} ${answer.body.slice(0, 300)}`)
          return seen
        }

        t.test('a person comes through, named by the gate alone', async t => {
          for (const claim of claims) {
            const request = await recorded('/data?x=1', { cookie: `a=b; ${cookie}`, ...claim })
            t.equal(request.line, 'GET /data?x=1 HTTP/1.1')
            t.same(valuesOf(request, 'remote-user'), ['alice'])
            t.same(valuesOf(request, 'remote-groups'), ['researchers'])
            t.match(valuesOf(request, 'x-forwarded-for'), [forwardedFor[name] ?? '127.0.0.1'])
            t.same(valuesOf(request, 'cookie'), ['a=b'])
            const left = request.headers.filter(([, value]) => value.includes('forged'))
            t.same(left, [], 'nothing of what was claimed arrives')
            const assertion = valuesOf(request, 'x-factorgate-assertion').join('')
            t.match(assertion, name === 'haproxy' ? /^[\w-]+\.[\w-]+\.[\w-]+$/ : /^$/)
          }
          const nobody = await recorded('/public/x', { 'Remote-User': 'root', 'X-Factorgate-Assertion': 'forged' })
          t.notMatch(nobody.raw.toString('latin1'), /root|forged/)
        })

        t.test('an app registers no key of a browser', async t => {
          const answer = await through('/keys', { cookie })
          t.equal(answer.status, 200)
          t.equal(answer.headers['x-app'], 'here', 'what else the app says arrives')
          for (const header of deviceHeaders) t.notOk(header in answer.headers, header)
        })

        t.test('a claim under a name that nobody wrote down does not come through either', async t => {
          const before = app.requests.length
          for (const claim of odd)
            if (name === 'nginx') {
              const answer = await through('/data', { cookie, [claim]: 'forged' })
              t.ok(answer.status === 403 || answer.status === 400 || isDropped(claim), `${claim}: ${answer.status}`)
            } else
              t.notMatch(
                (await recorded('/data', { cookie, [claim]: 'forged' })).raw.toString('latin1'),
                /forged/,
                claim
              )
          t.notMatch(
            app.requests
              .slice(before)
              .map(one => one.raw.toString('latin1'))
              .join('\n'),
            /forged/
          )
          const request = await recorded('/data', { cookie, ...plain })
          for (const [header, value] of Object.entries(plain)) t.same(valuesOf(request, header.toLowerCase()), [value])
          if (name !== 'caddy') return
          const many = Array.from({ length: maxClaims + 1 }, (_, i) => [`X-${i}-User`, 'forged'])
          t.notMatch(
            (await recorded('/data', { cookie, ...Object.fromEntries(many.slice(10)) })).raw.toString('latin1'),
            /forged/
          )
          t.equal((await through('/data', { cookie, ...Object.fromEntries(many) })).status, 403, 'too many to name')
        })

        t.test('the app never has a cookie of ours, wherever it stands', async t => {
          const lines = [
            [cookie, ''],
            [`${cookie}; theme=dark`, 'theme=dark'],
            [`theme=dark; ${cookie}`, 'theme=dark'],
            [`a=1;${cookie};b="x;y"`, 'a=1;b="x;y"'],
            [`a="q"; factorgate-nonce=AAAAAAAAAAAAAAAAAAAAAA; ${cookie}; factorgate-known=x; z=`, 'a="q"; z='],
            [`x=1; FactorGate=${token}; ${cookie}; __Host-factorgate-8443=${token}`, 'x=1'],
            [`a=1, factorgate=${token};${cookie}`, 'a=1']
          ] as const
          for (const [sent, expected] of lines) {
            const request = await recorded('/data', { cookie: sent })
            t.equal(valuesOf(request, 'cookie').join(), expected, sent.replaceAll(token, '…'))
            t.notMatch(request.raw.toString('latin1'), token)
          }
          const before = app.requests.length
          t.not(
            (await through('/data', { cookie: `${cookie}; ${cookie}` })).status,
            200,
            'of two nobody knows which is ours'
          )
          t.equal(app.requests.length, before)
        })

        t.test('another method is judged, and does not arrive', async t => {
          for (const header of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'x-method-override']) {
            for (const method of ['DELETE', 'delete', 'PUT'])
              t.equal(
                (await through('/drop/x', { cookie, [header]: method }, 'POST')).status,
                403,
                `${header}: ${method}`
              )
            const request = await recorded('/data', { cookie, [header]: 'DELETE' }, 'POST')
            t.same(valuesOf(request, header), [''].slice(valuesOf(request, header).length === 0 ? 1 : 0))
          }
          for (const query of [
            '_method=DELETE',
            'a=b&_method=delete',
            '%5fmethod=DELETE',
            'a;_METHOD=DELETE',
            '.method=DELETE'
          ])
            t.equal((await through(`/drop/x?${query}`, { cookie }, 'POST')).status, 403, query)
          await recorded('/drop/x?_method=list', { cookie }, 'POST')
        })

        t.test('a stranger is sent to sign in, a denied path stays denied, whatever is said besides', async t => {
          const before = app.bytes().length
          const stranger = await through('/data', navigation)
          t.equal(stranger.status, 302)
          t.match(stranger.headers.location, `${gate.portal}/.factorgate/login?rd=`)
          t.match(stranger.headers['set-cookie']?.[0], /^factorgate-nonce/)
          const additions: Record<string, string>[] = [
            {},
            { 'X-Original-URL': `http://${host}/public/x`, 'X-Original-Method': 'GET' },
            { 'X-Forwarded-Uri': '/public/x', 'X-Forwarded-Host': host, 'X-Forwarded-Method': 'GET' },
            { 'X-Forwarded-For': '10.0.0.1', 'X-Original-URI': '/public/x', 'X-Rewrite-URL': '/public/x' }
          ]
          for (const added of additions) {
            for (const target of ['/admin/x', '/public/../admin/x', '//admin/x', '/ADMIN/x', '/public/..%2fadmin/x'])
              t.ok(
                refuses(name, (await through(target, { cookie, ...added })).status),
                `${target} ${JSON.stringify(added)}`
              )
            t.ok(refuses(name, (await through('/drop/x', { cookie, ...added }, 'DELETE')).status))
            t.not((await through('/data', added)).status, 200)
          }
          const foreign = await through('/ws', { cookie, ...socketLines, Origin: 'https://evil.test' })
          t.equal(foreign.status, 403, 'a socket from another site')
          for (const place of ['/admin/y', `http://${host}/admin/y`])
            t.equal((await through('/x', { cookie, Destination: place }, 'MOVE')).status, 403, `MOVE to ${place}`)
          t.equal(app.bytes().length, before, 'nothing upstream')
        })

        t.test('FIELD F17 what is refused has a page that leads on, or JSON for a script', async t => {
          const form = { ...navigation, 'sec-fetch-site': 'same-origin', referer: `http://${host}/write` }
          const lost = await through('/write', { ...form, 'content-type': 'application/x-www-form-urlencoded' }, 'POST')
          t.match([lost.status, lost.body], [401, /did not get what you sent/])
          t.match(lost.body, encodeURIComponent(`http://${host}/write`), 'the way back')
          t.equal(lost.headers['set-cookie'], undefined)
          const denied = await through('/admin/x', { ...navigation, cookie })
          t.equal(denied.status, 403)
          // nginx answers a refusal with a page of its own.
          if (name !== 'nginx') t.match(denied.body, /<!doctype html>.*Sign in as somebody else/s)
          const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }
          for (const method of ['GET', 'POST', 'DELETE']) {
            const refused = await through('/data', { ...script, referer: `http://${host}/page` }, method)
            t.match([refused.status, JSON.parse(refused.body).error], [401, { code: 'sign_in_required' }], method)
          }
        })

        t.test('a socket of the app’s own page opens, without our cookie', async t => {
          const request = await recorded('/ws', { cookie: `${cookie}; a=b`, ...socketLines, Origin: `http://${host}` })
          t.same(valuesOf(request, 'cookie'), ['a=b'])
          t.match(valuesOf(request, 'upgrade').join(), /websocket/i)
        })

        t.test('connections to the app are kept', async t => {
          const before = app.connections.length
          const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
          t.teardown(() => agent.destroy())
          for (let i = 0; i < 4; i++)
            await new Promise<void>((resolve, reject) => {
              const request = http.get({ host: '127.0.0.1', port, path: '/data', agent, headers: { host, cookie } })
              request.on('response', response => response.resume().on('end', resolve)).on('error', reject)
            })
          t.ok(app.connections.length - before <= 1, `${app.connections.length - before} new ones for four requests`)
        })
      })
    }
  }
)

t.test('FIELD A1 what the gate itself says of device keys reaches the browser through each proxy', async t => {
  for (const name of Object.keys(fronts).filter(hasProgram)) {
    const port = await freePort()
    const [gate, app] = [
      await startUpstream(t, (socket, { line }) =>
        socket.write(/ \/\.factorgate\/auth/.test(line) ? refusal : withKeys)
      ),
      await startUpstream(t, answerOf)
    ]
    const start = fronts[name] as (typeof fronts)[string]
    await start(t, { port, gate: gate.port, app: `127.0.0.1:${app.port}` })
    for (const [method, target] of [
      ['POST', '/.factorgate/device/refresh'],
      ['POST', '/.factorgate/device/register'],
      ['GET', '/.factorgate/']
    ] as const) {
      const answer = await ask(port, method, `http://${name}.localhost:${port}${target}`, {})
      t.equal(answer.status, 200, `${name}: ${method} ${target}`)
      for (const header of deviceHeaders) t.equal(answer.headers[header], '(ES256);path="/x";challenge="y"', header)
    }
    const refused = await ask(port, 'GET', `http://${name}.localhost:${port}/data`, {})
    t.match(refused, { status: 401, body: 'no', headers: refusalHeaders }, `${name}: a refusal arrives whole`)
    t.same(refused.headers['set-cookie']?.toSorted(), ['a=1', 'b=2'], name)
    for (const header of deviceHeaders) t.ok(header in refused.headers, `${name}: ${header} of a refusal`)
    t.equal(app.connections.length, 0, `${name}: the app is not asked`)
  }
  const routers = example('traefik.toml').split(/^(?=\[)/m)
  const of = (router: string) => routers.find(part => part.startsWith(`[http.routers.${router}]`)) ?? ''
  t.match(of('notebooks'), /^middlewares = \[.*"no-device-keys".*\]$/m, 'Traefik removes them from what the app says')
  t.match(of('notebooks-gate'), /^service = "factorgate"$/m)
  t.notMatch(of('notebooks-gate'), /middlewares/, 'and not from what the gate says')
})

t.test('FIELD A1 the verdict itself says what goes in and what comes out, for proxies that are not here', async t => {
  const gate = await startGateway(t, {
    extra: 'trustedProxies: ["127.0.0.1"]',
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:1", assertion: true, identityHeaders: { user: X-WEBAUTH-USER, name: X-Lab-Person, secretHeader: X-Gate-Key, secret: a-secret-of-this-app }, addHeaders: { X-Gate: yes } }`
  })
  const alice = await gate.account('alice')
  const { cookies } = await gate.signIn(alice, 'one')
  const url = `${gate.origin('one')}/.factorgate/auth/data`
  const claimed = { X_Remote_User: 'root', 'X-Webauth_User': 'root', 'x-gate': 'no', 'X-Auth-Token': 'mine' }
  const yes = await gate.request('GET', url, { cookie: `a=b; ${cookies.one}`, ...claimed })
  t.equal(yes.status, 200)
  t.match(yes.headers, { cookie: 'a=b', 'x-webauth-user': 'alice', 'x-forwarded-for': '127.0.0.1' })
  for (const name of ['x_remote_user', 'x-webauth_user', 'x-gate', 'x-http-method-override', 'x-real-ip'])
    t.equal(yes.headers[name], '', name)
  t.equal(
    yes.headers['x-auth-token'],
    'mine',
    'a secret that the app checks itself stays, also where a proxy took it out'
  )
  t.match(yes.headers['x-factorgate-assertion'], /^[\w-]+\.[\w-]+\.[\w-]+$/)
  const removed = (yes.headers['x-envoy-auth-headers-to-remove'] as string).split(',')
  for (const name of ['x_remote_user', 'x-webauth_user', 'x-gate']) t.ok(removed.includes(name), name)
  t.notOk(removed.includes('cookie'))
  const bare = await gate.request('GET', url, { cookie: cookies.one })
  t.equal(bare.headers.cookie, '')
  t.ok((bare.headers['x-envoy-auth-headers-to-remove'] as string).split(',').includes('cookie'))

  const traefik = { 'x-forwarded-uri': '/data', 'x-forwarded-host': new URL(url).host, 'x-forwarded-method': 'GET' }
  for (const more of [{}, { 'factorgate-out': '64' }])
    t.equal(
      (
        await gate.request('GET', url.replace('/data', ''), {
          ...traefik,
          cookie: cookies.one,
          'x-lab-person': 'root',
          ...more
        })
      ).status,
      403,
      'Traefik removes what looks like a claim, and no name of this app’s own'
    )
  const withSecret = { ...traefik, cookie: cookies.one, 'x-gate-key': 'a-secret-of-this-app' }
  t.equal(
    (await gate.request('GET', url.replace('/data', ''), withSecret)).status,
    200,
    'Traefik may add the secret of the app itself, before it asks'
  )
  const agreeing = { 'x-original-url': `${gate.origin('one')}/data`, 'x-original-method': 'GET' }
  for (const more of [{}, agreeing]) {
    const forged = await gate.request('GET', url, { cookie: cookies.one, 'X-WEBAUTH-USER': 'root', ...more })
    t.equal(forged.status, 403, 'Envoy replaces it only if its operator has added the name, so nobody may send it')
  }
  t.match(gate.log.at(-1)?.msg, /would let through, x-webauth-user\./)
  const replaced = { 'remote-user': 'root', 'x-forwarded-for': '10.0.0.1', authorization: 'Basic YTpi' }
  t.equal((await gate.request('GET', url, { cookie: cookies.one, ...replaced })).status, 200)

  const nginx = { 'x-original-url': `${gate.origin('one')}/data`, 'x-original-method': 'GET', cookie: cookies.one }
  const auth = `${gate.origin('one')}/.factorgate/auth`
  t.equal((await gate.request('GET', auth, { ...nginx, 'x-pomerium-claim-user': 'root' })).status, 200)
  t.equal(
    (await gate.request('GET', auth, { ...nginx, 'x-pomerium-claim-odd': 'root' })).status,
    403,
    'nginx cannot take it out'
  )
  const said = () => gate.log.map(line => String(line.msg)).join('\n')
  t.match(
    said(),
    /refused: .*would let through, x-pomerium-claim-odd\./,
    'and the administrator reads which header it was'
  )
  t.equal((await gate.request('GET', auth, { ...nginx, 'x-gate': 'no' })).status, 403, 'nor a name of this app’s own')
  const lone = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "http://127.0.0.1:1" }`
  })
  t.equal((await lone.request('GET', `${lone.origin('one')}/.factorgate/auth`, nginx)).status, 403)
  t.match(lone.log.map(line => String(line.msg)).join('\n'), /127\.0\.0\.1 asked .* not in trustedProxies/)
})

/** The `http_service` of Envoy's filter. */
function envoyFilter() {
  const { listeners } = parse(example('envoy.yaml')).static_resources
  const [filter] = listeners[0].filter_chains[0].filters[0].typed_config.http_filters
  return filter.typed_config.http_service
}

t.test('FIELD A1 the examples name every header that matters', async t => {
  t.ok(namedForProxies.length > 100)
  const nginx = example('nginx-auth-request.conf').toLowerCase()
  const caddy = example('Caddyfile')
  t.equal(caddy.match(/request_header -\{rp\.header\.Factorgate-Out-\d+\}/g)?.length, maxClaims)
  t.ok(caddy.indexOf(`Factorgate-Out-${maxClaims}}`) < caddy.indexOf('request_header Cookie'), 'out before in')
  t.equal(example('traefik.toml'), traefikExample(example('traefik.toml')), 'npm run docs writes the pattern')
  const traefik = new RegExp(
    /authResponseHeadersRegex = '\(\?i\)(.*)'/.exec(example('traefik.toml'))?.[1] as string,
    'i'
  )
  const parts =
    'x http redirect user auth token real client ip cert claims sec fetch remote name id forwarded for factorgate dn agent'.split(
      ' '
    )
  let seed = 1
  const next = (most: number) => {
    seed = (seed * 48_271) % 0x7fffffff
    return seed % most
  }
  for (let i = 0; i < 20_000; i++) {
    const name = Array.from(
      { length: 1 + next(4) },
      () => `${parts[next(parts.length)]}${'-_.$*'[next(9)] ?? ''}`
    ).join('')
    if (looksLikeClaim(name) !== traefik.test(name)) t.fail(`Traefik: ${name}`)
    if (isClaim(name) && !traefik.test(name)) t.fail(`Traefik lets ${name} through`)
  }
  for (const name of namedForProxies) {
    t.ok(nginx.includes(`proxy_set_header ${name} `), `nginx: ${name}`)
    t.match(name, traefik, `Traefik: ${name}`)
    t.match(name.replaceAll('-', '_'), traefik, `Traefik: ${name} with underscores`)
  }
  for (const name of odd.slice(0, -1)) t.match(name, traefik, `Traefik, which is not refused: ${name}`)
  for (const name of [
    'accept',
    'authorization',
    'x-csrf-token',
    'x-requested-with',
    'x-xsrftoken',
    'client-id',
    'x-client-version',
    'x-user-agent',
    'range',
    'if-none-match',
    'user-agent',
    'destination'
  ]) {
    t.notMatch(name, traefik, `Traefik lets ${name} be`)
    t.notOk(nginx.includes(`proxy_set_header ${name} `), `nginx lets ${name} be`)
  }
  const envoy = envoyFilter()
  t.same(
    envoy.authorization_request.allowed_headers.patterns,
    [{ safe_regex: { regex: '.*' } }],
    'the gate sees every header'
  )
  const upstream = envoy.authorization_response.allowed_upstream_headers.patterns
  t.ok(
    upstream.some((pattern: { prefix?: string }) => pattern.prefix === 'x-forwarded-'),
    'Envoy: what the gate says of the public address replaces what a client says'
  )
  for (const exact of ['cookie', 'forwarded', 'x-factorgate-assertion', 'x-envoy-auth-headers-to-remove'])
    t.ok(
      upstream.some((pattern: { exact?: string }) => pattern.exact === exact),
      `Envoy: ${exact}`
    )
})
