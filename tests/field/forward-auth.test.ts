/** FIELD F17, F2, N1 behind a proxy that asks (forward-auth): what holds for requests through the gate holds for those it is asked about. */
import t from 'tap'
import { echoApp, navigation, startGateway } from '../fixtures/in-process/gateway.ts'
import { TestClock } from '../fixtures/in-process/memory-store.ts'

const time = new TestClock(Date.now())
const app = await echoApp(t)
const gate = await startGateway(t, {
  apps: `  - id: one
    title: Notebooks
    url: "http://one.localhost:PORT"
    upstream: "${app.url}"
    rules:
      - { path: /closed/**, access: deny }
      - { path: /send/**, methods: [POST], access: mfa, within: 5m }
      - { access: mfa }
  - { id: away, title: Away, url: "http://away.localhost:PORT", upstream: "http://127.0.0.1:1", rules: [{ access: public }] }`,
  extra: 'trustedProxies: [127.0.0.1]',
  clock: time.read
})
const own = gate.origin('one')
const alice = await gate.account('alice')
const { cookies } = await gate.signIn(alice, 'one')
time.advance(600)

/** Asks as Traefik, Caddy and HAProxy do, with the client's own headers. */
const ask = (method: string, uri: string, headers: Record<string, string> = {}) =>
  gate.request('GET', `${own}/.factorgate/auth`, {
    ...navigation,
    'sec-fetch-site': 'same-origin',
    ...headers,
    'x-forwarded-host': new URL(own).host,
    'x-forwarded-uri': uri,
    'x-forwarded-method': method
  })
const linksOf = (body: string) =>
  [...body.matchAll(/href="([^"]*)"/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'))
const wayOf = (url: string) => new URL(url).searchParams

t.test('FIELD F17 a form that a proxy holds back says so, and is not sent away', async t => {
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const lost = await ask(method, '/write', { referer: `${own}/page?x=1` })
    t.match(
      [lost.status, lost.headers['factorgate-error'], lost.headers.location],
      [401, 'sign_in_required', undefined]
    )
    t.match(lost.body, /Notebooks did not get what you sent/)
    const on = linksOf(lost.body).find(href => href.includes('/login?')) ?? ''
    t.equal(wayOf(on).get('rd'), `${own}/page?x=1`, 'the way on leads back to the page it was sent from')
  }
  const foreign = await ask('POST', '/saml/acs', { 'sec-fetch-site': 'cross-site', origin: 'https://idp.example' })
  t.match(foreign.body, /Another site sent a form to Notebooks/)
  t.ok(linksOf(foreign.body).includes(`${own}/`))
  t.equal(foreign.headers['set-cookie'], undefined, 'F2: and it costs the browser no nonce')
  const old = await ask('POST', '/send/x', { cookie: cookies.one as string, referer: `${own}/page` })
  t.match([old.status, old.body], [401, /You have to confirm again before/])
})

t.test('FIELD N1 behind a proxy, what a form or a script was refused is asked for', async t => {
  const script = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*', cookie: cookies.one as string }
  for (const headers of [script, { cookie: cookies.one as string }]) {
    const refused = await ask('POST', '/send/x', { ...headers, referer: `${own}/page` })
    t.equal(refused.status, 401)
    const on = refused.headers.location ?? linksOf(refused.body).find(href => href.includes('/challenge?')) ?? ''
    t.match([wayOf(on).get('rd'), wayOf(on).get('ask')], [`${own}/page`, `POST ${own}/send/x`])
    const asked = await gate.request('GET', on, { ...navigation, cookie: cookies.gate as string })
    t.equal(asked.status, 403, 'the page of a challenge; 303 would be a way in circles')
  }
  const data = await ask('GET', '/data.json', { ...script, cookie: '', referer: `${own}/page` })
  t.equal(wayOf(data.headers.location ?? '').get('rd'), `${own}/page`, 'back to the page, and not to its data')
})

t.test('FIELD N1 a page about a request that a proxy asks about speaks of it, and leads back to it', async t => {
  const denied = await ask('GET', '/closed/x?y=1', { cookie: cookies.one as string })
  t.equal(denied.status, 403)
  t.match(denied.body, /Notebooks/)
  t.notMatch(denied.body, '/.factorgate/auth')
  const other = linksOf(denied.body).find(href => href.includes('switch=1')) ?? ''
  t.equal(wayOf(other).get('rd'), `${own}/closed/x?y=1`)
})

t.test('FIELD F17 no page of an error leads to another site', async t => {
  for (const raw of ['//elsewhere.test/x', '///elsewhere.test', '/x//elsewhere.test']) {
    const broken = await gate.request('GET', gate.origin('away') + raw, navigation)
    t.equal(broken.status, 502)
    const hosts = linksOf(broken.body)
      .filter(href => !href.startsWith('mailto:'))
      .map(href => new URL(href, gate.origin('away')).hostname)
    t.same([...new Set(hosts)].sort(), ['away.localhost'], raw)
  }
})
