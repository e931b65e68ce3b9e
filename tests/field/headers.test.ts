/** FIELD A9, F4, F14, F22: which header lines reach an app, which are translated on the way, and what browsers hear of inside addresses. */
import t, { type Test } from 'tap'
import { verdictHeaders } from '../../plugins/verdict-headers.ts'
import { isClaim } from '../../src/forwarding/claims.ts'
import { startUpstream, type Upstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { at, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

/** Header names of products, by where they come from. */
const claims: Readonly<Record<string, string>> = {
  'the row itself': 'Auth-User SM_USER iv-user X-Consumer-Username Cas-User X-User HTTP_REMOTE_USER',
  SiteMinder: 'SM_USERDN SM-Universalid HTTP_SM_AUTHDIRNAME SM_SERVERSESSIONID SMUSER',
  WebSEAL: 'iv-groups iv_creds iv-server-name iv-remote-address am-eai-user-id',
  'Oracle, Osso, WebLogic, WebSphere':
    'OAM_REMOTE_USER OAM-Groups Osso-User-Dn OBLIX_UID WL-Proxy-Client-Cert $WSRU $WSCC',
  'Kong, APISIX':
    'X-Consumer-Custom-ID X-Credential-Identifier X-Anonymous-Consumer X-Userinfo X-ID-Token X-Consumer-Groups',
  'CAS, Shibboleth, Mellon':
    'Cas-Attributes eppn AJP_eppn Shib-Session-ID unscoped-affiliation persistent-id MELLON_uid',
  'Shibboleth attributes':
    'mail displayName givenName cn uid isMemberOf X-Remote-User-Persistent-ID REDIRECT_REMOTE_USER',
  OpenID:
    'OIDC_CLAIM_email OIDC-Access-Token X-OIDC-Userinfo X-Token-Subject X-JWT-Assertion X-Jwt-Claim-Sub Keycloak-User',
  'oauth2-proxy and kin':
    'X-Auth-Request-User GAP-Auth X-Forwarded-Email X-Vouch-IdP-Claims-Groups Remote-Email X-authentik-uid',
  'Pomerium, Tailscale': 'X-Pomerium-Claim-Email X-Pomerium-Jwt-Assertion Tailscale-User-Login Tailscale-Name',
  'cloud services':
    'Cf-Access-Authenticated-User-Email X-Goog-Authenticated-User-ID X-MS-CLIENT-PRINCIPAL X-MS-CLIENT-PRINCIPAL-NAME X-Amzn-Oidc-Data X-Amzn-Mtls-Clientcert-Subject X-AppEngine-User-Email X-Apigateway-Api-Userinfo X-Endpoint-API-UserInfo X-MS-Token-AAD-Id-Token',
  'IIS, ASP.NET': 'LOGON_USER AUTH_USER X-iisnode-AUTH_USER MS-ASPNETCORE-WINAUTHTOKEN X-ARR-ClientCert HTTP_AUTH_USER',
  certificates:
    'SSL_CLIENT_S_DN Ssl-Client-Cert X-SSL-Client-Verify X-Client-Cert X-Client-Dn Client-Cert X-Forwarded-Client-Cert X-Forwarded-Tls-Client-Cert-Info X-Client-Certificate X-TLS-Client-CN X-Subject-Dn',
  'apps that read any name':
    'X-User-Email X-User-ID User-Name X-Username X-Email X-Groups X-Roles X-WEBAUTH-USER X-SSO-User X-Acme-User X-RemoteUser es-security-runas-user X-ProxiedEntitiesChain X-RStudio-Username X-Hass-User-Id X-Crowd-Username X-NetID Impersonate-User Impersonate-Extra-Scopes X-On-Behalf-Of X-Is-Admin X-Full-Name',
  'words run together, and mTLS meshes':
    'X-EndUser X-SessionUser NTUser X-PortalUsername X-PreferredUsername X-LoggedInUserId X-Impersonate X-Spiffe-Id X-Peer-CN X-Client-CN',
  'the address of a client':
    'CF-Connecting-IP True-Client-IP Fly-Client-IP X-Azure-ClientIP X-Vercel-Forwarded-For DO-Connecting-IP X-Real-IP'
}

/** What the app itself checks, or what says nothing about a person. */
const passing =
  `Authorization X-Authorization X-Auth X-Auth-Token X-Auth-Key Auth-Token X-API-Key Api-Key PRIVATE-TOKEN X-Access-Token
  X-Token X-CSRF-Token X-XSRFToken X-XSRF-TOKEN X-CSRFToken X-LABKEY-CSRF kbn-xsrf osd-xsrf X-Requested-With X-Session-Id
  X-Transmission-Session-Id X-CSRF-Token-ID Mcp-Session-Id User-Agent X-User-Agent X-User-Timezone From Referer Origin Range If-Range
  Depth Timeout Lock-Token Overwrite Destination If Content-Disposition Content-MD5 Accept-Language Sec-Fetch-User Sec-Fetch-Site
  Sec-WebSocket-Protocol Access-Control-Request-Headers X-Upload-Content-Type Upload-Offset Tus-Resumable X-Request-Id Traceparent
  X-Grafana-Org-Id X-Scope-OrgID X-Hasura-Role X-Client-Version X-Client-Name X-Vault-Token X-Emby-Token X-Plex-Token OCS-APIRequest
  X-Redmine-API-Key X-NIDS-Key Priority DNT Save-Data X-Amz-Meta-Username X-Amz-Date X-Object-Meta-User X-User-Token X-Subject-Token Last-Event-ID HX-Current-URL
  X-Auth-Return-Redirect X-Dashboard-Uid X-Datasource-Uid`.split(/\s+/)

const spellings: readonly ((name: string) => string)[] = [
  name => name,
  name => name.toLowerCase().replace(/[-_]/g, '_'),
  name => name.toUpperCase().replace(/[-_]/g, '.'),
  name => `HTTP_${name.toUpperCase().replaceAll('-', '_')}`,
  name => `X-${name}`
]

t.test('FIELD A9 what any product takes for an identity never comes from a client, in any spelling', async t => {
  const up = await startUpstream(t)
  const names = Object.values(claims).flatMap(text => text.split(' '))
  // Everything is public in these tests: without a session, and with one.
  for (const who of [null, undefined] as const) {
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], who === null ? { who } : {})
    for (const spell of spellings) {
      for (let i = 0; i < names.length; i += 60) {
        const lines = names.slice(i, i + 60).map(name => `${spell(name)}: forged`)
        await gate.ask(get('/', [...lines, 'X-Kept: yes']))
      }
      const seen = up.requests.splice(0)
      t.equal(seen.length, Math.ceil(names.length / 60))
      const forged = seen.flatMap(({ headers }) => headers.filter(([, value]) => value === 'forged'))
      const title = `${spell('Auth-User')}, ${who === null ? 'a stranger' : 'a person'}`
      t.same(
        forged.map(([name]) => name),
        [],
        title
      )
    }
  }
})

