/** Signing in through an OpenID Connect provider: what the gate asks, who is then signed in, and what counts as a second factor. */
import t from 'tap'
import { entryOf, mfa, startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { client, startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'
import { textOf } from '../../fixtures/pipeline/visitor.ts'

const acr = 'https://refeds.org/profile/mfa'
const now = () => Math.floor(Date.now() / 1000)

t.test('a second factor that was checked there opens the app, which gets name, address and groups', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  provider.person = { ...provider.person, acr, amr: ['pwd', 'otp', 'mfa'], auth_time: now() }
  const browser = gate.browser()
  const start = await browser.go(`${gate.origin('files')}/data?x=1`)
  t.match(textOf(start.body), /Sign in with The campus/)
  const page = await browser.signIn('campus', provider, `${gate.origin('files')}/data?x=1`)
  t.equal(page.status, 200, page.body)
  t.equal(page.url, `${gate.origin('files')}/data?x=1`)
  const { headers } = JSON.parse(page.body)
  t.match(headers, {
    'remote-user': 'ada',
    'remote-name': 'Ada Lovelace',
    'remote-email': 'ada@lab.example',
    'remote-groups': 'staff'
  })
  const asked = provider.requests('/token')[0]!.body
  t.equal(asked.get('redirect_uri'), `${gate.portal}/.factorgate/login/campus/callback`)
  t.ok((asked.get('code_verifier') ?? '').length >= 43)
})

t.test('I32 RFC 9700 §2.1.1 · a provider that announces no PKCE → PKCE, state and nonce in the request', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  const { location } = await gate.browser().go(`${gate.portal}/.factorgate/login/campus`)
  const asked = new URL(location!).searchParams
  t.match(Object.fromEntries(asked), {
    response_type: 'code',
    client_id: 'gate:two',
    scope: 'openid profile email',
    code_challenge_method: 'S256',
    acr_values: acr,
    redirect_uri: `${gate.portal}/.factorgate/login/campus/callback`
  })
  for (const name of ['state', 'nonce', 'code_challenge']) t.ok((asked.get(name) ?? '').length >= 43, name)
  t.same(JSON.parse(asked.get('claims')!), { id_token: { acr: { values: [acr] }, amr: null, auth_time: null } })
  t.equal(asked.get('prompt'), null)
})

t.test('scopes that the provider offers under the name of a claim are asked for, and only those', async t => {
  const cases: [string, string, unknown, string][] = [
    ['groups', '', ['openid', 'groups', 'offline_access'], 'openid profile email groups'],
    ['a path', 'claims: { groups: roles.lab }', ['openid', 'roles', 'groups'], 'openid profile email roles'],
    ['none is offered', '', ['openid'], 'openid profile email'],
    ['a list that is none', '', 'groups', 'openid profile email'],
    ['the operator has chosen', 'scopes: [openid, profile]', ['openid', 'groups'], 'openid profile']
  ]
  for (const [name, more, offered, asked] of cases) {
    const provider = await startOidcProvider(t)
    provider.lies.metadata = metadata => ({ ...metadata, scopes_supported: offered })
    const gate = await startOidcGate(t, [entryOf('campus', provider, more)])
    const { location } = await gate.browser().go(`${gate.portal}/.factorgate/login/campus`)
    t.equal(new URL(location!).searchParams.get('scope'), asked, name)
  }
})

t.test('requests are pushed where the provider offers that, and sent plainly where it refuses them', async t => {
  const provider = await startOidcProvider(t)
  const par = { pushed_authorization_request_endpoint: `${provider.issuer}/par` }
  provider.lies.metadata = metadata => ({ ...metadata, ...par })
  provider.person = { ...provider.person, acr, amr: ['mfa'] }
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  const browser = gate.browser()
  const { location } = await browser.go(`${gate.portal}/.factorgate/login/campus`)
  t.same([...new URL(location!).searchParams.keys()].sort(), ['client_id', 'request_uri'])
  t.equal((await browser.go(provider.authorize(location!))).status, 200)
  provider.lies.handle = (path, response) => {
    if (path !== '/par') return false
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"unauthorized_client"}')
    return true
  }
  const plain = await gate.browser().go(`${gate.portal}/.factorgate/login/campus`)
  t.ok(new URL(plain.location!).searchParams.get('code_challenge'))
  t.match(gate.said(), /does not take pushed requests/)
})

const cases: Record<string, { claims: object; isEnough: boolean }> = {
  'acr says so': { claims: { acr }, isEnough: true },
  'amr says so': { claims: { acr: '1', amr: ['pwd', 'mfa'] }, isEnough: true },
  'amr says so as one text': { claims: { amr: 'otp' }, isEnough: true },
  'nothing is said': { claims: {}, isEnough: false },
  'another acr': { claims: { acr: 'https://refeds.org/profile/sfa', amr: ['pwd'] }, isEnough: false },
  'acr says so and amr says a password alone': { claims: { acr, amr: ['pwd'] }, isEnough: false },
  'acr as a list': { claims: { acr: [acr] }, isEnough: false },
  'an acr with the right one inside': { claims: { acr: `x ${acr}` }, isEnough: false },
  'amr as an object': { claims: { amr: { mfa: true } }, isEnough: false }
}

