import { createPublicKey, verify } from 'node:crypto'
import t from 'tap'
import { BoundBrowser } from '../fixtures/in-process/bound-browser.ts'
import { whileWaiting } from '../fixtures/in-process/full-budgets.ts'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'

const rules = `    rules:
      - { path: /public/**, access: public }
      - { path: /admin/**, groups: [operators], access: mfa }
      - { path: /admin/**, access: deny }
      - { groups: [researchers], access: mfa }`

t.test('forward-auth', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - id: one\n    url: http://one.localhost:PORT\n    upstream: ${app.url}\n${rules}\n  - { id: beside, url: "http://gate.localhost:PORT/nb", upstream: "${app.url}", rules: [{ access: public }] }`,
    extra: 'trustedProxies: [127.0.0.1]'
  })
  const alice = await gate.account('alice')
  const { cookies } = await gate.signIn(alice, 'one')
  const cookie = cookies.one as string
  const host = `one.localhost:${gate.port}`
  const url = `${gate.origin('one')}/.factorgate/auth`
  const nginx = (uri: string, method = 'GET') => ({
    'x-original-url': `http://${host}${uri}`,
    'x-original-method': method
  })
  const traefik = (uri: string, method = 'GET') => ({
    'x-forwarded-host': host,
    'x-forwarded-uri': uri,
    'x-forwarded-method': method,
    'x-forwarded-proto': 'http'
  })

  t.test('says yes with the identity, every header of it', async t => {
    for (const headers of [nginx('/data'), traefik('/data')]) {
      const answer = await gate.request('GET', url, { cookie, ...headers, 'remote-groups': 'operators' })
      t.equal(answer.status, 200)
      t.equal(answer.headers['remote-user'], 'alice')
      t.equal(answer.headers['remote-groups'], 'researchers')
    }
    const nobody = await gate.request('GET', url, { ...nginx('/public/x'), 'remote-user': 'root' })
    t.equal(nobody.status, 200)
    t.equal(
      nobody.headers['remote-user'],
      '',
      'empty rather than absent: the proxy then overwrites what the client sent'
    )
  })

  t.test(
    'answers a proxy that asks under the address of the gate, as Traefik does, and names a host of the gate',
    async t => {
      const bare = `http://127.0.0.1:${gate.port}/.factorgate/auth`
      const yes = await gate.request('GET', bare, { cookie, ...traefik('/data') })
      t.match([yes.status, yes.headers['remote-user']], [200, 'alice'])
      t.equal((await gate.request('GET', bare, { cookie, ...traefik('/admin/x') })).status, 403)
      const stranger = await gate.request('GET', bare, { ...traefik('/data'), ...navigation })
      t.equal(stranger.status, 302)
      const elsewhere = { ...traefik('/data'), 'x-forwarded-host': 'other.localhost' }
      const misses: [string, Record<string, string>][] = [
        [bare, elsewhere],
        [bare, nginx('/data')],
        [`${bare}/data`, traefik('/data')],
        [bare.replace('auth', 'account'), traefik('/data')],
        [bare.replace('/.factorgate/auth', '/data'), traefik('/data')]
      ]
      for (const [url, headers] of misses)
        t.equal(
          (await gate.request('GET', url, { cookie, ...headers })).status,
          421,
          `${url} ${JSON.stringify(headers)}`
        )
    }
  )

  t.test('says no by the strictest reading, and for what is denied', async t => {
    for (const uri of ['/admin/x', '/public/..%2fadmin/x', '//admin/x', '/ADMIN/x', '/%2561dmin/x']) {
      const answer = await gate.request('GET', url, { cookie, ...nginx(uri) })
      t.equal(answer.status, 403, uri)
    }
  })

  t.test('lets no service worker be installed beside our pages', async t => {
    const beside = {
      'x-original-url': `${gate.portal}/nb/sw.js`,
      'x-original-method': 'GET',
      'service-worker': 'script'
    }
    const { 'service-worker': _, ...plain } = beside
    t.equal((await gate.request('GET', url, plain)).status, 200)
    t.equal((await gate.request('GET', url, beside)).status, 403)
    t.equal((await gate.request('GET', url, { ...nginx('/public/sw.js'), 'service-worker': 'script' })).status, 200)
  })

  t.test('sends a stranger on as each proxy can take it', async t => {
    const plain = await gate.request('GET', url, { ...nginx('/data'), ...navigation })
    t.equal(plain.status, 401)
    t.match(plain.headers.location, `${gate.portal}/.factorgate/login?rd=`)
    const redirected = await gate.request('GET', url, { ...traefik('/data'), ...navigation })
    t.equal(redirected.status, 302)
    t.match(redirected.headers['set-cookie']?.[0], /^factorgate-nonce-\d+=/)
    const program = await gate.request(
      'POST',
      url,
      { ...traefik('/data', 'POST'), accept: 'application/json', 'content-type': 'application/json' },
      '{}'
    )
    t.equal(program.status, 401)
  })

  t.test('refuses where the original request is not wholly said', async t => {
    for (const headers of [
      {},
      { 'x-original-url': `http://${host}/data` },
      { 'x-forwarded-uri': '/public/x' },
      { 'x-original-url': '/public/x', 'x-original-method': 'GET' }
    ]) {
      t.equal((await gate.request('GET', url, { cookie, ...headers })).status, 400, JSON.stringify(headers))
    }
    t.equal((await gate.request('GET', url, { cookie, ...nginx('/.factorgate/account') })).status, 403, 'our own pages')
    t.equal((await gate.request('GET', `${url}/data`, { cookie })).status, 200, 'the appended path, as Envoy asks')
    t.equal((await gate.request('GET', `${url}/admin/x`, { cookie })).status, 403)
  })
  t.equal(app.seen.length, 0, 'nothing reaches the app')
})

