/** Signing out: there after here, and here after there. */
import t, { type Test } from 'tap'
import { entryOf, mfa, startOidcGate } from '../../fixtures/in-process/oidc-gate.ts'
import { client, startOidcProvider } from '../../fixtures/in-process/oidc-provider.ts'
import { textOf } from '../../fixtures/pipeline/visitor.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const now = (more = 0) => Math.floor(Date.now() / 1000) + more

type Fixture = Awaited<ReturnType<typeof fixture>>

async function fixture(t: Test, more = mfa) {
  const provider = await startOidcProvider(t)
  const gate = await startOidcGate(t, [entryOf('campus', provider, more), entryOf('other', provider, 'realm: other')])
  provider.person = { ...provider.person, acr: 'https://refeds.org/profile/mfa', sid: 'session-1' }
  const browser = gate.browser()
  const isIn = async (who = browser) =>
    (await who.go(`${gate.origin('files')}/data`)).status === 200 &&
    (await who.go(`${gate.portal}/.factorgate/account`)).url.endsWith('/account')
  await browser.signIn('campus', provider, `${gate.origin('files')}/data`)
  let jti = 0
  const claims = (more: object = {}) => ({
    ...{
      iss: provider.issuer,
      aud: client.id,
      iat: now(),
      exp: now(120),
      jti: `jti-${jti++}`,
      events: { [event]: {} }
    },
    ...more
  })
  const tell = (token: string, id = 'campus', headers: Record<string, string> = {}) =>
    gate.request(
      'POST',
      `${gate.portal}/.factorgate/login/${id}/backchannel-logout`,
      { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      new URLSearchParams({ logout_token: token }).toString()
    )
  const sign = (more: object = {}, typ: string | undefined = 'logout+jwt') => provider.sign(claims(more), { typ })
  return { provider, gate, browser, isIn, tell, sign, claims }
}

t.test('after our sign-out the browser goes on to the provider’s, with the ID token as the hint', async t => {
  const { gate, browser, provider, isIn } = await fixture(t)
  const page = await browser.go(`${gate.portal}/.factorgate/account`)
  t.match(page.headers['content-security-policy'], new RegExp(`form-action 'self' ${provider.issuer};`))
  const out = await browser.submit(page, /logout/)
  t.equal(out.status, 303)
  const there = new URL(out.location!)
  t.equal(there.origin + there.pathname, `${provider.issuer}/logout`)
  t.match(Object.fromEntries(there.searchParams), {
    post_logout_redirect_uri: `${gate.portal}/.factorgate/signed-out`,
    id_token_hint: /^eyJ/,
    client_id: client.id
  })
  t.notOk(await isIn())
  t.match(textOf((await browser.go(`${gate.portal}/.factorgate/signed-out`)).body), /You are signed out/)
})

t.test('from an app’s host too, and nowhere where the entry says `here` or the provider has no sign-out', async t => {
  const { gate, browser, provider } = await fixture(t)
  const page = await browser.go(`${gate.origin('files')}/.factorgate/logout`)
  t.match((await browser.submit(page, /logout/)).location, new RegExp(`^${provider.issuer}/logout`))
  const here = await fixture(t, `${mfa}, signOut: here`)
  const own = await here.browser.go(`${here.gate.portal}/.factorgate/account`)
  t.match((await here.browser.submit(own, /logout/)).location, /\/signed-out$/)
  const without = await startOidcProvider(t)
  without.lies.metadata = ({ end_session_endpoint: _, ...rest }) => rest
  without.person = { ...without.person, acr: 'https://refeds.org/profile/mfa' }
  const third = await startOidcGate(t, [entryOf('campus', without, mfa)])
  const last = third.browser()
  await last.signIn('campus', without)
  t.match((await last.submit(await last.go(`${third.portal}/.factorgate/account`), /logout/)).location, /\/signed-out$/)
})

t.test('a session that began without an id ends with any of its person, and with nobody else’s', async t => {
  const { gate, provider, browser, isIn, tell, sign } = await fixture(t)
  const { sid: _, ...person } = provider.person
  provider.person = person
  const second = gate.browser()
  await second.signIn('campus', provider, `${gate.origin('files')}/data`)
  t.equal((await tell(await sign({ sid: 'session-9', sub: 'somebody-else' }))).status, 200)
  t.ok(await isIn(second))
  t.equal((await tell(await sign({ sid: 'session-9', sub: provider.person.sub }))).status, 200)
  t.notOk(await isIn(second), 'the provider says ids in logout tokens alone')
  t.ok(await isIn(browser), 'a session with another id stays')
})

t.test('the provider ends one session by its id, or all of a person', async t => {
  const { gate, browser, provider, isIn, tell, sign } = await fixture(t)
  const elsewhere = gate.browser()
  provider.person = { ...provider.person, sid: 'session-2' }
  await elsewhere.signIn('campus', provider, `${gate.origin('files')}/data`)
  const answer = await tell(await sign({ sid: 'session-1', sub: 'person-1' }))
  t.same([answer.status, answer.headers['cache-control']], [200, 'no-store'])
  t.match(textOf((await browser.go(`${gate.portal}/.factorgate/login`)).body), /You signed out at your institution/)
  t.same([await isIn(), await isIn(elsewhere)], [false, true])
  t.equal((await tell(await sign({ sid: undefined, sub: 'person-1' }))).status, 200)
  t.notOk(await isIn(elsewhere))
})

t.test(
  'a token that the provider’s new key has signed is taken; tokens of strangers make the gate ask once in ten seconds',
  async t => {
    const { provider, isIn, tell, sign } = await fixture(t)
    provider.keys = [await provider.newKey()]
    t.equal((await tell(await sign({ sub: 'person-1' }))).status, 200)
    t.notOk(await isIn())
    const before = provider.requests('/jwks').length
    const stranger = { ...(await provider.newKey()), kid: 'x' }
    for (let i = 0; i < 5; i++)
      t.equal((await tell(await provider.sign({ sub: 'person-1' }, {}, stranger))).status, 400)
    t.equal(provider.requests('/jwks').length, before)
  }
)

const refusedTokens: Record<string, (made: Fixture) => Promise<string> | string> = {
  'no token': () => '',
  'no JWT': () => 'x',
  'another key': async ({ provider, claims }) =>
    provider.sign(claims({ sub: 'person-1' }), {}, { ...(await provider.newKey()), kid: provider.keys[0]!.kid }),
  'another issuer': ({ sign }) => sign({ sub: 'person-1', iss: 'https://elsewhere.example' }),
  'another audience': ({ sign }) => sign({ sub: 'person-1', aud: 'somebody' }),
  'an ID token': ({ provider }) =>
    provider.sign({
      iss: provider.issuer,
      aud: client.id,
      iat: now(),
      exp: now(60),
      sub: 'person-1',
      nonce: 'x',
      jti: 'j'
    }),
  'a nonce': ({ sign }) => sign({ sub: 'person-1', nonce: 'x' }),
  'no events': ({ sign }) => sign({ sub: 'person-1', events: undefined }),
  'another event': ({ sign }) => sign({ sub: 'person-1', events: { 'http://schemas.openid.net/event/other': {} } }),
  'an event that is no object': ({ sign }) => sign({ sub: 'person-1', events: { [event]: true } }),
  'neither sid nor sub': ({ sign }) => sign(),
  'a sid that is no text': ({ sign }) => sign({ sid: 1 }),
  'no jti': ({ sign }) => sign({ sub: 'person-1', jti: undefined }),
  'a token that has expired': ({ sign }) => sign({ sub: 'person-1', exp: now(-120) }),
  'an old token': ({ sign }) => sign({ sub: 'person-1', iat: now(-3600), exp: now(3600) }),
  'a token from the future': ({ sign }) => sign({ sub: 'person-1', iat: now(3600), exp: now(7200) }),
  'no time': ({ sign }) => sign({ sub: 'person-1', iat: undefined }),
  'an access token': ({ sign }) => sign({ sub: 'person-1' }, 'at+jwt')
}

t.test(
  'I36 OpenID Connect Back-Channel Logout 1.0 §2.6 · logout tokens forged, old, repeated or of another kind → nothing ends',
  async t => {
    const made = await fixture(t)
    for (const [name, token] of Object.entries(refusedTokens)) {
      const answer = await made.tell(await token(made))
      t.match([answer.status, answer.headers['cache-control'], answer.body], [400, 'no-store', /invalid_request/], name)
    }
    const used = await made.sign({ sub: 'nobody' })
    t.same([(await made.tell(used)).status, (await made.tell(used)).status], [200, 400], 'each token once')
    const foreign = await made.tell(await made.sign({ sub: 'nobody' }), 'campus', {
      origin: 'https://elsewhere.example',
      'sec-fetch-site': 'cross-site'
    })
    t.equal(foreign.status, 200, 'who sends it does not matter')
    t.ok(await made.isIn())
  }
)

t.test('the front channel ends the session that is named by issuer and id', async t => {
  const { gate, provider, isIn } = await fixture(t)
  const ask = (query: Record<string, string>) =>
    gate.request('GET', `${gate.portal}/.factorgate/login/campus/frontchannel-logout?${new URLSearchParams(query)}`, {
      'sec-fetch-dest': 'iframe',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate'
    })
  for (const query of [
    {},
    { sid: 'session-1' },
    { iss: provider.issuer },
    { iss: 'https://elsewhere.example', sid: 'session-1' }
  ])
    t.equal((await ask(query as Record<string, string>)).status, 400)
  t.equal((await ask({ iss: provider.issuer, sid: 'session-9' })).status, 200)
  t.ok(await isIn())
  t.equal((await ask({ iss: provider.issuer, sid: 'session-1' })).status, 200)
  t.notOk(await isIn())
})

t.test(
  'a page that did not know the provider yet leads on by a page of its own, which no policy of a form stops',
  async t => {
    const { gate, browser, provider } = await fixture(t)
    const page = await browser.go(`${gate.portal}/.factorgate/account`)
    await gate.server.reload(await gate.load())
    const out = await browser.submit(page, /logout/)
    t.equal(out.status, 200)
    const [, to = ''] = /^0; url=(.*)$/.exec(String(out.headers.refresh)) ?? []
    t.match(to, new RegExp(`^${provider.issuer}/logout[?].*id_token_hint=`))
    t.match(out.body, `href="${to.replaceAll('&', '&amp;')}"`)
  }
)

t.test('a provider that is down holds nobody back from signing out here', async t => {
  const { gate, browser, provider, isIn } = await fixture(t)
  const page = await browser.go(`${gate.portal}/.factorgate/account`)
  provider.lies.handle = (_path, response) => Boolean(response.writeHead(500).end())
  t.equal((await browser.submit(page, /logout/)).status, 303)
  t.notOk(await isIn())
})
