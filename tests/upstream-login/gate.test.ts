/** Logins of people at apps that know only HTTP Basic, through the whole gate: entered once, added, refused, replaced, removed. */
import { readFileSync } from 'node:fs'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import path from 'node:path'
import t, { type Test } from 'tap'
import { echoApp, navigation, type Running, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { until } from '../fixtures/in-process/until.ts'
import { startRedis } from '../fixtures/process/redis-server.ts'

const secret = 'päss:wörd €'
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** An old app: Basic for everything, the names `alice` and `bob`, and one password. It counts wrong tries. */
async function oldApp(t: Test) {
  const wrong: string[] = []
  const held: (() => void)[] = []
  const state = { password: secret, holds: false }
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { authorization } = request.headers
    if (request.url === '/free') return void response.end('free')
    if (request.url === '/broken') return void response.writeHead(500).end()
    if (request.url === '/other') return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end()
    const names = ['alice', 'bob'].filter(name => authorization === basic(name, state.password))
    if (names.length === 1) return void response.end(JSON.stringify({ user: names[0], headers: request.headers }))
    if (authorization !== undefined) wrong.push(authorization)
    response.writeHead(401, [
      'WWW-Authenticate',
      'Bearer realm="a, basic b"',
      'WWW-Authenticate',
      'Digest realm="x", Basic realm="Old app", charset="UTF-8"'
    ])
    response.end('<h1>401</h1>')
  }
  const { url, seen } = await echoApp(t, (request, response) => {
    request.resume()
    if (state.holds) held.push(() => answer(request, response))
    else answer(request, response)
  })
  const release = () => {
    state.holds = false
    for (const go of held.splice(0)) go()
  }
  return { url, seen, wrong, state, held, release }
}

const rules = '[{ path: /free, access: public }, { path: /open/**, access: public }, { access: mfa }]'
const login = 'upstreamLogin: { kind: basic, per: person }'

function appsOf(url: string): string {
  return `  - { id: old, title: Old app, url: "http://old.localhost:PORT", upstream: "${url}", rules: ${rules}, tokens: true, ${login} }
  - { id: other, url: "http://other.localhost:PORT", upstream: "${url}", ${login} }
  - { id: plain, url: "http://plain.localhost:PORT", upstream: "${url}" }
  - { id: judged, url: "http://judged.localhost:PORT", upstream: "${url}", rules: ${rules}, upstreamLogin: { kind: basic, per: person, inVerdict: true } }`
}

async function start(t: Test, store?: string) {
  const time = new TestClock(Date.now())
  const app = await oldApp(t)
  const given = {
    apps: appsOf(app.url),
    extra: 'trustedProxies: [127.0.0.1]',
    clock: time.read,
    ...(store === undefined ? {} : { store })
  }
  const gate = await startGateway(t, given)
  const alice = await gate.account('alice')
  const { cookies } = await gate.signIn(alice, 'old', 'other', 'plain', 'judged')
  const visit = (uri: string, headers: OutgoingHttpHeaders = navigation, host = 'old', method = 'GET') =>
    gate.request(method, `${gate.origin(host)}${uri}`, { cookie: cookies[host], ...headers })
  const journal = async () => {
    await gate.server.runtime.journal.commit({ kind: 'gate.reload', at: time.now })
    const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8').trim().split('\n')
    return lines.map(line => JSON.parse(line) as Record<string, unknown>)
  }
  return { app, gate, given, alice, cookies, visit, journal, time, portal: portalOf(gate, cookies.gate as string) }
}