t.test('FIELD A9 a verdict for another proxy takes out the same', async t => {
  const names = Object.values(claims).flatMap(text => text.toLowerCase().split(' '))
  const asked = Object.fromEntries([...names, 'x-user-id', 'x-api-key'].map(name => [name, 'forged']))
  const app = makeApp({ upstreams: [], passHeaders: ['X-User-ID'] })
  const said = verdictHeaders(asked, { app, subject: null, address: '192.0.2.1', assertion: null })
  for (const name of names.filter(name => name !== 'x-user-id')) t.equal(said[name], '', name)
  t.equal(said['x-user-id'], 'forged', 'what may pass is said again: Traefik takes out all that looks like a claim')
  t.notOk(Object.hasOwn(said, 'x-api-key'), 'x-api-key is no claim')
})

t.test('FIELD A9 what the app itself checks, and what says nothing about a person, passes', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const sent = passing.filter(name => !/^(?:Destination|If|Origin|Referer)$/.test(name))
  await gate.ask(
    get(
      '/',
      sent.map(name => `${name}: ${name === 'Authorization' ? 'token t' : 'own'}`)
    )
  )
  const arrived = new Set(up.requests[0]!.headers.map(([name]) => name))
  t.same(
    sent.filter(name => !arrived.has(name)),
    []
  )
  t.same(passing.filter(isClaim), [])
})

