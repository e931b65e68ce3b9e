import t from 'tap'
import type { Exchange } from '../../plugins/exchange.ts'
import { isClaim } from '../../src/forwarding/claims.ts'
import { startUpstream, valuesOf } from '../fixtures/in-process/upstream.ts'
import { alice, at, get, header, host, makeApp, parse, startGate } from '../fixtures/pipeline/forwarding.ts'

const claimed = [
  ...['Remote-User', 'Remote-Name', 'Remote-Email', 'Remote-Groups', 'Remote-Addr', 'X-Remote-User', 'X-Remote-Group'],
  ...['X-Auth-User', 'X-Auth-Groups', 'X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Auth-AAL', 'X-WEBAUTH-USER'],
  ...['X-WEBAUTH-ROLE', 'X-Authentik-Username', 'X-Authelia-URL', 'X-Tinyauth-User', 'X-Pomerium-Jwt-Assertion'],
  ...['X-Vouch-User', 'Cf-Access-Jwt-Assertion', 'Cf-Access-Authenticated-User-Email', 'X-Goog-IAP-JWT-Assertion'],
  ...[
    'X-Amzn-Oidc-Data',
    'X-Amzn-Oidc-Identity',
    'X-MS-Client-Principal',
    'X-MS-Client-Principal-Name',
    'OIDC-CLAIM-sub'
  ],
  ...['X-Factorgate-Assertion', 'Factorgate-Anything', 'X-Proxy-User', 'X-Proxy-Roles', 'X-RStudio-Username'],
  ...[
    'X-SSL-Client-CN',
    'SSL-Client-S-DN',
    'X-Client-Cert',
    'X-Forwarded-Client-Cert',
    'Client-Cert',
    'Shib-Session-ID'
  ],
  ...[
    'X-LKPROXY-USERID',
    'X-Forwarded-User',
    'X-Forwarded-Email',
    'X-Forwarded-Groups',
    'X-Forwarded-Preferred-Username'
  ],
  ...['Forwarded', 'X-Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port'],
  ...['X-Forwarded-Prefix', 'X-Forwarded-Uri', 'X-Forwarded-Path', 'X-Forwarded-Method', 'X-Forwarded-Server'],
  ...['X-Forwarded-Scheme', 'X-Forwarded-Ssl', 'X-Forwarded-By', 'X-Forwarded-Access-Token', 'Forwarded-For'],
  ...['X-Real-IP', 'X-Client-IP', 'Client-IP', 'True-Client-IP', 'X-Cluster-Client-IP', 'CF-Connecting-IP'],
  ...['Fastly-Client-IP', 'X-Original-URL', 'X-Original-URI', 'X-Original-Host', 'X-Original-Method', 'X-Original-For'],
  ...['X-Rewrite-URL', 'X-Envoy-Original-Path', 'X-Envoy-External-Address', 'X-Envoy-Internal', 'X-Host', 'X-Scheme'],
  ...['X-URL-Scheme', 'Front-End-Https', 'X-HTTP-Host-Override', 'X-HTTP-Method', 'X-HTTP-Method-Override'],
  ...[
    'X-Method-Override',
    'GX-Secret',
    'X-Script-Name',
    'X-RStudio-Request',
    'X-RSC-Request',
    'Proxy',
    'Proxy-Authorization'
  ]
]

