/** A proxy in front signs people in: through the whole gateway, to the app and back. */
import t from 'tap'
import { echoApp, navigation, type Running, startGateway } from '../fixtures/in-process/gateway.ts'

const secret = 'a-secret-of-the-front'
const identity = `identity:
  - id: front
    kind: header
    title: Campus
    from: [127.0.0.1]
    headers: { name: X-Campus-Login-Is, display: Display-Name, groups: X-Colour, mfa: X-Context }
    secret: { header: X-Words, value: ${secret} }
    mfa: { values: [mfa] }
  - { id: local, kind: local }
`
const says = (name: string, more: Record<string, string> = {}) => ({
  'x-words': secret,
  'x-campus-login-is': name,
  ...more
})

/** A browser behind the proxy: follows redirects with the proxy's headers, one jar a host. */
class Browser {
  readonly #gate: Running
  readonly #headers: Record<string, string>
  readonly #jars = new Map<string, Map<string, string>>()

  constructor(gate: Running, headers: Record<string, string>) {
    this.#gate = gate
    this.#headers = headers
  }

  async open(url: string, more: Record<string, string> = {}) {
    for (let hops = 0, at = url; ; hops++) {
      const { host } = new URL(at)
      const jar = this.#jars.get(host) ?? new Map()
      this.#jars.set(host, jar)
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await this.#gate.request('GET', at, { ...navigation, ...this.#headers, ...more, cookie })
      for (const line of answer.headers['set-cookie'] ?? []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        jar.set(name!, value!)
      }
      const { location } = answer.headers
      if (location === undefined || hops > 9) return { ...answer, url: at }
      at = new URL(location, at).href
    }
  }
}

async function start(t: import('tap').Test) {
  const app = await echoApp(t)
  const gate = await startGateway(t, {
    apps: `  - { id: one, url: "http://one.localhost:PORT", upstream: "${app.url}", passHeaders: [Display-Name], rules: [{ path: /public/**, access: public }, { path: /keys/**, access: mfa, factors: [webauthn] }, { access: mfa }] }`,
    extra: identity
  })
  return { app, gate, login: `${gate.portal}/.factorgate/login/front` }
}

t.test(
  'somebody with a second factor there goes through to the app, which gets the name and none of the headers',
  async t => {
    const { app, gate } = await start(t)
    const browser = new Browser(
      gate,
      says('Alice', { 'x-context': 'mfa', 'x-colour': 'staff', 'display-name': 'Alice Doe' })
    )
    const signIn = await browser.open(`${gate.origin('one')}/data`)
    t.match(signIn.body, /Sign in with Campus/)
    const href = /href="([^"]*\/login\/front[^"]*)"/.exec(signIn.body)![1]!.replaceAll('&amp;', '&')
    const page = await browser.open(new URL(href, gate.portal).href)
    t.equal(page.url, `${gate.origin('one')}/data`)
    const { headers } = JSON.parse(page.body)
    t.match(headers, { 'remote-user': 'alice', 'remote-name': 'Alice Doe', 'remote-groups': 'staff' })
    t.same(
      Object.keys(headers).filter(name => /^x-(words|campus|colour|context)|^display/.test(name)),
      [],
      'not even one of passHeaders'
    )
    t.notMatch(page.body, new RegExp(secret))
    const account = await gate.server.runtime.accounts.byName('alice')
    t.match(account, { directory: 'front', externalId: 'alice', groups: ['staff'] })
    const keys = await browser.open(`${gate.origin('one')}/keys/1`)
    t.match(keys.url, /\/\.factorgate\/(?:challenge|enrol)/, 'a rule that names a factor means ours')
    t.equal(app.seen.length, 1)
  }
)

t.test('without a second factor there, the gate asks for its own', async t => {
  const { gate, login } = await start(t)
  const page = await new Browser(gate, says('bob', { 'x-context': 'password' })).open(login)
  const app = await new Browser(gate, says('bob')).open(`${gate.origin('one')}/data`)
  t.not(new URL(page.url).host, new URL(gate.origin('one')).host)
  t.match(app.url, /\.factorgate\/login/)
})

t.test('refused, with a line for the operator and nothing granted', async t => {
  const { gate, login } = await start(t)
  const rows: [sentence: string, headers: Record<string, string>, status: number, code: string, detail: RegExp][] = [
    ['no secret', { 'x-campus-login-is': 'eve' }, 403, 'institution_answer_invalid', /missing or wrong/],
    ['a wrong secret', { ...says('eve'), 'x-words': 'guess' }, 403, 'institution_answer_invalid', /missing or wrong/],
    [
      'another spelling beside it',
      { ...says('eve'), x_campus_login_is: 'root' },
      403,
      'institution_answer_invalid',
      /spelling/
    ],
    ['nobody', { 'x-words': secret }, 403, 'institution_refused', /nobody is signed in/],
    ['an instance of a principal', says('alice/admin@LAB.EXAMPLE'), 403, 'institution_name_invalid', /name_invalid/]
  ]
  for (const [sentence, headers, status, code, detail] of rows) {
    const answer = await gate.request('GET', login, { ...navigation, ...headers })
    t.same([answer.status, answer.headers['factorgate-error']], [status, code], sentence)
    t.notOk(
      answer.headers['set-cookie']?.some(line => /^factorgate=[^;]/.test(line)),
      'no session'
    )
    t.notMatch(answer.body, /missing or wrong|spelling/, 'the page does not say why')
    const logged = JSON.stringify(gate.log)
    t.notMatch(logged, new RegExp(secret))
    if (code !== 'institution_name_invalid') t.match(logged, detail)
  }
  await gate.server.runtime.accounts.create({ name: 'carol' })
  const taken = await gate.request('GET', login, { ...navigation, ...says('carol') })
  t.equal(taken.headers['factorgate-error'], 'institution_name_taken', 'a local name is not the proxy’s')
  t.equal((await gate.server.runtime.accounts.list()).length, 1)
})

t.test('the headers reach no app from anybody, in any spelling, on any path', async t => {
  const { app, gate } = await start(t)
  const lies = {
    'X-Words': 'lie',
    x_words: 'lie',
    'x.campus.login.is': 'lie',
    X_CAMPUS_LOGIN_IS: 'lie',
    'X-Campus-Login-Is': 'lie',
    'x-colour': 'lie',
    X_Colour: 'lie',
    'x-context': 'lie',
    'x-kept': 'yes'
  }
  await gate.request('GET', `${gate.origin('one')}/public/a`, lies)
  t.match(app.seen[0]?.headers, { 'x-kept': 'yes' })
  t.notMatch(app.seen[0]?.rawHeaders.join(), /lie/)
  const verdict = await gate.request('GET', `${gate.origin('one')}/.factorgate/auth`, {
    ...lies,
    'x-forwarded-host': new URL(gate.origin('one')).host,
    'x-forwarded-proto': 'http',
    'x-forwarded-uri': '/public/a',
    'x-forwarded-method': 'GET'
  })
  t.notMatch(JSON.stringify(verdict.headers), /lie/)
})