t.test('FIELD A9 what the operator adds or lets pass is there, and once', async t => {
  const up = await startUpstream(t)
  const app = makeApp({
    upstreams: [at(up)],
    identityHeaders: { user: 'SM_USER', name: null, email: 'iv-user', groups: 'X-Consumer-Groups' },
    addHeaders: { 'X-User': 'lab', OAM_REMOTE_USER: 'lab' },
    passHeaders: ['X-User-Id', 'X_Storage_User']
  })
  const gate = await startGate(t, [app])
  const forged = ['SM-User', 'SM_USER', 'iv_user', 'X-Consumer.Groups', 'x-user', 'OAM-Remote-User', 'X-Username']
  await gate.ask(
    get('/', [...forged.map(name => `${name}: forged`), 'x-user-id: 7', 'X-Storage-User: s', 'X-Auth-Token: t'])
  )
  const request = up.requests[0]!
  t.notMatch(request.raw.toString('latin1'), /forged/)
  const expected = {
    SM_USER: 'alice',
    'iv-user': 'alice@lab.example',
    'X-Consumer-Groups': 'researchers,operators',
    'X-User': 'lab',
    OAM_REMOTE_USER: 'lab',
    'x-user-id': '7',
    'X-Storage-User': 's',
    'X-Auth-Token': 't'
  }
  for (const [name, value] of Object.entries(expected)) t.same(valuesOf(request, name), [value], name)
  t.same(valuesOf(request, 'x-forwarded-host'), [host])
})

type Asked = Readonly<Record<string, string>>

