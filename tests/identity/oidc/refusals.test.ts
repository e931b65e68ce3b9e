/** Providers that lie, and answers that were not made for this browser: nobody is signed in, the page says what to do, and the log says why. */
import { once } from 'node:events'
import net from 'node:net'
import { SignJWT, UnsecuredJWT } from 'jose'
import t, { type Test } from 'tap'
import {
  entryOf,
  type GateBrowser,
  mfa,
  type OidcGate,
  type Page,
  startOidcGate
} from '../../fixtures/in-process/oidc-gate.ts'
import { client, type Lies, type OidcProvider, startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'
import { textOf } from '../../fixtures/pipeline/visitor.ts'
import { until } from '../../fixtures/process/redis-server.ts'

type Case = Lies & { code: string; status?: number; said: RegExp }

const invalid = 'institution_answer_invalid'
const second = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

function isNobody(t: Test, browser: GateBrowser, page: Page, code: string, name: string, status = 403): void {
  t.same([page.status, page.headers['factorgate-error']], [status, code], name)
  t.equal(
    [...browser.jars.values()].some(
      jar => jar.has('factorgate') || [...jar.keys()].some(key => /^factorgate-\d+$/.test(key))
    ),
    false,
    `${name}: no session`
  )
}

const lies: Record<string, Case> = {
  'an ID token with another key’s signature': {
    token: async (claims, key) => {
      const { newKey } = provider
      return provider.sign(claims, {}, { ...(await newKey()), kid: key.kid })
    },
    code: invalid,
    said: /signature verification failed/
  },
  'an ID token without a signature': {
    token: claims => new UnsecuredJWT(claims).encode(),
    code: invalid,
    said: /alg|Unsecured|JWS/i
  },
  'an ID token signed with the client secret': {
    token: claims =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(client.secret.padEnd(32))),
    code: invalid,
    said: /alg/
  },
  'an ID token signed with the public key as a secret': {
    token: (claims, key) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: key.kid })
        .sign(Buffer.from(JSON.stringify(key.public))),
    code: invalid,
    said: /alg/
  },
  'an ID token that is none': { token: () => 'a.b.c', code: invalid, said: /./ },
  'no ID token at all': { token: () => undefined, code: invalid, said: /id_token/ },
  'another audience': { idToken: claims => ({ ...claims, aud: 'somebody' }), code: invalid, said: /aud/ },
  'another issuer': {
    idToken: claims => ({ ...claims, iss: 'https://elsewhere.example' }),
    code: invalid,
    said: /iss/
  },
  'another nonce': { idToken: claims => ({ ...claims, nonce: 'x' }), code: invalid, said: /nonce/ },
  'no nonce': { idToken: ({ nonce: _, ...claims }) => claims, code: invalid, said: /nonce/ },
  'another azp': { idToken: claims => ({ ...claims, azp: 'somebody' }), code: invalid, said: /azp/ },
  'several audiences and no azp': {
    idToken: claims => ({ ...claims, aud: [client.id, 'x'] }),
    code: invalid,
    said: /aud/
  },
  'an ID token that has expired': { idToken: claims => ({ ...claims, exp: second(-120) }), code: invalid, said: /exp/ },
  'an ID token without an end': { idToken: ({ exp: _, ...claims }) => claims, code: invalid, said: /exp/ },
  'an ID token from the future': { idToken: claims => ({ ...claims, iat: second(300) }), code: invalid, said: /clock/ },
  'a sign-in of the future': {
    idToken: claims => ({ ...claims, auth_time: second(300) }),
    code: invalid,
    said: /auth_time.*clock/
  },
  'a sub that is no text': { idToken: claims => ({ ...claims, sub: 17 }), code: invalid, said: /sub/ },
  'no sub': { idToken: ({ sub: _, ...claims }) => claims, code: invalid, said: /sub/ },
  'a sub of a thousand letters': {
    idToken: claims => ({ ...claims, sub: 'x'.repeat(1000) }),
    code: invalid,
    said: /sub/
  },
  'no name': {
    idToken: ({ preferred_username: _, ...claims }) => claims,
    code: invalid,
    said: /preferred_username.*scopes'\. They have "email", "groups", "name", "sub"$/
  },
  'two names': {
    idToken: claims => ({ ...claims, preferred_username: ['ada', 'root'] }),
    code: invalid,
    said: /2 values/
  },
  'a name that is an object': {
    idToken: claims => ({ ...claims, preferred_username: { a: 1 } }),
    code: invalid,
    said: /preferred_username/
  },
  'userinfo of somebody else': {
    idToken: ({ email: _, ...claims }) => claims,
    userInfo: claims => ({ ...claims, sub: 'somebody-else', email: 'root@lab.example' }),
    code: invalid,
    said: /sub/
  },
  'userinfo that is broken': {
    idToken: ({ email: _, ...claims }) => claims,
    userInfo: () => '{"sub":',
    code: invalid,
    said: /./
  },
  'no iss in the answer, where the provider says that there is one': {
    answer: answer => ({ ...answer, iss: undefined }),
    code: invalid,
    said: /iss/
  },
  'the answer of another provider': {
    answer: answer => ({ ...answer, iss: 'https://elsewhere.example' }),
    code: invalid,
    said: /iss/
  },
  'a code that the provider does not know': {
    answer: answer => ({ ...answer, code: 'x' }),
    code: invalid,
    said: /invalid_grant/
  },
  'no code': { answer: answer => ({ ...answer, code: undefined }), code: invalid, said: /code/ },
  'an ID token in the address': { answer: answer => ({ ...answer, id_token: 'x' }), code: invalid, said: /implicit/ },
  'the person said no': {
    answer: ({ state, iss }) => ({ state, iss, error: 'access_denied', error_description: 'no\r\n"way"' }),
    code: 'institution_refused',
    said: /access_denied/
  },
  'the provider has trouble': {
    answer: ({ state, iss }) => ({ state, iss, error: 'temporarily_unavailable' }),
    code: 'institution_unreachable',
    status: 503,
    said: /temporarily_unavailable/
  },
  'another state': {
    answer: answer => ({ ...answer, state: 'x'.repeat(43) }),
    code: 'institution_login_expired',
    said: /state/
  },
  'no state': { answer: answer => ({ ...answer, state: undefined }), code: 'institution_login_expired', said: /state/ }
}