t.test('H1 H2 H3 H6 H8 H21 H22 M26: what a client says of itself never arrives, in any spelling', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { who: null })
  const spellings: [string, (name: string) => string][] = [
    ['as it is', name => name],
    ['in upper case', name => name.toUpperCase()],
    ['in lower case', name => name.toLowerCase()],
    ['with underscores', name => name.replaceAll('-', '_')],
    ['mixed', name => name.replace('-', '_').replace(/[a-z]$/, letter => letter.toUpperCase())],
    ['with dots', name => name.replaceAll('-', '.')],
    ['with tildes', name => name.replaceAll('-', '~')]
  ]
  for (const [title, spell] of spellings) {
    for (let i = 0; i < claimed.length; i += 40) {
      const lines = claimed.slice(i, i + 40).map(name => `${spell(name)}: \t root-of-${i} `)
      await gate.ask(get('/', [...lines, 'X-Kept: yes']))
    }
    const seen = up.requests.splice(0)
    t.notMatch(seen.map(({ raw }) => raw.toString('latin1')).join(), /root-of-/, title)
    t.equal(seen.length, Math.ceil(claimed.length / 40))
    for (const request of seen) {
      t.same(valuesOf(request, 'x-kept'), ['yes'])
      t.same(valuesOf(request, 'x-forwarded-for'), ['127.0.0.1'])
      t.same(valuesOf(request, 'x-forwarded-host'), [host])
      t.same(valuesOf(request, 'x-forwarded-proto'), ['https'])
    }
  }
})

t.test('every prefix of a public list of forwarding names is among what only the gate says', async t => {
  for (const name of ['X-Forwarded-Whatever', 'X-Original-Whatever', 'X-Rewrite-Whatever', 'X-Envoy-Whatever'])
    t.ok(isClaim(name), name)
  const apps = ['Authorization', 'X-Auth-Token', 'X-Requested-With', 'X-CSRF-Token', 'X-XSRFToken', 'X-API-Key']
  const more = ['X-Transmission-Session-Id', 'X-LABKEY-CSRF', 'kbn-xsrf', 'X-User-Agent', 'Referer', 'Range']
  for (const name of [...apps, ...more]) t.notOk(isClaim(name), `${name} is the app's own business`)
})

t.test('H5 H10 H23: the configured identity is there once, whatever the client sent beside it', async t => {
  const up = await startUpstream(t)
  const identityHeaders = { user: 'x-LAB-user', name: 'X-Lab-Name', email: 'X_Lab_Email', groups: 'X-Lab-Groups' }
  const app = makeApp({
    upstreams: [at(up)],
    identityHeaders,
    addHeaders: { GX_SECRET: 's3cret', Authorization: 'Basic abc' }
  })
  const gate = await startGate(t, [app], { who: { ...alice, groups: [] } })
  const spoofed = [
    'X-LAB-USER: root',
    'x_lab_user: root',
    'X-Lab-User: root',
    'x.lab.groups: root',
    'X-Lab-Email: root'
  ]
  await gate.ask(get('/', [...spoofed, 'GX-SECRET: root', 'gx_secret: root', 'authorization: root']))
  const request = up.requests[0]!
  t.notMatch(request.raw.toString('latin1'), /root/)
  t.same(valuesOf(request, 'x-lab-user'), ['alice'])
  t.same(valuesOf(request, 'X-Lab-Name'), ['Alice Example'])
  t.same(valuesOf(request, 'X_Lab_Email'), ['alice@lab.example'])
  t.same(valuesOf(request, 'x-lab-groups'), [], 'no groups, no line')
  t.same(valuesOf(request, 'GX_SECRET'), ['s3cret'])
  t.same(valuesOf(request, 'Authorization'), ['Basic abc'])
})

t.test('nobody has no identity', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { who: null })
  await gate.ask(get())
  t.notMatch(up.bytes().toString('latin1'), /remote-/i)
})

t.test('identity beyond ASCII goes as UTF-8 bytes, and can hold neither a line end nor another group', async t => {
  const up = await startUpstream(t)
  const who = { ...alice, displayName: 'Zoë\r\nX-Admin: 1', groups: ['ärzte', 'a,operators', 'b', ' operators', 'o\0'] }
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { who })
  await gate.ask(get())
  const request = up.requests[0]!
  const decoded = (name: string) => Buffer.from(valuesOf(request, name)[0] ?? '', 'latin1').toString('utf8')
  t.same(valuesOf(request, 'remote-name'), [], 'a name with a line end is not sent')
  t.equal(decoded('remote-groups'), 'ärzte,b')
  t.same(valuesOf(request, 'x-admin'), [])
})

