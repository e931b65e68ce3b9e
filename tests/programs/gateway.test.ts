/** Tokens of programs through the whole gate: what a token opens, what it never opens, and what its sender is told. */
import { readFileSync } from 'node:fs'
import type { OutgoingHttpHeaders } from 'node:http'
import path from 'node:path'
import t, { type Test } from 'tap'
import type { NewToken } from '../../src/programs/program-tokens.ts'
import { newTokenText, tokenPattern } from '../../src/programs/token-text.ts'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'
import { download, startTorrent } from '../fixtures/in-process/torrent.ts'

const hour = 3600
const rules = `[{ path: /public/**, access: public }, { path: /keys/**, access: mfa, factors: [webauthn] },
      { path: /fresh/**, access: mfa, within: 5m }, { path: /much/**, access: mfa, freshFor: 1MiB },
      { path: /admin/**, groups: [operators], access: mfa }, { path: /admin/**, access: deny }, { path: /shut/**, access: deny }, { groups: [researchers], access: mfa }]`

async function start(t: Test) {
  const time = new TestClock(Date.now())
  const app = await echoApp(t)
  const torrent = await startTorrent(t)
  const one = (id: string, more: string) =>
    `  - { id: ${id}, url: "http://${id}.localhost:PORT", upstream: "${app.url}", rules: ${rules}${more} }`
  const gate = await startGateway(t, {
    apps: `${one('one', ', tokens: true, assertion: true')}
${one('two', ', tokens: { header: X-Gate-Token }')}
${one('none', '')}
${one('reported', ', tokens: true, enforce: report')}
  - { id: files, url: "http://files.localhost:PORT", upstream: "${torrent.url}", tokens: true }`,
    extra: 'trustedProxies: [127.0.0.1]',
    clock: time.read
  })
  const alice = await gate.account('alice')
  const { tokens } = gate.server.runtime
  const issue = async (more: Partial<NewToken> = {}) =>
    tokens.issue({
      accountId: alice.id,
      name: 'Robot',
      app: 'one',
      paths: null,
      methods: null,
      networks: null,
      bytes: null,
      by: null,
      validSeconds: hour,
      ...more
    })
  const journal = async () => {
    await gate.server.runtime.journal.commit({ kind: 'gate.reload', at: time.now })
    const lines = readFileSync(path.join(gate.folder, 'journal.jsonl'), 'utf8').trim().split('\n')
    return lines.map(line => JSON.parse(line) as Record<string, unknown>)
  }
  return { time, app, gate, alice, tokens, issue, journal }
}
type Fixture = Awaited<ReturnType<typeof start>>

const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
const basic = (text: string, name = 'alice') => ({
  authorization: `Basic ${Buffer.from(`${name}:${text}`).toString('base64')}`
})

interface Row {
  readonly token?: Partial<NewToken>
  readonly method?: string
  readonly app?: string
  readonly uri?: string
  readonly headers?: (text: string) => OutgoingHttpHeaders
  /** `forward`, or a code. */
  readonly gets: string
}

type Rows = readonly (readonly [string, Row])[]