/** A browser without scripts on the pages of the portal. */
function portalOf(gate: Running, session: string) {
  let nonce = ''
  const ask = async (method: string, address: string, body?: string) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: gate.portal }
    const headers = { cookie: `${session}${nonce}`, ...navigation, ...(body === undefined ? {} : form) }
    const answer = await gate.request(method, new URL(address, gate.portal).href, headers, body)
    for (const line of answer.headers['set-cookie'] ?? []) nonce += `; ${line.split(';')[0]}`
    return answer
  }
  const get = (address: string) => ask('GET', address)
  /** Fills in the form that is at `address`. */
  const fill = async (address: string, fields: Record<string, string>, action?: string) => {
    const { body } = await get(address)
    const csrf = /name="csrf" value="([^"]+)"/.exec(body)?.[1] ?? ''
    const to =
      action ?? (/<form class="fields" method="post" action="([^"]+)"/.exec(body)?.[1] ?? '').replaceAll('&amp;', '&')
    return ask('POST', to, new URLSearchParams({ csrf, ...fields }).toString())
  }
  return { get, fill }
}

const stores: readonly (readonly [string, (t: Test) => Promise<string | undefined>])[] = [
  ['embedded', async () => undefined],
  ['Redis', async t => (await startRedis(t)).url]
]

for (const [name, storeOf] of stores)
  t.test(`a person enters a login once, on ${name}`, async t => {
    const { app, gate, alice, visit, portal, journal } = await start(t, await storeOf(t))
    const first = await visit('/data?x=1')
    t.equal(first.status, 302)
    const page = String(first.headers.location)
    t.match(page, `${gate.portal}/.factorgate/account/logins/old?rd=`)
    t.equal(app.seen.length, 0, 'the app has got nothing')
    t.match(await portal.get(page), { status: 200, body: /Your login at Old app/ })
    const stored = await portal.fill(page, { user: 'alice', password: secret })
    t.match(stored, { status: 303, headers: { location: `${gate.origin('old')}/data?x=1` } }, 'where they were going')
    const there = await visit('/data?x=1', { authorization: basic('root', 'toor'), Authorization_: 'x' })
    t.equal(JSON.parse(there.body).user, 'alice', 'the app gets the login, and none of the client')
    t.match(await visit('/data', navigation, 'other'), { status: 302 }, 'no other app gets it')
    t.equal((await visit('/other')).status, 401, 'a 401 that asks for something else is the app’s own')

    const { runtime } = gate.server
    const [reads, get] = [[] as string[], runtime.store.get]
    runtime.store.get = key => {
      reads.push(key)
      return get.call(runtime.store, key)
    }
    await visit('/data')
    t.same(
      reads.filter(key => key.startsWith('upstream-login')),
      [],
      'no look into the store for each request'
    )
    runtime.store.get = get

    // The password is changed at the app: one wrong try, and then none until it is entered again.
    app.state.password = 'new'
    const refused = await visit('/data')
    t.match(refused, { status: 302, headers: { location: /account\/logins\/old\?rd=/, 'www-authenticate': undefined } })
    t.match(await portal.get(String(refused.headers.location)), { body: /Old app did not accept the user name/ })
    const json = await visit('/data', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })
    t.match(json, { status: 403, headers: { 'factorgate-error': 'upstream_login_refused' } })
    t.match(JSON.parse(json.body), { error: { challengeUrl: page.split('?')[0] } })
    const handshake = { connection: 'Upgrade', upgrade: 'websocket', origin: gate.origin('old') }
    t.match(await visit('/data', handshake), { status: 403, headers: { 'factorgate-error': 'upstream_login_refused' } })
    const form = await visit('/data', navigation, 'old', 'POST')
    t.match(form, { status: 403, body: /Enter them, in a new tab/ }, 'the sender of a form gets a page')
    t.equal(app.wrong.length, 1, 'the app counts one wrong try')

    await portal.fill(page, { user: 'alice', password: 'new' })
    t.equal((await visit('/data')).status, 200, 'a new login goes at once')
    t.match(await portal.get('/.factorgate/account/logins'), { body: /Stored now/ })
    const list = '/.factorgate/account/logins'
    const removed = await portal.fill(list, {}, `${list}/old/remove`)
    t.equal(removed.status, 303)
    t.match(await visit('/data'), { status: 302 }, 'a removed login is asked for again')

    const lines = await journal()
    t.same(
      lines
        .filter(({ kind }) => String(kind).startsWith('upstream-login'))
        .map(line => [line.kind, line.outcome ?? line.why, line.app, line.account]),
      [
        ['upstream-login.store', 'stored', 'old', alice.id],
        ['upstream-login.refuse', 'refused', 'old', alice.id],
        ['upstream-login.store', 'replaced', 'old', alice.id],
        ['upstream-login.remove', 'owner', 'old', alice.id]
      ]
    )
    const written = JSON.stringify([lines, gate.log])
    for (const hidden of [secret, basic('alice', secret), basic('alice', secret).slice(6), basic('alice', 'new')])
      t.notOk(written.includes(hidden), 'neither journal nor log holds it')
  })