t.test(
  'H15 H16 H17: Connection takes away what the client sent, never what the gate adds or what frames the message',
  async t => {
    const up = await startUpstream(t)
    const gate = await startGate(t, [makeApp({ upstreams: [at(up)], assertion: true })], {
      assert: () => 'signed.by.us'
    })
    const lists = [
      'close, Remote-User, X-Forwarded-For, X-Factorgate-Assertion, X-Mine',
      'close, remote-user, x-forwarded-for, x-factorgate-assertion, x-mine',
      'close,\t REMOTE-USER ,X-FORWARDED-FOR,, "X-Factorgate-Assertion", X-Mine',
      'close, Cookie, Host, Content-Length, Content-Type, X-Mine, Remote-User, X-Forwarded-Host'
    ]
    for (const list of lists) {
      const body = ['Content-Length: 3', 'Content-Type: text/x', 'Cookie: a=1', 'X-Mine: gone', '', 'abc'].join('\r\n')
      const answer = await gate.ask(`POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: ${list}\r\n${body}`)
      const request = up.requests.at(-1)!
      t.equal(parse(answer).status, 200, list)
      t.same(valuesOf(request, 'remote-user'), ['alice'])
      t.same(valuesOf(request, 'x-forwarded-for'), ['127.0.0.1'])
      t.same(valuesOf(request, 'x-forwarded-host'), [host])
      t.same(valuesOf(request, 'x-factorgate-assertion'), ['signed.by.us'])
      t.same(valuesOf(request, 'host'), [host])
      t.same(valuesOf(request, 'cookie'), ['a=1'])
      t.same(valuesOf(request, 'content-type'), ['text/x'])
      t.same(valuesOf(request, 'content-length'), ['3'])
      t.same(valuesOf(request, 'x-mine'), [])
      t.same(valuesOf(request, 'connection'), ['close'], 'with a body: the last on its connection')
      t.equal(request.body.toString(), 'abc')
    }
    await gate.ask(
      `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nConnection: Remote-User\r\nX-Mine: stays\r\n\r\n`
    )
    t.same(valuesOf(up.requests.at(-1)!, 'remote-user'), ['alice'], 'two Connection lines')
    t.same(valuesOf(up.requests.at(-1)!, 'x-mine'), ['stays'])
  }
)

t.test('S5: our cookies stay here, every other byte of the line arrives', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const table: [string, string[]][] = [
    ['a=1; b=2', ['a=1; b=2']],
    ['__Host-factorgate=x', []],
    ['factorgate=x; factorgate-nonce=y; __Host-factorgate-nonce=z', []],
    ['factorgate-known=x; __Host-factorgate-known=y', []],
    ['a=1;__Host-factorgate=x;b="q; w"', ['a=1;b="q; w"']],
    ['__Host-factorgate=x; a=1', ['a=1']],
    ['a=1; __host-FACTORGATE=x', ['a=1']],
    ['a=1;  factorgate = x ;b=2;;', ['a=1;b=2;;']],
    ['xfactorgate=1; factorgates=2; my-factorgate=3', ['xfactorgate=1; factorgates=2; my-factorgate=3']],
    ['a=factorgate=1; b=\xe4\xff', ['a=factorgate=1; b=\xe4\xff']],
    ['', []]
  ]
  for (const again of ['', ' again'])
    for (const [sent, expected] of table) {
      await gate.ask(get('/', [`Cookie: ${sent}`]))
      t.same(valuesOf(up.requests.at(-1)!, 'cookie'), expected, sent + again)
    }
})

