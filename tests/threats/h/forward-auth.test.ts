/**
 * Forward-auth: nothing that a client adds to its proxy's request turns a refusal into a permission (THREATS H4 H8 H9 P18 F9 M1 at
 * /.factorgate/auth).
 */
import t from 'tap'
import { Lab, type Reply, refused, values } from '../../fixtures/in-process/wire.ts'

const proxy = '127.0.0.2'

t.test('forward-auth', async t => {
  const lab = await Lab.start(t, {
    extra: `trustedProxies: ["${proxy}/32"]`,
    apps: `
  - id: app
    url: "http://app.localhost:PORT"
    upstream: "UP"
    rules:
      - { path: /public/**, access: public }
      - { path: /admin/**, access: deny }
      - { path: /drop/**, methods: [GET, HEAD], access: mfa }
      - { path: /drop/**, access: deny }
      - { access: mfa }
  - { id: open, url: "http://open.localhost:PORT", upstream: "OTHER", allowedOrigins: ["https://friend.test"], rules: [{ access: public }] }`
  })
  const open = `open.localhost:${lab.port}`
  /** How each proxy names a request: the path it asks, the method it asks with, and its headers. */
  type Asked = { target: string; method: string; lines: string[] }
  const forms: Record<string, (uri: string, method?: string, host?: string) => Asked> = {
    nginx: (uri, method = 'GET', host = lab.host) => ({
      target: '/.factorgate/auth',
      method: 'GET',
      lines: [`X-Original-URL: http://${host}${uri}`, `X-Original-Method: ${method}`]
    }),
    'Traefik and Caddy': (uri, method = 'GET', host = lab.host) => ({
      target: '/.factorgate/auth',
      method: 'GET',
      lines: [
        `X-Forwarded-Host: ${host}`,
        `X-Forwarded-Uri: ${uri}`,
        `X-Forwarded-Method: ${method}`,
        'X-Forwarded-Proto: http',
        'X-Forwarded-For: 203.0.113.9'
      ]
    }),
    Envoy: (uri, method = 'GET') => ({ target: `/.factorgate/auth${uri}`, method, lines: [] })
  }
  const ask = ({ target, method, lines }: Asked, added: readonly string[] = [], cookie: string | null = null) =>
    lab.ask(target, [...lines, ...added, ...(cookie === null ? [] : [cookie])], { from: proxy, method })
  const nginx = forms.nginx as (typeof forms)[string]

  /** All that a client may add that names something milder. */
  const milder = (uri: string, method = 'GET'): string[][] => {
    const url = `X-Original-URL: http://${lab.host}${uri}`
    const forwarded = [`X-Forwarded-Uri: ${uri}`, `X-Forwarded-Host: ${lab.host}`, `X-Forwarded-Method: ${method}`]
    return [
      [url],
      [`X-Original-Method: ${method}`],
      [url, `X-Original-Method: ${method}`],
      [`X-Original-URL: http://${open}${uri}`, `X-Original-Method: ${method}`],
      [`X-Forwarded-Uri: ${uri}`],
      [`X-Forwarded-Host: ${open}`],
      [`X-Forwarded-Method: ${method}`],
      forwarded,
      [`X-Forwarded-Uri: ${uri}`, `X-Forwarded-Host: ${open}`, `X-Forwarded-Method: ${method}`],
      [url, `X-Original-Method: ${method}`, ...forwarded],
      [`X-Original-URI: ${uri}`],
      [`X-Rewrite-URL: ${uri}`],
      [`X-HTTP-Method-Override: ${method}`],
      [`X_Original_URL: http://${lab.host}${uri}`, `X_Forwarded_Uri: ${uri}`]
    ]
  }

  for (const [name, form] of Object.entries(forms)) {
    t.test(`${name}: alone it is answered as the request itself would be`, async t => {
      t.equal((await ask(form('/public/x'))).status, 200)
      t.equal((await ask(form('/data'))).status, 401)
      t.equal((await ask(form('/data'), [], lab.alice)).status, 200)
      t.equal((await ask(form('/a%20b/caf%E9'), [], lab.alice)).status, 200, 'an odd path too')
      t.equal((await ask(form('/admin/x'), [], lab.alice)).status, 403)
      t.equal((await ask(form('/drop/x', 'DELETE'), [], lab.alice)).status, 403)
    })

    t.test(`${name}: a second, milder original from the client opens nothing`, async t => {
      for (const [uri, method, cookie] of [
        ['/admin/x', 'GET', lab.alice],
        ['/data', 'GET', null],
        ['/drop/x', 'DELETE', lab.alice]
      ] as const)
        for (const added of milder(uri === '/drop/x' ? uri : '/public/x')) {
          const plain = await ask(form(uri, method), [], cookie)
          const answer = await ask(form(uri, method), added, cookie)
          t.ok([400, 421, plain.status].includes(answer.status), `${uri} with ${added}: ${answer.status}`)
          t.not(answer.status, 200, `${method} ${uri} with ${added}`)
          t.same(values(answer, 'remote-user'), [], 'and nobody is named')
        }
    })

    t.test(`${name}: an address or a method said twice, or no method at all, is no original`, async t => {
      const { target, method, lines } = form('/public/x')
      for (const [i, line] of lines.entries())
        if (!/^X-Forwarded-(?:Proto|For):/.test(line)) {
          const twice = await lab.ask(target, [...lines, line.replace('/public/x', '/public/y')], {
            from: proxy,
            method
          })
          t.ok([400, 421].includes(twice.status), `${line} twice: ${twice.status}`)
          const without = await lab.ask(target, lines.toSpliced(i, 1), { from: proxy, method })
          t.equal(without.status, 400, `without ${line}`)
        }
      for (const odd of ['POST, GET', 'get', 'X', 'TRACE', 'CONNECT', ''])
        if (name !== 'Envoy') t.equal((await ask(form('/public/x', odd))).status, 400, `method ${odd}`)
    })
  }

  t.test('a browser’s socket from another site is refused, as on the way through', async t => {
    const socket = ['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version: 13']
    for (const [name, form] of Object.entries(forms)) {
      for (const handshake of [socket, socket.slice(0, 1), socket.slice(1)]) {
        for (const origin of ['https://evil.test', 'null', `http://${lab.host}.evil.test`, `https://${lab.host}`])
          refused(t, await ask(form('/ws'), [...handshake, `Origin: ${origin}`], lab.alice), [403], `${name} ${origin}`)
        refused(t, await ask(form('/ws'), handshake, lab.alice), [403], `${name} without an origin`)
        t.equal((await ask(form('/ws'), [...handshake, `Origin: http://${lab.host}`], lab.alice)).status, 200, name)
      }
      t.equal(
        (await ask(form('/x'), ['Origin: https://evil.test'], lab.alice)).status,
        200,
        'no handshake: the app’s matter'
      )
    }
    t.equal((await ask(nginx('/ws', 'GET', open), [...socket, 'Origin: https://friend.test'])).status, 200)
    t.equal((await ask(nginx('/ws', 'GET', open), [...socket, 'Origin: https://evil.test'])).status, 403)
    t.equal((await ask(nginx('/ws', 'GET', open), socket)).status, 200, 'a program, where nobody is signed in')
  })

  t.test('somebody half-way is nobody, through a trusted proxy too', async t => {
    const { runtime } = lab.gate.server
    const bob = await lab.gate.account('bob')
    const { token } = await runtime.sessions.start({
      accountId: bob.id,
      proof: { kind: 'password', at: Date.now(), userVerified: false },
      device: { userAgent: '', address: '127.0.0.1' },
      host: lab.host
    })
    for (const [name, form] of Object.entries(forms)) {
      const answer: Reply = await ask(form('/data'), [], `Cookie: factorgate=${token}`)
      t.equal(answer.status, 401, name)
      t.same(values(answer, 'factorgate-error'), ['second_factor_required'])
      t.same(values(answer, 'remote-user'), [], `${name}: nobody is named`)
      t.same(values(await ask(form('/public/x'), [], `Cookie: factorgate=${token}`), 'remote-user'), [''])
    }
  })

  t.test('a WebDAV destination is judged with its request', async t => {
    for (const [name, form] of Object.entries(forms)) {
      const to = (uri: string) => ask(form('/x', 'COPY'), [`Destination: ${uri}`], lab.alice)
      t.equal((await to(`http://${lab.host}/y`)).status, 200, name)
      t.equal((await to('/admin/y')).status, 403, name)
      t.equal((await to(`http://${open}/y`)).status, 400, `${name}: another app`)
    }
  })
  t.equal(lab.up.bytes().length + lab.other.bytes().length, 0, 'nothing reaches an app')
})