/** Stores one without the page. */
const put = ({ gate, alice }: Awaited<ReturnType<typeof start>>, password = secret, app = 'old') =>
  gate.server.runtime.upstreamLogins.store(alice.id, app, basic('alice', password))
const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }

t.test(
  'U6 · an app makes browsers ask for a name and a password → no demand for Basic reaches a client, on public paths too',
  async t => {
    const fixture = await start(t)
    const { app, gate, visit } = fixture
    const stranger = (uri: string) => gate.request('GET', `${gate.origin('old')}${uri}`, navigation)
    t.equal((await stranger('/free')).body, 'free')
    const refused = await stranger('/open/x')
    t.equal(refused.status, 401, 'the app refuses a stranger')
    t.equal(refused.headers['www-authenticate'], 'Bearer realm="a, basic b"', 'without a demand for Basic')
    t.equal((await visit('/free')).body, 'free', 'a person without a login is not asked for one')
    t.match(await visit('/open/x'), { status: 302, headers: { location: /logins\/old/ } }, 'unless the app asks')
    await put(fixture)
    t.match(await visit('/open/x'), { status: 200 }, 'a stored one goes there too')
    t.match(await stranger('/open/x'), { status: 401 }, 'and not for strangers')
    t.same(app.wrong, [])
  }
)

t.test('U1 · a client sends an Authorization of its own, in any spelling → no such line reaches the app', async t => {
  const fixture = await start(t)
  const { app, gate, visit } = fixture
  const spellings = ['authorization', 'Authorization_', 'HTTP_AUTHORIZATION', 'X-Authorization', 'Proxy-Authorization']
  const sent = Object.fromEntries(spellings.map(name => [name, 'Basic eDp5']))
  const lines = () =>
    app.seen.at(-1)!.rawHeaders.filter((_, i, all) => /authorization/i.test(all[i - (i % 2)] as string))
  await gate.request('GET', `${gate.origin('old')}/free`, sent)
  t.same(lines(), [], 'of a stranger')
  await put(fixture)
  await visit('/data', { ...sent, connection: 'authorization, keep-alive' })
  t.same(lines(), ['Authorization', basic('alice', secret)], 'of a person, who cannot have it removed either')
  await visit('/free', { authorization: 'Basic eDp5' }, 'plain')
  t.same(lines(), ['authorization', 'Basic eDp5'], 'an app without the key gets what the client sends')
})