t.test('everything else arrives as it was sent: order, case, repeats and bytes', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const lines = [
    'X-oDD-Case: 1',
    'Accept: a',
    'accept: b',
    'X-Latin: M\xe4rz \xff',
    'Authorization: key',
    'Range: bytes=0-1'
  ]
  const more = [
    'If-None-Match: "x"',
    'Accept-Encoding: gzip',
    'X-Tab: a\tb',
    '__proto__: 1',
    'constructor: 2',
    'X-Empty: '
  ]
  await gate.ask(get('/', [...lines, ...more]))
  const request = up.requests[0]!
  const names = new Set([...lines, ...more].map(line => line.slice(0, line.indexOf(':'))))
  t.same(
    request.headers.filter(([name]) => names.has(name)).map(([name, value]) => `${name}: ${value}`),
    [...lines, ...more]
  )
})

t.test('what ends with a connection, or asks for a conversation we hold ourselves, stays here', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })])
  const lines = [
    'Keep-Alive: 300',
    'Proxy-Connection: keep-alive',
    'TE: gzip, trailers;q=0.5',
    'Trailer: X-T',
    'Upgrade: h2c'
  ]
  await gate.ask(get('/', [...lines, 'HTTP2-Settings: AAMAAABkAAQAAP__']))
  const { headers } = up.requests[0]!
  const names = headers.map(([name]) => name.toLowerCase())
  for (const name of ['keep-alive', 'proxy-connection', 'trailer', 'upgrade', 'http2-settings'])
    t.notOk(names.includes(name), name)
  t.same(valuesOf({ headers }, 'te'), ['trailers'])
  await gate.ask(get('/', ['TE: deflate']))
  t.same(valuesOf(up.requests[1]!, 'te'), [])
})

t.test('Host is the public one, the upstream one, or the one that is configured', async t => {
  const up = await startUpstream(t)
  const table: [string, Parameters<typeof makeApp>[0], string][] = [
    ['public', { upstreams: [at(up)] }, host],
    ['upstream', { upstreams: [at(up)], preserveHost: false }, `127.0.0.1:${up.port}`],
    ['fixed', { upstreams: [at(up)], addHeaders: { host: 'inside.example' } }, 'inside.example']
  ]
  for (const [title, app, expected] of table) {
    const gate = await startGate(t, [makeApp(app)])
    await gate.ask(get())
    t.same(valuesOf(up.requests.at(-1)!, 'host'), [expected], title)
    t.same(valuesOf(up.requests.at(-1)!, 'x-forwarded-host'), [host])
  }
})

t.test('a sub-path app is told its prefix, and asked for its own paths, byte for byte', async t => {
  const up = await startUpstream(t)
  const table: [string, string, string, string][] = [
    ['/nb', '', '/nb/tree?x=/nb/y', '/tree?x=/nb/y'],
    ['/nb', '', '/nb/caf%E9;v=1?%zz', '/caf%E9;v=1?%zz'],
    ['/nb', '/inner', '/nb/a%2Fb', '/inner/a%2Fb'],
    ['/nb', '/nb', '/nb', '/nb'],
    ['/nb', '/nb', '/nb?a=1', '/nb?a=1'],
    ['/nb', '/nb', '/nb/', '/nb/'],
    ['', '/inner', '/a/', '/inner/a/']
  ]
  for (const [prefix, basePath, asked, expected] of table) {
    const gate = await startGate(t, [makeApp({ prefix, upstreams: [at(up, basePath)] })])
    await gate.ask(get(asked))
    const request = up.requests.at(-1)!
    t.equal(request.line, `GET ${expected} HTTP/1.1`, `${asked} of ${prefix || '/'} at ${basePath || '/'}`)
    t.same(valuesOf(request, 'x-forwarded-prefix'), prefix === '' ? [] : [prefix])
  }
})