/** Sends lines through and answers what the app saw of them, by name. */
async function through(
  t: Test,
  app: Parameters<typeof makeApp>[0],
  sent: Asked,
  up: Upstream,
  path = '/'
): Promise<Asked> {
  const gate = await startGate(t, [makeApp(app)])
  const publicHost = app.host ?? host
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}`)
  await gate.ask(get(path, lines).replace(`Host: ${host}`, `Host: ${publicHost}`))
  const request = up.requests.at(-1)!
  return Object.fromEntries(Object.keys(sent).map(name => [name, valuesOf(request, name).join('|')]))
}

t.test('FIELD F4 where the app has a Host of its own, its address is that in every header', async t => {
  const up = await startUpstream(t)
  const socket = await startUpstream(t, undefined, { unix: true })
  const inside = up.origin
  const moved = { upstreams: [at(up)], preserveHost: false }
  const withPort = { ...moved, host: 'app.lab.example:8443', origin: 'https://app.lab.example:8443' }
  const plain = { ...moved, host: 'one.localhost:8080', origin: 'http://one.localhost:8080' }
  const below = { ...moved, prefix: '/nb', upstreams: [at(up, '/inner')] }
  const fixed = { upstreams: [at(up)], addHeaders: { Host: 'inside.example' } }
  const six = { ...moved, host: '[::1]:8443', origin: 'https://[::1]:8443' }
  const unix = { upstreams: [at(socket)], preserveHost: false }
  const table: [string, Parameters<typeof makeApp>[0], Asked, Asked, Upstream?, string?][] = [
    [
      'as browsers send it',
      moved,
      {
        Origin: `https://${host}`,
        Referer: `https://${host}/tree?x=https://${host}/`,
        'Sec-WebSocket-Origin': `https://${host}`
      },
      { Origin: inside, Referer: `${inside}/tree?x=https://${host}/`, 'Sec-WebSocket-Origin': inside }
    ],
    [
      'the port spelled',
      moved,
      { Origin: `https://${host}:443`, Referer: `https://${host}:443/a` },
      { Origin: inside, Referer: `${inside}/a` }
    ],
    [
      'other letter case',
      moved,
      { Origin: `HTTPS://App.LAB.Example`, Referer: `https://APP.lab.example` },
      { Origin: inside, Referer: `${inside}/` }
    ],
    [
      'a public port',
      withPort,
      { Origin: 'https://app.lab.example:8443', Referer: 'https://app.lab.example:8443/é%E9#x' },
      { Origin: inside, Referer: `${inside}/é%E9#x` }
    ],
    [
      'no public port',
      withPort,
      { Origin: 'https://app.lab.example', Referer: 'https://app.lab.example/a' },
      { Origin: 'https://app.lab.example', Referer: 'https://app.lab.example/a' }
    ],
    [
      'plain http',
      plain,
      { Origin: 'http://one.localhost:8080', 'Ping-From': 'http://one.localhost:8080/a' },
      { Origin: inside, 'Ping-From': `${inside}/a` }
    ],
    [
      'the prefix',
      below,
      { Origin: `https://${host}`, Referer: `https://${host}/nb/tree`, 'Content-Location': `https://${host}/nb` },
      { Origin: inside, Referer: `${inside}/inner/tree`, 'Content-Location': `${inside}/inner/` },
      up,
      '/nb/x'
    ],
    [
      'another prefix',
      below,
      { Referer: `https://${host}/nbx/tree` },
      { Referer: `https://${host}/nbx/tree` },
      up,
      '/nb/x'
    ],
    [
      'a fixed Host',
      fixed,
      { Origin: `https://${host}`, Referer: `https://${host}/a` },
      { Origin: 'http://inside.example', Referer: 'http://inside.example/a' }
    ],
    [
      'an IPv6 address',
      six,
      { Origin: 'https://[::1]:8443', Destination: 'https://[::1]:8443/b' },
      { Origin: inside, Destination: `${inside}/b` }
    ],
    [
      'a Unix socket',
      unix,
      { Origin: `https://${host}`, Referer: `https://${host}/a` },
      { Origin: 'http://localhost', Referer: 'http://localhost/a' },
      socket
    ],
    [
      'htmx, tus',
      moved,
      { 'HX-Current-URL': `https://${host}/a`, 'Upload-Concat': `final;/f/a https://${host}/f/b https://x.example/c` },
      { 'HX-Current-URL': `${inside}/a`, 'Upload-Concat': `final;/f/a ${inside}/f/b https://x.example/c` }
    ],
    [
      'tus below a prefix',
      below,
      { 'Upload-Concat': `final;/nb/f/a https://${host}/nb/f/b` },
      { 'Upload-Concat': `final;/inner/f/a ${inside}/inner/f/b` },
      up,
      '/nb/x'
    ],
    [
      'WebDAV',
      moved,
      {
        Destination: `HTTPS://${host}:443/b%20c`,
        If: `<https://${host.toUpperCase()}/a> (<urn:uuid:1>) <https://x.example/a> (Not <DAV:no-lock>)`
      },
      { Destination: `${inside}/b%20c`, If: `<${inside}/a> (<urn:uuid:1>) <https://x.example/a> (Not <DAV:no-lock>)` }
    ],
    [
      'Host as it is outside',
      { upstreams: [at(up)] },
      { Origin: `https://${host}`, Referer: `https://${host}/a` },
      { Origin: `https://${host}`, Referer: `https://${host}/a` }
    ]
  ]
  for (const [title, app, sent, expected, to = up, path = '/'] of table)
    t.same(await through(t, app, sent, to, path), expected, title)
  const foreign = [
    'null',
    'https://evil.example',
    `http://${host}`,
    `https://${host}.`,
    `https://${host}.evil.example`,
    `https://x${host}`,
    `https://${host}:8443`,
    `https://evil.example/https://${host}/`,
    `https://${host}@evil.example`,
    `https://u@${host}`,
    `wss://${host}`,
    `https://${host} https://${host}`,
    inside,
    ''
  ]
  for (const value of foreign) {
    const sent = { Origin: value, Referer: `${value}` }
    t.same(await through(t, moved, sent, up), sent, value)
  }
})

t.test('FIELD F22 an app that compares Origin with X-Forwarded-Host is told one address', async t => {
  const up = await startUpstream(t)
  // What qBittorrent, Rails and Next.js do: the forwarded host where there is one, otherwise Host.
  const isAccepted = () => {
    const request = up.requests.at(-1)!
    const [target] = [...valuesOf(request, 'x-forwarded-host'), ...valuesOf(request, 'host')]
    return new URL(valuesOf(request, 'origin')[0]!).host === target
  }
  const inside = `127.0.0.1:${up.port}`
  const moved = { upstreams: [at(up)], preserveHost: false }
  const table: [string, Parameters<typeof makeApp>[0], boolean][] = [
    ['the public host', { upstreams: [at(up)] }, true],
    ['a Host of its own alone', moved, false],
    ['the same host in both', { ...moved, addHeaders: { 'X-Forwarded-Host': inside } }, true]
  ]
  for (const [title, app, expected] of table) {
    const gate = await startGate(t, [makeApp(app)])
    await gate.ask(get('/', [`Origin: https://${host}`, 'X-Forwarded-Host: forged.example']))
    t.equal(isAccepted(), expected, title)
    t.notMatch(up.requests.at(-1)!.raw.toString('latin1'), /forged/)
  }
})