t.test(
  'U3 · a wrong or changed password is sent by many requests at once → one of them tries it, and nothing is sent again',
  async t => {
    const fixture = await start(t)
    const { app, gate, visit, time } = fixture
    await put(fixture, 'wrong')
    app.state.holds = true
    const first = visit('/0', script)
    await until(() => app.held.length === 1, 'the app has the first request')
    let asked = 0
    const { upstreamLogins } = gate.server.runtime
    const { admit } = upstreamLogins
    upstreamLogins.admit = (...given) => {
      asked++
      return admit.apply(upstreamLogins, given)
    }
    const others = Array.from({ length: 8 }, (_, i) => visit(`/${i + 1}`, script))
    await until(() => asked === 8, 'the others ask for the login')
    t.equal(app.held.length, 1, 'they wait for the first')
    app.release()
    for (const answer of await Promise.all([first, ...others]))
      t.equal(answer.headers['factorgate-error'], 'upstream_login_refused')
    t.equal(app.wrong.length, 1, 'the app has got none of them')

    await put(fixture, 'wrong once more')
    t.equal((await visit('/free', script)).body, 'free', 'a page that is open to everybody says nothing of the login')
    const calls = await Promise.all(Array.from({ length: 8 }, (_, i) => visit(`/api/${i}`, script)))
    t.ok(calls.every(({ headers }) => headers['factorgate-error'] === 'upstream_login_refused'))
    t.equal(app.wrong.length, 2, 'so one request tries it at the other addresses')

    await put(fixture)
    t.equal((await visit('/broken', script)).status, 500, 'a failure of the app says nothing of the login')
    const all = await Promise.all(Array.from({ length: 5 }, (_, i) => visit(`/${i}`, script)))
    t.ok(all.every(({ status }) => status === 200))
    app.state.password = 'new'
    time.now += 61_000
    await Promise.all(Array.from({ length: 5 }, (_, i) => visit(`/${i}`, script)))
    t.equal(app.wrong.length, 3, 'after a quiet minute a changed password costs one try too')
  }
)

t.test('a socket or an upload that the app refuses gets the gate’s answer', async t => {
  const fixture = await start(t)
  const { app, gate, visit, cookies } = fixture
  const socket = {
    ...{ connection: 'Upgrade', upgrade: 'websocket', origin: gate.origin('old') },
    ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' }
  }
  const upload = (headers: OutgoingHttpHeaders) =>
    gate.request('PUT', `${gate.origin('old')}/big`, { cookie: cookies.old, ...headers }, Buffer.alloc(300_000))
  for (const [sentence, act] of [
    ['a socket', () => visit('/live', socket)],
    ['an upload', () => upload(script)],
    ['an upload of a program', () => upload({})]
  ] as const) {
    await put(fixture, `wrong ${sentence}`)
    const { status, headers, body } = await act()
    t.match({ status, headers }, { status: 403, headers: { 'www-authenticate': undefined } }, sentence)
    t.match(JSON.parse(body), { error: { code: 'upstream_login_refused', challengeUrl: /logins\/old\?rd=/ } }, sentence)
  }
  t.equal(app.wrong.length, 3)
})

t.test('what happens at one gate holds at another', async t => {
  const fixture = await start(t, (await startRedis(t)).url)
  const { app, gate, given, alice, cookies, visit } = fixture
  const other = await startGateway(t, { ...given, beside: gate })
  const there = async () => {
    const answer = await other.request('GET', `${gate.origin('old')}/data`, { cookie: cookies.old, ...script })
    return answer.headers['factorgate-error'] ?? answer.status
  }
  const soon = async (expected: unknown, sentence: string) => {
    while ((await there()) !== expected) await new Promise(resolve => setTimeout(resolve, 10))
    t.pass(sentence)
  }
  const logins = gate.server.runtime.upstreamLogins
  await put(fixture)
  await soon(200, 'stored')
  app.state.password = 'new'
  t.equal((await visit('/data', script)).headers['factorgate-error'], 'upstream_login_refused')
  await until(() => logins.peek(alice.id, 'old')?.refusedAt !== null, 'this gate hears of it')
  app.state.password = secret
  await soon('upstream_login_refused', 'refused, also if it were right again')
  await put(fixture)
  await soon(200, 'replaced')
  await logins.remove(alice.id, 'old')
  await soon('upstream_login_required', 'removed')
  t.equal(app.wrong.length, 1)
})