/** The rows of the list of threats, and what is tried for each; the other cases belong to none. */
const threats: Readonly<Record<string, readonly string[]>> = {
  'I24 CVE-2015-9235, CVE-2016-5431 · ID tokens signed by none, by HMAC, by another key → refused': [
    'an ID token with another key’s signature',
    'an ID token without a signature',
    'an ID token signed with the client secret',
    'an ID token signed with the public key as a secret',
    'an ID token that is none',
    'no ID token at all'
  ],
  'I25 OpenID Connect Core §3.1.3.7 · tokens of another client, sign-in or time, userinfo of another person → refused':
    [
      'another audience',
      'another nonce',
      'no nonce',
      'another azp',
      'several audiences and no azp',
      'an ID token that has expired',
      'an ID token without an end',
      'an ID token from the future',
      'a sign-in of the future',
      'userinfo of somebody else'
    ],
  'I26 RFC 9207, RFC 9700 §4.4 · answers and tokens of another issuer, answers without iss → refused': [
    'another issuer',
    'no iss in the answer, where the provider says that there is one',
    'the answer of another provider'
  ],
  'I27 RFC 9700 §4.5 · foreign codes, implicit answers, other states → refused': [
    'a code that the provider does not know',
    'no code',
    'an ID token in the address',
    'another state',
    'no state'
  ]
}

let provider: OidcProvider
let gate: OidcGate

t.before(async () => {
  provider = await startOidcProvider(t)
  gate = await startOidcGate(t, [entryOf('campus', provider, mfa), entryOf('other', provider, mfa)])
})

async function refuses(t: Test, name: string): Promise<void> {
  const { code, status = 403, said, ...lie } = lies[name]!
  provider.lies = lie
  gate.log.length = 0
  const browser = gate.browser()
  const page = await browser.signIn('campus', provider)
  isNobody(t, browser, page, code, name, status)
  const line = gate.log.find(line => line.code === code)
  t.match(line, { institution: 'campus', detail: said }, `${name}: the log says why`)
  t.notMatch(String(line?.detail), /[\r\n]/, `${name}: on one line`)
  t.notMatch(JSON.stringify(line), /eyJ|code=|client_secret/, `${name}: without tokens`)
  provider.lies = {}
}

for (const [row, names] of Object.entries(threats))
  t.test(row, async t => {
    for (const name of names) await refuses(t, name)
  })

t.test('what else is refused', async t => {
  const named = Object.values(threats).flat()
  for (const name of Object.keys(lies)) if (!named.includes(name)) await refuses(t, name)
})