t.test('FIELD F22 redirects to the address that the app is told become public', async t => {
  const addHeaders = { 'X-Forwarded-Host': 'inner.lab:9000', 'X-Forwarded-Port': '9443' }
  for (const address of ['http://inner.lab:9000/a', 'https://inner.lab/a', `https://${host}:9443/a`]) {
    const up = await startUpstream(t, `HTTP/1.1 302 Found\r\nLocation: ${address}\r\nContent-Length: 0\r\n\r\n`)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)], addHeaders })])
    t.same(header(await gate.ask(get('/')), 'location'), [`https://${host}/a`], address)
  }
})

t.test('FIELD F22 a fixed header stands in the place of what the gate says of the public address, once', async t => {
  const up = await startUpstream(t)
  const own = { Host: 'inside.example:81', Port: '81', Proto: 'http', Prefix: '/deep' }
  for (const spell of [
    (name: string) => `X-Forwarded-${name}`,
    (name: string) => `x_forwarded_${name.toLowerCase()}`
  ]) {
    const addHeaders = Object.fromEntries(Object.entries(own).map(([name, value]) => [spell(name), value]))
    const gate = await startGate(t, [makeApp({ prefix: '/nb', upstreams: [at(up)], addHeaders })])
    await gate.ask(get('/nb/x'))
    const sent = up.requests.at(-1)!.headers.filter(([name]) => /^x.forwarded.(?:host|port|proto|prefix)$/i.test(name))
    t.same(Object.fromEntries(sent), addHeaders)
    t.equal(sent.length, 4)
  }
})

t.test('FIELD F4 a WebSocket’s origin is judged as it came, and told as the app knows itself', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)], preserveHost: false })])
  const shake = (origin: string) =>
    get('/ws', [
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: x',
      `Origin: ${origin}`
    ]).replace('Connection: close', 'Connection: Upgrade')
  t.equal(parse(await gate.ask(shake(up.origin))).status, 403, 'the inside origin is foreign')
  t.equal(parse(await gate.ask(shake('https://evil.example'))).status, 403)
  t.equal(up.requests.length, 0)
  const client = await gate.connect()
  client.send(shake(`https://${host}`))
  await client.until('\r\n\r\n')
  t.same(valuesOf(up.requests[0]!, 'origin'), [up.origin])
})