t.test('the bare prefix is answered with the front door, for an app that knows itself as "/"', async t => {
  const up = await startUpstream(t)
  const gate = await startGate(t, [makeApp({ prefix: '/nb', upstreams: [at(up)] })])
  const answer = await gate.ask(get('/nb?a=1'))
  t.equal(parse(answer).status, 308)
  t.same(header(answer, 'location'), [`https://${host}/nb/?a=1`])
  await gate.ask(get('/nb', ['Content-Length: 0'], 'POST'))
  t.equal(up.requests[0]?.line, 'POST / HTTP/1.1', 'a body is never sent twice')
  const rpc = await startGate(t, [makeApp({ prefix: '/nb', upstreams: [at(up, '/RPC2')] })])
  await rpc.ask(get('/nb', ['Content-Length: 0'], 'POST'))
  t.equal(up.requests[1]?.line, 'POST /RPC2 HTTP/1.1', 'the base path as it is')
})

t.test("WebDAV's addresses in headers are the app's own", async t => {
  const up = await startUpstream(t)
  const table: [Parameters<typeof makeApp>[0], string, string][] = [
    [{ upstreams: [at(up)] }, `https://${host}/b%20c`, `http://${host}/b%20c`],
    [{ upstreams: [at(up)], preserveHost: false }, `https://${host}/b`, `${up.origin}/b`],
    [{ upstreams: [at(up, '/dav')], prefix: '/nb' }, `https://${host}/nb/b`, `http://${host}/dav/b`],
    [{ upstreams: [at(up, '/dav')], prefix: '/nb' }, '/nb/b', '/dav/b'],
    [{ upstreams: [at(up, '/nb')], prefix: '/nb', preserveHost: false }, `https://${host}/nb`, `${up.origin}/nb`],
    [{ upstreams: [at(up)] }, 'https://elsewhere.example/b', 'https://elsewhere.example/b'],
    [{ upstreams: [at(up)], prefix: '/nb' }, `https://${host}/other/b`, `https://${host}/other/b`]
  ]
  for (const [app, sent, expected] of table) {
    const gate = await startGate(t, [makeApp(app)])
    const path = `${app.prefix ?? ''}/a`
    await gate.ask(
      get(path, [`Destination: ${sent}`, `If: <${sent}> (<urn:uuid:1> ["W/x"]) (Not <DAV:no-lock>)`], 'MOVE')
    )
    const request = up.requests.at(-1)!
    t.same(valuesOf(request, 'destination'), [expected], sent)
    t.same(valuesOf(request, 'if'), [`<${expected}> (<urn:uuid:1> ["W/x"]) (Not <DAV:no-lock>)`])
  }
})

t.test('H25: two hundred requests of two people at once, each with their own identity', async t => {
  const up = await startUpstream(t, (socket, request) => {
    const user = valuesOf(request, 'remote-user').join()
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${user.length}\r\n\r\n${user}`)
  })
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], {
    who: request => ({ ...alice, id: String(request.headers['x-i']), name: `user${request.headers['x-i']}` })
  })
  const clients = await Promise.all(Array.from({ length: 10 }, () => gate.connect()))
  const wrong: string[] = []
  await Promise.all(
    clients.map(async (client, i) => {
      for (let n = 0; n < 20; n++) {
        const name = `user${(i + n) % 2}`
        client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-I: ${(i + n) % 2}\r\n\r\n`)
        await client.until('\r\n\r\n')
        const got = (await client.bytes(name.length)).toString()
        if (got !== name) wrong.push(`${got} instead of ${name}`)
      }
    })
  )
  t.same(wrong, [])
  t.equal(up.requests.length, 200)
})

t.test('the assertion is made for apps that ask, and for them alone', async t => {
  const up = await startUpstream(t)
  const assert = (exchange: Exchange) => `for.${exchange.principal?.session.id}`
  const gate = await startGate(t, [makeApp({ upstreams: [at(up)] })], { assert })
  await gate.ask(get('/', ['X-Factorgate-Assertion: forged']))
  t.same(valuesOf(up.requests[0]!, 'x-factorgate-assertion'), [])
  const other = await startGate(t, [makeApp({ upstreams: [at(up)], assertion: true })], { assert })
  await other.ask(get('/', ['X-Factorgate-Assertion: forged']))
  t.same(valuesOf(up.requests[1]!, 'x-factorgate-assertion'), ['for.S-alice'])
})