t.test('I28 RFC 9700 §4.7 · one answer in another browser, at another institution, twice → refused', async t => {
  const [browser, other] = [gate.browser(), gate.browser()]
  const { location } = await browser.go(`${gate.portal}/.factorgate/login/campus`)
  const back = provider.authorize(location!)
  isNobody(t, other, await other.go(back), 'institution_login_expired', 'another browser')
  const wrong = back.replace('/login/campus/', '/login/other/')
  isNobody(t, browser, await browser.go(wrong), 'institution_login_expired', 'another institution')
  const begun = await browser.go(`${gate.portal}/.factorgate/login/campus`)
  const answer = provider.authorize(begun.location!)
  t.equal((await browser.go(answer)).status < 400, true)
  const again = gate.browser()
  for (const [host, jar] of browser.jars) for (const [name, value] of jar) again.jar(host).set(name, value)
  const replay = await again.send('GET', answer)
  t.same([replay.status, replay.headers['factorgate-error']], [403, 'institution_login_expired'])
  t.match(textOf(replay.body), /took too long, it began in another browser, or you opened its page twice/)
})

t.test('I29 RFC 7636, RFC 9700 §4.5 · a stolen code in a thief’s own sign-in → refused', async t => {
  const [victim, thief] = [gate.browser(), gate.browser()]
  const theirs = await victim.go(`${gate.portal}/.factorgate/login/campus`)
  const code = new URL(provider.authorize(theirs.location!)).searchParams.get('code')!
  const own = await thief.go(`${gate.portal}/.factorgate/login/campus`)
  const answer = new URL(provider.authorize(own.location!))
  answer.searchParams.set('code', code)
  isNobody(t, thief, await thief.go(answer.href), invalid, 'PKCE binds the code to who began')
})

t.test(
  'I30 · new keys with every kind of id, and one that went away → new ones count at once, the old one no more',
  async t => {
    const signs = async (name: string) => {
      const page = await gate.browser().signIn('campus', provider)
      t.ok(page.status < 400, `${name}: ${page.body}`)
    }
    await signs('before')
    provider.keys = [await provider.newKey()]
    await signs('another key at once')
    provider.keys = [await provider.newKey('ES256', provider.keys[0]!.kid)]
    await signs('another key with the same id')
    provider.keys = [await provider.newKey('EdDSA'), ...provider.keys]
    await signs('another algorithm')
    const old = [...provider.keys]
    provider.keys = [await provider.newKey('RS256'), ...old]
    provider.lies = {
      jwks: keys => ({ keys: keys.map(({ public: { kid: _, ...key } }) => key) }),
      token: (c, key) => provider.sign(c, { kid: undefined }, key)
    }
    await signs('keys without ids')
    const [gone] = provider.keys
    provider.keys = [await provider.newKey()]
    provider.lies = { token: claims => provider.sign(claims, {}, gone!) }
    const browser = gate.browser()
    isNobody(t, browser, await browser.signIn('campus', provider), invalid, 'a key that is no longer listed')
    provider.lies = {}
  }
)

const broken: Record<string, Case> = {
  'metadata of another issuer': {
    metadata: m => ({ ...m, issuer: 'https://elsewhere.example' }),
    code: invalid,
    said: /another issuer.*elsewhere/
  },
  'metadata that is no JSON': { metadata: () => '<html>', code: invalid, said: /metadata/ },
  'metadata that is a list': { metadata: () => [], code: invalid, said: /metadata/ },
  'metadata without keys': { metadata: ({ jwks_uri: _, ...m }) => m, code: invalid, said: /jwks_uri/ },
  'metadata that leads elsewhere by plain http': {
    metadata: m => ({ ...m, token_endpoint: 'http://elsewhere.example/token' }),
    code: 'institution_unreachable',
    status: 503,
    said: /only https/
  },
  'metadata behind a redirect': { handle: redirect, code: invalid, said: /metadata/ },
  'a server error': {
    handle: (_path, response) => Boolean(response.writeHead(500).end('x')),
    code: 'institution_unreachable',
    status: 503,
    said: /500/
  },
  'a hundred megabytes': { handle: flood, code: 'institution_unreachable', status: 503, said: /larger than/ },
  'an answer that breaks off': { handle: breakOff, code: 'institution_unreachable', status: 503, said: /./ }
}

function redirect(path: string, response: import('node:http').ServerResponse): boolean {
  response.writeHead(302, { location: path }).end()
  return true
}

function flood(_path: string, response: import('node:http').ServerResponse): boolean {
  const part = Buffer.alloc(1024 * 1024, 'x')
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = () => {
    while (!response.destroyed && response.write(part));
    if (!response.destroyed) response.once('drain', more)
  }
  more()
  return true
}