t.test('FIELD F4 F14 what browsers follow comes back with the public address', async t => {
  let lines: string[] = []
  const up = await startUpstream(t, socket => {
    socket.end(Buffer.from(['HTTP/1.1 200 OK', 'Content-Length: 0', ...lines, '', ''].join('\r\n'), 'latin1'))
  })
  const inside = new URL(up.origin).host
  const open = { host: `${host}:8443`, origin: `https://${host}:8443` }
  const moved = { upstreams: [at(up)], preserveHost: false, ...open, neighbours: [`${host}:9443`] }
  const below = { ...moved, prefix: '/nb' }
  const out = `https://${host}:8443`
  const table: [typeof moved & { prefix?: string }, string, string, string][] = [
    // FIELD F14: the port left out, the inside port, http.
    [moved, 'Location', `https://${host}/a`, `${out}/a`],
    [moved, 'Location', `http://${host}/a?b#c`, `${out}/a?b#c`],
    [moved, 'Location', `http://${host}:${up.port}/a`, `${out}/a`],
    [moved, 'Location', `https://${host}:443/a`, `${out}/a`],
    [moved, 'Location', `http://${host}:80`, out],
    [moved, 'Location', `HTTP://${host.toUpperCase()}:8443/A`, `${out}/A`],
    [moved, 'Location', `//${host}/a`, `${out}/a`],
    [moved, 'Location', `http://${host}./a`, `${out}/a`],
    [moved, 'Location', `http://127.0.0.1:8443/a`, `${out}/a`],
    [moved, 'Location', `http://127.0.0.1/a`, `${out}/a`],
    [below, 'Location', `http://${host}/a`, `${out}/nb/a`],
    // Another service on that machine, another site of the gate, another host.
    [moved, 'Location', `https://${host}:9443/a`, `https://${host}:9443/a`],
    [moved, 'Location', `https://${host}:5000/a`, `https://${host}:5000/a`],
    [moved, 'Location', `https://x.${host}/a`, `https://x.${host}/a`],
    [moved, 'Location', `https://evil.example/?u=http://${inside}/`, `https://evil.example/?u=http://${inside}/`],
    [moved, 'Location', `http://${inside}@evil.example/`, `http://${inside}@evil.example/`],
    [moved, 'Content-Location', `http://${inside}/a`, `${out}/a`],
    [moved, 'Refresh', `0; url='http://${inside}/a'`, `0; url='${out}/a'`],
    [moved, 'Refresh', `0;http://${inside}/a`, `0;${out}/a`],
    [moved, 'Refresh', `5 , "http://${inside}/a"`, `5 , "${out}/a"`],
    [moved, 'Refresh', `1.5 URL = http://${inside}/a`, `1.5 URL = ${out}/a`],
    [below, 'Refresh', '0;/a', '0;/nb/a'],
    [below, 'Refresh', '30', '30'],
    [moved, 'Refresh', `0;http://evil.example/?u=http://${inside}/`, `0;http://evil.example/?u=http://${inside}/`],
    [
      moved,
      'Link',
      `<http://${inside}/p2>; rel="next", <https://x.example/>; rel=me`,
      `<${out}/p2>; rel="next", <https://x.example/>; rel=me`
    ],
    [below, 'Link', '</s.css>; rel=preload', '</nb/s.css>; rel=preload'],
    [moved, 'SourceMap', `http://${inside}/m.map`, `${out}/m.map`],
    [below, 'X-SourceMap', '/m.map', '/nb/m.map'],
    [below, 'HX-Redirect', '/a', '/nb/a'],
    [moved, 'Access-Control-Allow-Origin', `http://${inside}`, out],
    [moved, 'Access-Control-Allow-Origin', 'https://evil.example', 'https://evil.example'],
    [moved, 'Access-Control-Allow-Origin', 'null', 'null'],
    [moved, 'Access-Control-Allow-Origin', '*', '*'],
    [moved, 'Timing-Allow-Origin', `https://x.example, http://${inside}`, `https://x.example, ${out}`],
    [
      moved,
      'Content-Security-Policy',
      `default-src 'self' http://${inside}; connect-src ws://${inside}/ws 'self' https://x.example; report-uri /r`,
      `default-src 'self' ${out}; connect-src wss://${host}:8443/ws 'self' https://x.example; report-uri /r`
    ],
    [moved, 'Reporting-Endpoints', `main="http://${inside}/r"`, `main="${out}/r"`],
    [moved, 'Service-Worker-Allowed', `http://${inside}/`, `${out}/`],
    [moved, 'X-Other', `http://${inside}/`, `http://${inside}/`]
  ]
  for (const [app, name, value, expected] of table) {
    lines = [`${name}: ${value}`]
    const gate = await startGate(t, [makeApp(app)])
    const answer = await gate.ask(get(`${app.prefix ?? ''}/x`).replace(`Host: ${host}`, `Host: ${app.host}`))
    t.same(header(answer, name), [expected], `${name}: ${value}`)
  }
})

t.test('FIELD F14 the port of the public address is told', async t => {
  const up = await startUpstream(t)
  const table: [string, string, string][] = [
    ['https', host, '443'],
    ['http', 'one.localhost', '80'],
    ['https', `${host}:8443`, '8443'],
    ['http', '[::1]:8080', '8080'],
    ['https', '[::1]', '443']
  ]
  for (const [scheme, publicHost, port] of table)
    for (const preserveHost of [true, false]) {
      const app = { upstreams: [at(up)], host: publicHost, origin: `${scheme}://${publicHost}`, preserveHost }
      const seen = await through(t, app, { 'X-Forwarded-Port': '1', X_Forwarded_Port: '2' }, up)
      t.same(seen, { 'X-Forwarded-Port': port, X_Forwarded_Port: '' }, `${scheme}://${publicHost}`)
    }
})