t.test('forward-auth believes nobody whom the configuration does not trust', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - id: one\n    url: http://one.localhost:PORT\n    upstream: ${app.url}\n${rules}`
  })
  const answer = await gate.request('GET', `${gate.origin('one')}/.factorgate/auth`, {
    'x-original-url': `${gate.origin('one')}/public/x`,
    'x-original-method': 'GET'
  })
  t.equal(answer.status, 403)
  const traefik = {
    'x-forwarded-host': `one.localhost:${gate.port}`,
    'x-forwarded-uri': '/public/x',
    'x-forwarded-method': 'GET'
  }
  const bare = `http://127.0.0.1:${gate.port}/.factorgate/auth`
  t.equal((await gate.request('GET', bare, traefik)).status, 403, 'nor under the address of the gate')
  t.match(gate.log.at(-1)?.msg, /not in trustedProxies/)
})

t.test('the signed assertion says who, to whom, how and until when, and its key is published', async t => {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - id: one\n    url: http://one.localhost:PORT\n    upstream: ${app.url}\n    assertion: true`
  })
  const alice = await gate.account('alice')
  const { cookies, principal } = await gate.signIn(alice, 'one')
  const answer = await gate.request('GET', `${gate.origin('one')}/`, {
    cookie: cookies.one,
    'x-factorgate-assertion': 'forged'
  })
  const [head = '', body = '', signature = ''] = (
    JSON.parse(answer.body).headers['x-factorgate-assertion'] as string
  ).split('.')
  const header = JSON.parse(Buffer.from(head, 'base64url').toString())
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
  const { keys } = JSON.parse((await gate.request('GET', `${gate.portal}/.factorgate/jwks.json`)).body)
  const jwk = keys.find((key: { kid: string }) => key.kid === header.kid)
  t.ok(
    verify(
      null,
      Buffer.from(`${head}.${body}`),
      createPublicKey({ key: jwk, format: 'jwk' }),
      Buffer.from(signature, 'base64url')
    )
  )
  t.equal(jwk.d, undefined)
  t.match(header, { alg: 'EdDSA', typ: 'factorgate+jwt' })
  t.match(claims, {
    iss: gate.portal,
    aud: gate.origin('one'),
    sub: alice.id,
    name: 'alice',
    groups: ['researchers'],
    sid: principal.session.id
  })
  t.same(claims.amr, ['pwd', 'otp', 'mfa'])
  t.equal(claims.exp - claims.iat, 120)
})