t.test('what counts as a second factor there', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa), entryOf('plain', provider, 'realm: plain')])
  for (const [name, { claims, isEnough }] of Object.entries(cases)) {
    provider.lies.idToken = all => ({ ...all, ...claims })
    const page = await gate.browser().signIn('campus', provider)
    t.match(page.url, isEnough ? /\.factorgate\/$/ : /\/challenge/, name)
  }
  provider.lies.idToken = all => ({ ...all, acr, amr: ['mfa'] })
  const page = await gate.browser().signIn('plain', provider)
  t.match(page.url, /\/challenge/, 'a provider whose entry has no mfa')
  t.notMatch(page.body, /Confirm at/)
})

t.test('I35 RFC 8176 · claims of passkeys and codes → our own factor is asked for', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  provider.person = { ...provider.person, acr, amr: ['mfa'], auth_time: now() }
  const browser = gate.browser()
  const page = await browser.signIn('campus', provider, `${gate.origin('files')}/own/x`)
  t.match(page.url, /\/challenge/)
  t.notMatch(page.body, /Confirm at/)
  t.match(textOf(page.body), /You have no second factor yet/)
})

t.test('claims are read by path, as one value or a list; what is missing comes from userinfo', async t => {
  const provider = await startOidcProvider(t)
  const paths =
    'claims: { name: login.id, display: "https://lab.example/name", email: mail, groups: realm_access.roles }'
  const gate = await startOidcGate(t, [entryOf('campus', provider, `${mfa}, ${paths}`)])
  provider.person = { sub: 'p', login: { id: ['grace'] }, 'https://lab.example/name': 'Grace Hopper', acr }
  provider.userInfo = {
    mail: ['grace@lab.example', 'other@lab.example'],
    realm_access: { roles: 'staff' },
    login: { id: 'root' }
  }
  const page = await gate.browser().signIn('campus', provider, `${gate.origin('files')}/`)
  const { headers } = JSON.parse(page.body)
  t.match(headers, {
    'remote-user': 'grace',
    'remote-name': 'Grace Hopper',
    'remote-email': 'grace@lab.example',
    'remote-groups': 'staff'
  })
})

t.test('signed userinfo is taken where the provider has signed it', async t => {
  const provider = await startOidcProvider(t)
  provider.lies.metadata = metadata => ({ ...metadata, userinfo_signing_alg_values_supported: ['ES256'] })
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  provider.person = { sub: 'p', acr }
  const says = async (kid: string, key = provider.keys[0]!) => {
    const claims = { iss: provider.issuer, aud: client.id, sub: 'p', preferred_username: 'grace' }
    const token = await provider.sign(claims, { kid }, key)
    provider.lies.handle = (path, response) =>
      path === '/userinfo' && Boolean(response.writeHead(200, { 'content-type': 'application/jwt' }).end(token))
    return gate.browser().signIn('campus', provider)
  }
  t.equal((await says(provider.keys[0]!.kid)).status, 200)
  const refused = await says(provider.keys[0]!.kid, await provider.newKey())
  t.same([refused.status, refused.headers['factorgate-error']], [403, 'institution_answer_invalid'])
})

t.test('I34 OpenID Connect Core §5.1 · an unconfirmed address → left out', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  const pointer = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'http://127.0.0.1:1/' } } }
  provider.person = { ...provider.person, groups: undefined, email_verified: false, acr, ...pointer }
  const page = await gate.browser().signIn('campus', provider, `${gate.origin('files')}/`)
  const { headers } = JSON.parse(page.body)
  t.equal(headers['remote-email'] ?? '', '')
  t.equal(headers['remote-groups'] ?? '', '')
  t.match(gate.said(), /left out the groups/)
})