t.test('access that ends while a request waits for the trial ends it too', async t => {
  const fixture = await start(t)
  const { app, gate, alice, visit } = fixture
  await put(fixture)
  app.state.holds = true
  const first = visit('/0', script).catch(() => 'cut')
  await until(() => app.held.length === 1, 'the app has the first request')
  let asked = 0
  const { upstreamLogins, accounts } = gate.server.runtime
  const { admit } = upstreamLogins
  upstreamLogins.admit = (...given) => {
    asked++
    return admit.apply(upstreamLogins, given)
  }
  const [second, page, open] = [visit('/1', script), visit('/2', navigation), visit('/open/3', script)]
  await until(() => asked === 3, 'the others ask for the login')
  await accounts.suspend(alice.id, 'left')
  app.release()
  t.equal(await first, 'cut')
  t.match(await second, { status: 401, headers: { 'factorgate-error': 'sign_in_required' } })
  t.match(
    await page,
    { status: 302, headers: { 'factorgate-error': 'sign_in_required' } },
    'a page goes to the sign-in'
  )
  await open
  t.same(
    app.seen.map(({ url, headers }) => [url, headers.authorization !== undefined, headers['remote-user']]),
    [
      ['/0', true, 'alice'],
      ['/open/3', false, undefined]
    ],
    'a public address is open to everybody, without the login'
  )
})

t.test('a late refusal of an earlier login does not stop the new one', async t => {
  const fixture = await start(t)
  const { app, visit } = fixture
  await put(fixture, 'wrong')
  app.state.holds = true
  const late = visit('/late', script)
  await until(() => app.held.length === 1, 'the app has the first request')
  await put(fixture)
  app.release()
  t.equal((await late).headers['factorgate-error'], 'upstream_login_refused')
  t.equal((await visit('/data', script)).status, 200)
})

t.test('a program with a token gets its owner’s login, and an honest 403 without one', async t => {
  const fixture = await start(t)
  const { app, gate, alice } = fixture
  const given = { name: 'Robot', app: 'old', paths: null, methods: null, networks: null, bytes: null, by: null }
  const { text } = await gate.server.runtime.tokens.issue({ ...given, accountId: alice.id, validSeconds: 3600 })
  const url = `${gate.origin('old')}/data`
  const asPassword = { authorization: basic('anything', text), 'user-agent': 'davfs2/1.6.1 neon/0.32' }
  const without = await gate.request('PROPFIND', url, asPassword)
  t.match(without, { status: 403, headers: { 'factorgate-error': 'upstream_login_required', location: undefined } })
  t.match(JSON.parse(without.body).error.challengeUrl, /account\/logins\/old/)
  await put(fixture)
  t.equal(JSON.parse((await gate.request('PROPFIND', url, asPassword)).body).user, 'alice')
  t.notMatch(JSON.stringify(app.seen.at(-1)!.rawHeaders), /fg_/)
})

t.test('a verdict carries it where the configuration says so, and removes the client’s own everywhere', async t => {
  const fixture = await start(t)
  const { gate, cookies, app } = fixture
  const ask = (host: string, uri: string, headers: OutgoingHttpHeaders = {}) =>
    gate.request('GET', `${gate.portal}/.factorgate/auth`, {
      ...navigation,
      cookie: cookies[host],
      'x-forwarded-uri': uri,
      'x-forwarded-method': 'GET',
      'x-forwarded-host': `${host}.localhost:${gate.port}`,
      ...headers
    })
  t.match(await ask('judged', '/x'), { status: 302, headers: { location: /account\/logins\/judged/ } })
  t.match(await ask('judged', '/free'), { status: 200, headers: { authorization: '' } })
  const asNginx = { 'x-original-url': `${gate.origin('judged')}/x`, 'x-original-method': 'GET' }
  t.match(
    await gate.request('GET', `${gate.origin('judged')}/.factorgate/auth`, {
      ...navigation,
      ...asNginx,
      cookie: cookies.judged
    }),
    { status: 401, headers: { location: /account\/logins\/judged/, 'factorgate-error': 'upstream_login_required' } },
    'nginx asks again after a 401 alone'
  )
  await put(fixture, secret, 'judged')
  await put(fixture, secret, 'old')
  const verdict = await ask('judged', '/x', { authorization: 'Basic eDp5' })
  t.match(verdict, {
    status: 200,
    headers: { authorization: basic('alice', secret), 'factorgate-copy': /authorization/ }
  })
  const other = await ask('old', '/x', { authorization: 'Basic eDp5' })
  t.match(other, { status: 200, headers: { authorization: '', 'x-envoy-auth-headers-to-remove': /authorization/ } })
  t.notOk('authorization' in (await ask('plain', '/x')).headers)
  t.equal(app.seen.length, 0)
})