t.test('a verdict counts for budgets of requests and of distinct paths, and those who watch hear of it', async t => {
  const app = await echoApp(t)
  const budget = (id: string, of: string) =>
    `{ id: ${id}, per: person, app: ${id}, window: 1h, ${of}, then: [journal, cut] }`
  const gate = await startGateway(t, {
    apps: ['many', 'wide', 'heavy']
      .map(
        id =>
          `  - { id: ${id}, url: "http://${id}.localhost:PORT", upstream: "${app.url}", rules: [{ path: /public/**, access: public }, { path: /admin/**, access: deny }, { access: mfa }] }`
      )
      .join('\n'),
    extra: `trustedProxies: [127.0.0.1]
watch: { budgets: [${budget('many', 'requests: 3')}, ${budget('wide', 'distinctPaths: 3')}, ${budget('heavy', 'bytes: 1B')}] }`
  })
  const { cookies } = await gate.signIn(await gate.account('alice'), 'many', 'wide', 'heavy')
  const { runtime } = gate.server
  const heard: string[] = []
  const stop = runtime.observers.add(({ phase, exchange, reason, bytesOut }) => {
    heard.push(
      `${phase} ${exchange.person?.name} ${exchange.method} ${exchange.path}${exchange.query} ${reason} ${bytesOut}`
    )
  })
  t.teardown(stop)
  const verdict = async (id: string, uri: string, cookie = cookies[id]) => {
    const answer = await gate.request('GET', `${gate.origin(id)}/.factorgate/auth`, {
      ...(cookie === '' ? {} : { cookie }),
      'x-original-url': `http://${id}.localhost:${gate.port}${uri}`,
      'x-original-method': 'GET'
    })
    await runtime.budgets?.flush()
    return answer.headers['factorgate-error'] ?? answer.status
  }
  const ask = async (id: string, ...uris: string[]) => {
    const answers: unknown[] = []
    for (const uri of uris) answers.push(await verdict(id, uri))
    return answers
  }
  t.same(await ask('many', '/a', '/a', '/admin/x', '/a'), [200, 200, 'not_allowed', 200], 'a refusal is no request')
  t.same(await ask('many', '/a', '/a'), [200, 'budget_spent'], 'the one that passes the budget is the last')
  t.equal(await verdict('many', '/public/x', ''), 200, 'a stranger has no budget')
  const direct = await gate.request('GET', `${gate.origin('many')}/a`, { cookie: cookies.many })
  t.equal(direct.headers['factorgate-error'], 'budget_spent', 'requests that pass through the gate count with them')
  t.same(await ask('wide', '/a', '/a', '/a', '/a', '/b', '/c'), [200, 200, 200, 200, 200, 200])
  t.same(await ask('wide', '/d', '/a'), [200, 'budget_spent'])
  t.same(await ask('heavy', '/a', '/b'), [200, 200], 'the gate sees no bytes')
  heard.length = 0
  await verdict('wide', '/public/y?q=1', '')
  await verdict('heavy', '/z?q=1')
  await verdict('heavy', '/admin/x')
  await verdict('heavy', '/z', '')
  t.same(heard, [
    'start undefined GET /public/y?q=1 null 0',
    'end undefined GET /public/y?q=1 null 0',
    'start alice GET /z?q=1 null 0',
    'end alice GET /z?q=1 null 0',
    'refused alice GET /admin/x not_allowed 0',
    'refused undefined GET /z sign_in_required 0'
  ])
})

t.test('who asks is looked at again after a wait, also who has touched a decoy and is not refused for it', async t => {
  const time = new TestClock()
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    isHttps: true,
    clock: time.read,
    apps: `  - { id: one, title: One, url: "https://one.localhost", upstream: "${app.url}", deviceBound: preferred, decoys: [/finance/**, { path: /told/**, then: [journal] }] }`,
    extra: `trustedProxies: [127.0.0.1]
device: { lifetime: 20m }
watch: { decoys: { exempt: { groups: [crawlers] } }, budgets: [{ id: many, per: person, app: one, window: 1h, requests: 100, then: [cut] }] }`
  })
  const { sessions, budgets } = gate.server.runtime
  /** The verdict about a request that waits for room, where `meanwhile` happens. */
  const verdict = async (
    send: (url: string, headers: Record<string, string>) => Promise<{ status: number; headers: object }>,
    uri: string,
    meanwhile: () => unknown
  ) => {
    const ask = () =>
      send('https://one.localhost/.factorgate/auth', {
        ...navigation,
        'x-forwarded-for': '192.0.2.1',
        'x-forwarded-host': 'one.localhost',
        'x-forwarded-uri': uri,
        'x-forwarded-method': 'GET',
        'x-forwarded-proto': 'https'
      })
    const { answer, waits } = await whileWaiting(budgets, meanwhile, ask)
    t.equal(waits, 1, uri)
    return answer
  }
  for (const [title, groups, uri] of [
    ['no decoy', 'researchers', '/x'],
    ['a decoy that is only told of', 'researchers', '/told/x'],
    ['somebody exempt', 'crawlers', '/finance/x']
  ] as const)
    await t.test(title, async t => {
      const account = await gate.account(`of-${uri.split('/')[1]}`, [groups])
      const { cookies } = await gate.signIn(account, 'one')
      const send = (url: string, headers: Record<string, string>) =>
        gate.request('GET', url, { ...headers, cookie: cookies.one })
      t.equal((await verdict(send, uri, () => {})).status, 200)
      t.match(await verdict(send, uri, () => sessions.endAccount(account.id, 'revoked')), {
        status: 302,
        headers: { 'factorgate-error': 'sign_in_required' }
      })
    })
  await t.test('a device cookie that ends meanwhile is no key any more', async t => {
    const owner = new BoundBrowser(gate.port)
    owner.set('gate.localhost', (await gate.signIn(await gate.account('bound'))).cookies.gate as string)
    time.advance(61)
    await owner.open('https://gate.localhost/.factorgate/')
    t.equal((await owner.open('https://one.localhost/')).status, 200)
    const send = (url: string, headers: Record<string, string>) => owner.request('GET', url, headers)
    t.equal((await verdict(send, '/x', () => {})).status, 200)
    t.match(await verdict(send, '/x', () => time.advance(1200 + 31)), {
      status: 302,
      headers: {
        'factorgate-error': 'device_proof_required',
        'set-cookie': [/^__Host-factorgate-device=;.*Max-Age=0/]
      }
    })
  })
})