const ways: Rows = [
  ['Bearer opens what its owner may open', { gets: 'forward' }],
  ['the scheme in capital letters', { headers: text => ({ authorization: `BEARER ${text}` }), gets: 'forward' }],
  ['the password of Basic, with any name', { headers: text => basic(text, 'git'), gets: 'forward' }],
  ['the name of Basic is no place for it', { headers: text => basic('', text), gets: 'sign_in_required' }],
  ['a public path', { uri: '/public/x', gets: 'forward' }],
  ['a header of choice', { app: 'two', headers: text => ({ 'x-gate-token': text }), gets: 'forward' }],
  [
    'a header of choice that the app does not name',
    { headers: text => ({ 'x-gate-token': text }), gets: 'sign_in_required' }
  ],
  [
    'two different tokens',
    { app: 'two', headers: text => ({ 'x-gate-token': text, ...bearer(newTokenText()) }), gets: 'token_invalid' }
  ],
  ['the header of choice, empty', { app: 'two', headers: () => ({ 'x-gate-token': '' }), gets: 'token_invalid' }],
  ['the query is no place for it', { headers: () => ({}), uri: '/x?access_token=fg_', gets: 'sign_in_required' }],
  ['a made-up token with a right checksum', { headers: () => bearer(newTokenText()), gets: 'token_invalid' }],
  [
    'a token with a wrong checksum',
    { headers: text => bearer(text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')), gets: 'token_invalid' }
  ],
  [
    'a token of the app’s own kind goes to the app',
    { headers: () => ({ authorization: 'Bearer app-token' }), gets: 'sign_in_required' }
  ],
  ['an app that only reports stops nobody', { app: 'reported', token: { app: 'one' }, gets: 'forward' }]
]

const scopes: Rows = [
  ['another app', { token: { app: 'two' }, gets: 'token_not_allowed' }],
  ['an app without tokens', { app: 'none', token: { app: 'none' }, gets: 'sign_in_required' }],
  [
    'an app without tokens, from a navigation',
    { app: 'none', headers: text => ({ ...bearer(text), accept: 'text/html' }), gets: 'sign_in_required' }
  ],
  ['a path of the token', { token: { paths: ['/raw/**', '/meta/*'] }, uri: '/raw/2026/scan', gets: 'forward' }],
  ['another path', { token: { paths: ['/raw/**'] }, uri: '/home', gets: 'token_not_allowed' }],
  ['another path that is public', { token: { paths: ['/raw/**'] }, uri: '/public/x', gets: 'token_not_allowed' }],
  [
    'a path that can be read as another',
    { token: { paths: ['/raw/**'] }, uri: '/raw/..%2fhome', gets: 'token_not_allowed' }
  ],
  ['a path in other letters', { token: { paths: ['/raw/**'] }, uri: '/RAW/x', gets: 'token_not_allowed' }],
  ['a method of the token', { token: { methods: ['GET'] }, method: 'HEAD', gets: 'forward' }],
  ['another method', { token: { methods: ['GET'] }, method: 'PUT', gets: 'token_not_allowed' }],
  [
    'another method in the query',
    { token: { methods: ['GET', 'POST'] }, method: 'POST', uri: '/x?_method=DELETE', gets: 'token_not_allowed' }
  ],
  [
    'MOVE to a path outside',
    {
      token: { paths: ['/raw/**'] },
      method: 'MOVE',
      uri: '/raw/a',
      headers: text => ({ ...bearer(text), destination: '/home' }),
      gets: 'token_not_allowed'
    }
  ],
  ['a network of the token', { token: { networks: ['127.0.0.0/8'] }, gets: 'forward' }],
  ['another network', { token: { networks: ['192.0.2.0/24'] }, gets: 'token_not_allowed' }]
]

const forPeople: Rows = [
  ['a rule that names a factor', { uri: '/keys/x', gets: 'token_not_allowed' }],
  ['a rule that asks for a fresh proof', { uri: '/fresh/x', gets: 'token_not_allowed' }],
  ['a rule with so much for each proof', { uri: '/much/x', gets: 'token_not_allowed' }],
  ['a group that its owner is not in', { uri: '/admin/x', gets: 'token_not_allowed' }],
  ['a denied path', { uri: '/shut/x', gets: 'token_not_allowed' }]
]

const browsers: Rows = [
  [
    'Basic that a browser was made to send by another site',
    { headers: text => ({ ...basic(text), 'sec-fetch-site': 'cross-site' }), gets: 'token_invalid' }
  ],
  [
    'Basic in a browser at the site itself',
    { headers: text => ({ ...basic(text), 'sec-fetch-site': 'same-origin' }), gets: 'forward' }
  ]
]

const tables: readonly (readonly [string, Rows])[] = [
  ['a token is sent in each way', ways],
  ['T1 · a token is used for another app, path, method or network, in any spelling → refused', scopes],
  ['T2 · a token meets a rule that asks a person for a proof, or that its owner does not meet → refused', forPeople],
  ['T3 · another site makes a browser send a token that it remembers as a password → refused', browsers]
]

t.test('what a token opens', async t => {
  const fixture = await start(t)
  for (const [name, rows] of tables) await t.test(name, t => judge(t, fixture, rows))
})

async function judge(t: Test, { gate, issue, app }: Fixture, rows: Rows): Promise<void> {
  for (const [sentence, { token, method = 'GET', app: id = 'one', uri = '/x', headers = bearer, gets }] of rows) {
    const { text } = await issue({ app: id, ...token })
    const seen = app.seen.length
    const answer = await gate.request(method, `${gate.origin(id)}${uri}`, headers(text))
    t.equal(answer.headers['factorgate-error'] ?? 'forward', gets, sentence)
    t.equal(app.seen.length - seen, gets === 'forward' ? 1 : 0, `${sentence}: what the app gets`)
    t.notMatch(answer.headers, { 'set-cookie': /./ }, `${sentence}: no cookie`)
    if (gets !== 'forward') t.match(answer.headers['content-type'], /json/, `${sentence}: no page`)
  }
}

t.test('T4 · an app reads the token, to use it elsewhere → no app ever gets it', async t => {
  const fixture = await start(t)
  const { gate, issue, app } = fixture
  const { text, token } = await issue()
  await gate.request('GET', `${gate.origin('one')}/x`, { ...bearer(text), 'x-custom': 'stays' })
  const { headers } = app.seen.at(-1)!
  t.match(headers, { 'x-custom': 'stays', 'remote-user': 'alice' })
  t.notOk('authorization' in headers)
  const claims = JSON.parse(
    Buffer.from(String(headers['x-factorgate-assertion']).split('.')[1]!, 'base64url').toString()
  )
  t.match(claims, { name: 'alice', sid: token.id, amr: ['token'] })
  const two = await issue({ app: 'two' })
  await gate.request('GET', `${gate.origin('two')}/x`, { 'X-Gate-Token': two.text, authorization: 'token jupyter' })
  t.match(app.seen.at(-1)!.headers, { authorization: 'token jupyter' })
  t.notMatch(JSON.stringify(app.seen.at(-1)!.rawHeaders), /fg_/)
  // An app that takes no tokens, on a path that needs nobody.
  await gate.request('GET', `${gate.origin('none')}/public/x`, bearer(text))
  t.notMatch(JSON.stringify(app.seen.at(-1)!.rawHeaders), /fg_/)
  await gate.request('GET', `${gate.origin('none')}/public/x`, basic(text))
  t.notMatch(JSON.stringify(app.seen.at(-1)!.rawHeaders), /Basic/)
  // Where it does not count it does not pass either.
  for (const headers of [
    basic('', text),
    basic('x-oauth-basic', text),
    { authorization: `token ${text}` },
    { authorization: `ApiKey name="${text}"` },
    { authorization: text },
    { 'x-gate-token': text },
    { 'x-api-key': `Bearer ${text}` }
  ])
    for (const uri of [
      `${gate.origin('none')}/public/x`,
      `${gate.origin('one')}/public/x`,
      `${gate.origin('reported')}/x`
    ]) {
      const before = app.seen.length
      await gate.request('GET', uri, { ...headers, 'x-custom': 'fg_stays' })
      t.equal(app.seen.length, before + 1, uri)
      const { rawHeaders } = app.seen.at(-1)!
      const values = rawHeaders.flatMap(value => [
        value,
        Buffer.from(value.replace(/^basic /i, ''), 'base64').toString()
      ])
      t.notOk(
        values.some(value => value.includes(text)),
        `${uri}: ${Object.keys(headers)}`
      )
      t.ok(rawHeaders.includes('fg_stays'))
    }
  await gate.request('GET', `${gate.origin('none')}/public/x`, basic('fg_own', 'ann'))
  t.match(JSON.stringify(app.seen.at(-1)!.rawHeaders), /Basic/, 'one of the app’s own that begins like ours')
  await gate.request('GET', `${gate.origin('reported')}/x`, bearer('fg_wrong'))
  t.notMatch(JSON.stringify(app.seen.at(-1)!.rawHeaders), /fg_|remote-user/i)

  // A proxy that only asks for a verdict would pass it on.
  for (const host of ['one', 'two', 'none'])
    for (const headers of [bearer(text), basic(text), { 'x-gate-token': text }]) {
      const original = {
        'x-forwarded-uri': '/public/x',
        'x-forwarded-method': 'GET',
        'x-forwarded-host': `${host}.localhost:${gate.port}`
      }
      const verdict = await gate.request('GET', `${gate.origin('gate')}/.factorgate/auth`, { ...headers, ...original })
      t.equal(verdict.headers['factorgate-error'], 'token_not_allowed', `${host} ${Object.keys(headers)}`)
    }

  const lines = await fixture.journal()
  t.match(
    lines.find(({ token: id }) => id === token.id),
    { kind: 'exchange', account: token.accountId, name: 'alice', status: 200 }
  )
  // A random id may hold the first three characters, and is shorter than a token.
  t.notMatch(JSON.stringify(lines), new RegExp(tokenPattern), 'no line holds a token')
})

t.test('programs are told how to ask, and browsers are not asked for a name and a password', async t => {
  const { gate, issue } = await start(t)
  const url = `${gate.origin('one')}/x`
  const challenge = async (headers: OutgoingHttpHeaders, at = url) =>
    (await gate.request('GET', at, headers)).headers['www-authenticate'] ?? null
  // Some read only the first challenge, and fail where that is Bearer.
  const both = 'Basic realm="one", charset="UTF-8", Bearer realm="one"'
  for (const agent of [
    'curl/8.5.0',
    'git/2.43.0',
    'davfs2/1.6.1 neon/0.32',
    'python-requests/2.31',
    'libcurl/8.5 r-curl/5.2 httr/1.4'
  ])
    t.equal(await challenge({ 'user-agent': agent }), both, agent)
  t.equal(await challenge({}), both, 'a program without a name')
  t.equal(await challenge({ 'user-agent': 'curl/8', accept: 'text/html' }), both, 'also one that takes pages')
  t.equal(
    await challenge({ 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }),
    'Bearer realm="one"',
    'a script of a page'
  )
  t.equal(
    await challenge({ 'user-agent': 'Mozilla/5.0 Firefox/120', accept: '*/*' }),
    'Bearer realm="one"',
    'a script of an older browser'
  )
  t.equal(await challenge({ ...navigation, 'user-agent': 'Mozilla/5.0' }), null, 'a navigation is redirected')
  t.equal(await challenge({}, `${gate.origin('none')}/x`), null, 'an app without tokens offers none')
  const wrong = await gate.request('GET', url, { ...bearer(newTokenText()), ...navigation })
  t.match(wrong, { status: 401, headers: { 'www-authenticate': 'Bearer realm="one", error="invalid_token"' } })
  const { text } = await issue({ methods: ['PUT'] })
  t.match(await gate.request('GET', url, bearer(text)), {
    status: 403,
    headers: { 'www-authenticate': 'Bearer realm="one", error="insufficient_scope"' }
  })
})

t.test(
  'T5 · a token is sent to the portal or the console, or beside a cookie → it opens no page of the gate, and no cookie comes of it',
  async t => {
    const { gate, issue, alice } = await start(t)
    const { text } = await issue()
    for (const page of ['', 'account', 'admin/', 'enrol'])
      for (const host of ['gate', 'one']) {
        const answer = await gate.request('GET', `${gate.origin(host)}/.factorgate/${page}`, {
          ...bearer(text),
          ...navigation
        })
        t.equal(answer.status, 302, `${host} ${page}`)
        t.notMatch(answer.headers, { 'set-cookie': /factorgate(?:-\d+)?=[^;]/ })
      }
    const { cookies } = await gate.signIn(alice, 'one')
    const beside = await gate.request('GET', `${gate.origin('one')}/keys/x`, { ...bearer(text), cookie: cookies.one })
    t.equal(beside.headers['factorgate-error'], 'token_not_allowed', 'the token counts, and the cookie says nothing')
  }
)

/** What ends a token, and a transfer that runs with it. */
const ends: readonly (readonly [string, (fixture: Fixture, id: string) => Promise<unknown>])[] = [
  ['it is revoked', ({ tokens }, id) => tokens.revoke(id)],
  ['all tokens of its owner are', ({ tokens, alice }) => tokens.revokeAll(alice.id)],
  ['its owner is suspended', ({ gate, alice }) => gate.server.runtime.accounts.suspend(alice.id, 'left')],
  ['another gate has revoked it', ({ gate }, id) => gate.server.runtime.store.delete(`program-token:${id}`)]
]

t.test(
  'T6 · a token is used after its end, or a transfer goes on → what runs is cut at once, and nothing follows',
  async t => {
    for (const [sentence, act] of ends)
      t.test(sentence, async t => {
        const fixture = await start(t)
        const { gate, issue } = fixture
        const { text, token } = await issue({ app: 'files' })
        const url = `${gate.origin('files')}/endless`
        const running = await download(gate.port, url, bearer(text))
        t.equal(running.status, 200)
        await act(fixture, token.id)
        t.equal(await running.end, false, 'what runs is cut')
        t.match(await gate.request('GET', url, bearer(text)), {
          status: 401,
          headers: { 'factorgate-error': 'token_invalid' }
        })
      })
  }
)

t.test('a program opens a WebSocket without an origin, and another site does not', async t => {
  const { gate, issue } = await start(t)
  const { text } = await issue()
  const handshake = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  const open = async (headers: OutgoingHttpHeaders) =>
    (await gate.request('GET', `${gate.origin('one')}/x`, { ...handshake, ...headers })).headers['factorgate-error']
  const key = { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' }
  t.equal(await open({ ...key, ...bearer(text) }), undefined, 'the app answers')
  t.equal(await open({ ...key, ...bearer(text), origin: gate.origin('one') }), undefined)
  t.equal(await open({ ...key, ...basic(text), origin: 'https://evil.example' }), 'foreign_origin')
})

t.test('a token ends at its time, and the last use is known', async t => {
  const { gate, issue, time, tokens, alice } = await start(t)
  const { text } = await issue({ validSeconds: 600 })
  const url = `${gate.origin('one')}/x`
  t.match(await tokens.list(alice.id), [{ lastUse: null }])
  t.equal((await gate.request('GET', url, bearer(text))).status, 200)
  await tokens.flush()
  t.match(await tokens.list(alice.id), [{ lastUse: { at: time.now, address: '127.0.0.1' } }])
  time.advance(601)
  t.equal((await gate.request('GET', url, bearer(text))).headers['factorgate-error'], 'token_invalid')
  t.equal((await tokens.list(alice.id)).length, 1, 'its owner still sees it')
})

t.test('T7 · more is fetched than the token allows, in one transfer → cut in flight, within 1 MiB', async t => {
  const { gate, issue, journal } = await start(t)
  const MiB = 1024 ** 2
  const { text, token } = await issue({ app: 'files', bytes: 4 * MiB })
  const url = `${gate.origin('files')}/endless`
  const running = await download(gate.port, url, bearer(text))
  t.equal(await running.end, false)
  t.ok(running.bytes <= 5 * MiB, `${running.bytes} bytes`)
  t.ok(running.bytes >= 2 * MiB, 'and the quota could be used')
  t.match(await gate.request('GET', url, bearer(text)), { status: 403, headers: { 'factorgate-error': 'token_spent' } })
  const other = await issue({ app: 'files', bytes: 4 * MiB })
  t.equal(
    (await gate.request('GET', `${gate.origin('files')}/10`, bearer(other.text))).status,
    200,
    'each token has its own'
  )
  t.match(
    (await journal()).find(({ kind }) => kind === 'watch.budget'),
    { budget: 'token-quota', token: token.id, name: 'alice', why: /The program 'Robot' of alice has fetched/ }
  )
})

t.test(
  'T8 · tokens are guessed, and the store is flooded with guesses → few are looked up, and tokens in use are not delayed',
  async t => {
    const { gate, issue } = await start(t)
    const { store } = gate.server.runtime
    const { text } = await issue()
    const url = `${gate.origin('one')}/x`
    await gate.request('GET', url, bearer(text))
    const codes: unknown[] = []
    let reads = 0
    const get = store.get.bind(store)
    store.get = key => {
      if (key.startsWith('program-token:')) reads++
      return get(key)
    }
    for (let i = 0; i < 60; i++)
      codes.push((await gate.request('GET', url, bearer(newTokenText()))).headers['factorgate-error'])
    t.equal(reads, 20, 'twenty guesses are looked up')
    t.same(new Set(codes.slice(20)), new Set(['too_many_attempts']))
    t.equal(
      (await gate.request('GET', url, bearer('fg_no'))).headers['factorgate-error'],
      'token_invalid',
      'without a look-up'
    )
    t.equal((await gate.request('GET', url, bearer(text))).status, 200, 'a token in use is not delayed')
  }
)