function breakOff(_path: string, response: import('node:http').ServerResponse): boolean {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
  response.write('{', () => response.destroy())
  return true
}

t.test(
  'I31 OpenID Connect Discovery §4.3 · metadata of another issuer, redirects, floods → its people wait, others go on',
  async t => {
    const bad = new Map<string, OidcProvider>()
    for (const name of Object.keys(broken)) bad.set(name, await startOidcProvider(t))
    const good = await startOidcProvider(t)
    good.person = { ...good.person, acr: 'https://refeds.org/profile/mfa' }
    const entries = [...bad.values()].map((each, index) => entryOf(`bad-${index}`, each))
    const gate = await startOidcGate(t, [...entries, entryOf('good', good, mfa)])
    for (const [index, [name, { code, status = 403, said, ...lie }]] of Object.entries(broken).entries()) {
      const provider = bad.get(name)!
      provider.lies = lie
      gate.log.length = 0
      const browser = gate.browser()
      const page = await browser.go(`${gate.portal}/.factorgate/login/bad-${index}`)
      const end = page.location === null ? page : await browser.go(provider.authorize(page.location))
      isNobody(t, browser, end, code, name, status)
      t.match(
        gate.log.find(line => line.code === code),
        { institution: `bad-${index}`, detail: said },
        name
      )
      t.equal((await gate.browser().signIn('good', good)).status, 200, `${name}: others go on`)
    }
  }
)

t.test('a provider that is down is asked again after a pause, and takes people once it is up', async t => {
  const late = await startOidcProvider(t)
  let isDown = true
  late.lies.handle = (_path, response) => isDown && Boolean(response.writeHead(503).end())
  let now = Date.now()
  const gate = await startOidcGate(t, [entryOf('late', late)], { clock: () => now })
  const start = () => gate.browser().go(`${gate.portal}/.factorgate/login/late`)
  for (let i = 0; i < 5; i++) t.equal((await start()).status, 503)
  t.equal(late.seen.length, 1, 'in the pause nobody is asked')
  isDown = false
  now += 2_000
  t.ok((await start()).location, 'it is up again')
  isDown = true
  now += 3600_000
  t.ok((await start()).location, 'what was known an hour ago serves until there is something newer')
  await until('the log says so', async () => /what was known of the provider is used on/.test(gate.said()))
})

t.test('a provider that says nothing ends in five seconds', async t => {
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const sockets = new Set<net.Socket>()
  silent.on('connection', socket => sockets.add(socket))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
  const { port } = silent.address() as net.AddressInfo
  const gate = await startOidcGate(t, [entryOf('silent', { issuer: `http://127.0.0.1:${port}` })])
  const page = await gate.browser().go(`${gate.portal}/.factorgate/login/silent`)
  t.same([page.status, page.headers['factorgate-error']], [503, 'institution_unreachable'])
  t.match(gate.said(), /no answer within 5 s/)
})

t.test(
  'the button of a refusal leads on to where the person wanted to go, without the answer of the provider',
  async t => {
    const target = `${gate.origin('files')}/data?x=1`
    const { accounts } = gate.server.runtime
    await accounts.create({ name: 'grace', displayName: 'Grace', email: null, groups: [] })
    const people: Record<string, [Lies, string]> = {
      no: [{ answer: ({ state, iss }) => ({ state, iss, error: 'access_denied' }) }, 'institution_refused'],
      'not valid': [{ idToken: claims => ({ ...claims, aud: 'somebody' }) }, invalid],
      taken: [{ idToken: claims => ({ ...claims, sub: 'x', preferred_username: 'grace' }) }, 'institution_name_taken'],
      'no name': [
        { idToken: claims => ({ ...claims, sub: 'x', preferred_username: '\u0000' }) },
        'institution_name_invalid'
      ]
    }
    for (const [name, [lie, code]] of Object.entries(people)) {
      provider.lies = lie
      const { body, headers } = await gate.browser().signIn('campus', provider, target)
      t.equal(headers['factorgate-error'], code, name)
      const [, href = ''] = /<a class="button[^"]*" href="([^"]*\/login[^"]*)"/.exec(body) ?? []
      const { pathname, searchParams } = new URL(href.replaceAll('&amp;', '&'), gate.portal)
      t.same([pathname, ...searchParams.keys()], ['/.factorgate/login', 'rd'], name)
      t.match(decodeURIComponent(href), /files\.localhost/, `${name}: to the app`)
      t.notMatch(body, /code=|iss=/, name)
    }
    provider.lies = {}
  }
)