t.test('I34: an unconfirmed address as the name is refused, also where an account waits for it', async t => {
  const provider = await startOidcProvider(t)
  const names = ['{ name: email }', '{ name: contact.mail, email: contact.mail }']
  const gate = await startOidcGate(
    t,
    names.map((claims, i) => entryOf(`campus${i}`, provider, `${mfa}, claims: ${claims}`))
  )
  const { accounts } = gate.server.runtime
  const waiting = { name: 'boss@lab.example', displayName: 'Boss', email: null, groups: ['operators'] }
  await accounts.create({ ...waiting, directory: 'campus0' })
  const thief = { ...provider.person, email: 'boss@lab.example', contact: { mail: 'boss@lab.example' }, acr }
  for (const isVerified of [false, 'false']) {
    provider.person = { ...thief, email_verified: isVerified }
    for (const id of ['campus0', 'campus1']) {
      const page = await gate.browser().signIn(id, provider, `${gate.origin('files')}/`)
      t.equal(page.headers['factorgate-error'], 'institution_answer_invalid', `${id} ${isVerified}`)
    }
  }
  t.match(gate.said(), /the address in 'email' is not confirmed \(email_verified\)/)
  t.equal((await accounts.byName('boss@lab.example'))?.externalId, undefined, 'nobody has the account')
  provider.person = { ...thief, email_verified: true }
  const page = await gate.browser().signIn('campus0', provider, `${gate.origin('files')}/`)
  t.match(page.body, /"remote-user":"boss@lab.example"/, 'the confirmed one is let in')
})

t.test('I33 nOAuth · the mail and name of another person → the own account, or nobody', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa), entryOf('other', provider, mfa)])
  await gate.account('root')
  provider.person = { ...provider.person, acr }
  const account = async () => (await gate.server.runtime.accounts.byName('ada'))!
  await gate.browser().signIn('campus', provider)
  const first = await account()
  t.match(first, { directory: 'campus', externalId: 'person-1' })
  const taken = await gate.browser().signIn('other', provider)
  t.equal(taken.status, 403)
  t.match(taken.headers, { 'factorgate-error': 'institution_name_taken' })
  provider.person = { ...provider.person, sub: 'person-2' }
  t.equal((await gate.browser().signIn('campus', provider)).status, 403, 'another person with the same name')
  provider.person = { ...provider.person, sub: 'person-3', preferred_username: 'root' }
  t.equal((await gate.browser().signIn('campus', provider)).status, 403, 'a name of ours')
  provider.person = { ...provider.person, sub: 'person-1', preferred_username: 'lovelace' }
  t.equal((await gate.browser().signIn('campus', provider)).status, 200)
  t.equal((await gate.server.runtime.accounts.byId(first.id))?.name, 'lovelace')
})

t.test('five thousand groups, and names with every kind of sign', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, mfa)])
  const groups = [
    ...Array.from({ length: 5000 }, (_, i) => `group-${i}`),
    'staff',
    'a,b',
    'x\r\ny',
    'z\u0000',
    '\u202evil'
  ]
  const name = 'Str\r\nX-Remote-User: root\u202e\u0000, "x"'
  provider.person = { ...provider.person, name, email: 'a@b.example\r\nX: y', groups, acr }
  t.equal((await gate.browser().signIn('campus', provider)).status, 200)
  const account = (await gate.server.runtime.accounts.byName('ada'))!
  t.equal(account.groups.length, 5002)
  t.same([account.displayName, account.email], ['Str X-Remote-User: root , "x"', null])
  for (const invalid of ['a\r\nb', 'ro\u0000ot', '\u202eadmin', 'a,b', '']) {
    provider.person = { ...provider.person, sub: `of ${invalid}`, preferred_username: invalid }
    const page = await gate.browser().signIn('campus', provider)
    t.equal(page.status, 403, JSON.stringify(invalid))
    t.match(page.headers['factorgate-error'], /^institution_(name_invalid|answer_invalid)$/)
  }
})

t.test(
  'signs that need no encoding stand in Basic as they are, for providers that do not decode (LemonLDAP::NG)',
  async t => {
    const provider = await startOidcProvider(t)
    provider.person = { ...provider.person, acr: 'https://refeds.org/profile/mfa' }
    const secret = 'se-cr_et.4*2'
    provider.lies.client = async (_, { authorization = '' }) =>
      Buffer.from(authorization.replace('Basic ', ''), 'base64').toString() === `gate%3Atwo:${secret}`
    const entry = entryOf('campus', provider, mfa).replace(
      /clientSecret: "(?:[^"\\]|\\.)*"/,
      `clientSecret: "${secret}"`
    )
    const gate = await startOidcGate(t, [entry])
    t.equal((await gate.browser().signIn('campus', provider, `${gate.origin('files')}/data`)).status, 200, gate.said())
  }
)

t.test('a name of another domain than the realm is refused, and the log says what to change', async t => {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, 'realm: campus')])
  provider.person = { ...provider.person, preferred_username: 'ada@uni.example' }
  const page = await gate.browser().signIn('campus', provider)
  t.equal(page.headers['factorgate-error'], 'institution_name_invalid')
  t.match(
    gate.log.find(({ code }) => code === 'institution_name_invalid'),
    { name: 'ada@uni.example', problem: /leave 'realm' out/ }
  )
  provider.person = { ...provider.person, preferred_username: 'ada lovelace' }
  gate.log.length = 0
  await gate.browser().signIn('campus', provider)
  t.equal(gate.log.find(({ code }) => code === 'institution_name_invalid')?.problem, undefined)
})