t.test(
  'U2 · a login is moved to another person or app in the store → it opens for nobody, and the person is asked',
  async t => {
    const fixture = await start(t)
    const { gate, alice, visit } = fixture
    const { runtime } = gate.server
    const { store, upstreamLogins } = runtime
    const keyOf = (account: string, app: string) => `upstream-login:${account}:${app}`
    await put(fixture)
    const sealed = (await store.get(keyOf(alice.id, 'old'))) as string
    t.match(sealed, /^v1\./, 'sealed in the store')
    t.notOk(sealed.includes(basic('alice', secret).slice(6)))
    const bob = await gate.account('bob')
    for (const [account, app] of [
      [bob.id, 'old'],
      [alice.id, 'other']
    ] as const) {
      await store.put(keyOf(account, app), sealed)
      t.equal(await upstreamLogins.find(account, app), null, 'a record that is moved opens for nobody')
    }
    t.match(await visit('/data', navigation, 'other'), { status: 302 }, 'and its owner is asked')
    t.match(
      await upstreamLogins.store(alice.id, 'other', basic('alice', secret)),
      { outcome: 'replaced' },
      'it can be replaced'
    )
    t.equal((await visit('/data', navigation, 'other')).status, 200)
    const login = await upstreamLogins.find(alice.id, 'old')
    t.notMatch(JSON.stringify(login), /Basic/, 'JSON shows no secret')

    await store.delete(keyOf(alice.id, 'old'))
    await until(() => upstreamLogins.peek(alice.id, 'old') === undefined, 'this gate hears of it')
    t.match(await visit('/data'), { status: 302 }, 'removed at another gate')
    await put(fixture)
    t.equal((await visit('/data')).status, 200)

    await runtime.accounts.suspend(alice.id, 'left')
    t.match(await visit('/data', script), { status: 401 }, 'nothing goes for a suspended person')
    t.equal(await upstreamLogins.removeAll(alice.id), 2)
    t.equal(await store.get(keyOf(alice.id, 'old')), null)
  }
)

t.test(
  'U5 · a thief of a session reads a login, or stores one → no page shows it, and to store one takes a fresh proof',
  async t => {
    const fixture = await start(t)
    const { portal, time, gate } = fixture
    await put(fixture)
    const form = '/.factorgate/account/logins/old'
    for (const page of ['/.factorgate/account/logins', form, '/.factorgate/account']) {
      const { status, body } = await portal.get(page)
      t.equal(status, 200, page)
      t.notOk(
        [secret, 'value="alice"', basic('alice', secret).slice(6)].some(hidden => body.includes(hidden)),
        page
      )
    }
    t.match(await portal.get('/.factorgate/account/logins/plain'), { status: 404 }, 'an app without the key')
    for (const [fields, sentence] of [
      [{ user: 'a:b', password: 'x' }, /without a colon/],
      [{ user: '', password: 'x' }, /without a colon/],
      [{ user: 'a', password: 'x\0y' }, /cannot be sent/]
    ] as const)
      t.match(await portal.fill(form, fields), { status: 403, body: sentence })
    const elsewhere = `${form}?rd=${encodeURIComponent(`${gate.origin('plain')}/x`)}`
    const stored = await portal.fill(elsewhere, { user: 'alice', password: secret })
    t.equal(stored.headers.location, `${gate.origin('old')}/`, 'the way back leads to the app alone')
    time.now += 6 * 60_000
    const late = await portal.get(form)
    t.match(late, { status: 302, headers: { location: /\/challenge\?rd=/ } })
    t.match(await portal.fill(form, { user: 'x', password: 'y' }, form), {
      status: 302,
      headers: { location: /\/challenge/ }
    })
  }
)
