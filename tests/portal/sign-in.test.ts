/** The sign-in as a person walks it, page by page: invitation, password, codes, step-up, hand-over and sign-out. */
import t from 'tap'
import { wrongCode } from '../fixtures/in-process/person.ts'
import { enrolled, halfWay, password } from '../fixtures/pipeline/people.ts'
import { codeAt, type Fixture, openFixture } from '../fixtures/pipeline/portal.ts'
import { type Answer, codesOn, formsOf, secretOn, textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const sessionOf = (visitor: Visitor, host = 'gate.localhost') => visitor.jar(host).get('factorgate')
const nonceOf = (visitor: Visitor, host = 'gate.localhost') => visitor.jar(host).get('factorgate-nonce')

t.test('from an invitation to an app: password, authenticator app, recovery codes, and on', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const link = await fixture.invite()
  const invited = await visitor.open(link)
  t.match(textOf(invited.body), /Welcome, Ada Lovelace/)
  t.equal((await visitor.open(link)).status, 200, 'opening the link spends nothing')

  const chooser = await visitor.submit(invited, { password })
  t.match(chooser.url, /\/enrol$/)
  t.match(textOf(chooser.body), /Passkey or security key/)
  t.match(
    (await new Visitor(fixture.app).open(link)).body,
    /current-password/,
    'the invitation sets no second password'
  )

  const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  const secret = secretOn(page)
  t.match(secret, /^[A-Z2-7]{32,}$/)
  const wrong = await visitor.submit(page, { code: wrongCode(secret, fixture.clock()), name: 'phone' })
  t.equal(wrong.status, 401)
  t.equal(secretOn(wrong), secret, 'a wrong code shows the same secret again')

  const before = sessionOf(visitor)
  const codes = await visitor.submit(wrong, { code: codeAt(secret, fixture.clock()), name: 'My phone' })
  t.match(codes.url, /\/enrol\/recovery/)
  t.equal((codes.body.match(/<li>/g) ?? []).length, 10)
  t.not(sessionOf(visitor), before, 'a proof makes a new token')
  t.notMatch(codes.body, secret, 'the secret is shown at enrolment alone')

  const unsaved = await visitor.submit(codes, {}, /saved/)
  t.match([unsaved.status, textOf(unsaved.body)], [403, /tick the box/])
  const second = await visitor.submit(codes, { saved: 'yes' })
  t.match([second.status, textOf(second.body)], [200, /One is a risk.*“My phone”/])
  const apps = await visitor.open(`${fixture.portalOrigin}/.factorgate/`)
  t.match([apps.status, textOf(apps.body)], [200, /Notebooks .*Raw data/])
  const again = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol/recovery`)
  t.notMatch(again.body, /class="secret codes"/, 'once put away, codes are not shown again')
  t.same(
    fixture.events.filter(event => event.outcome !== 'refused').map(event => event.kind),
    ['invitation.accept', 'enrol', 'recovery.issue']
  )
})

t.test('sign-in leads to where the person was going, byte for byte', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const visitor = new Visitor(fixture.app)
  const goal = 'http://notebooks.localhost/data/caf%C3%A9?q=a%2Fb&q=c'
  const login = await visitor.open(goal)
  t.match(textOf(login.body), /Sign in to Notebooks/)
  const asked = await visitor.submit(login, { username: ' Ada', password })
  t.match([asked.status, new URL(asked.url).pathname], [200, '/.factorgate/challenge'])
  t.equal((await visitor.get('http://notebooks.localhost/')).status, 302, 'the password alone opens nothing')
  const first = sessionOf(visitor)
  const landed = await visitor.submit(asked, { code: ` ${codeAt(secret, fixture.clock())} ` }, /challenge\/totp/)
  t.same([landed.status, landed.url, landed.body], [200, goal, 'app: /data/caf%C3%A9?q=a%2Fb&q=c'])
  t.not(sessionOf(visitor), first, 'each proof makes a new token (S1)')
  t.not(sessionOf(visitor, 'notebooks.localhost'), sessionOf(visitor), 'each host has a token of its own (S12)')
  t.equal(
    (await visitor.open('http://files.localhost/x')).url,
    'http://files.localhost/x',
    'another host needs no second sign-in'
  )
})

t.test('a wrong password, an unknown name and no name at all read the same (M15)', async t => {
  const fixture = await openFixture(t)
  await enrolled(fixture)
  const suspended = await fixture.accounts.create({ name: 'bob' })
  await fixture.accounts.suspend(suspended.id, 'left')
  const read = async (username: string) => {
    const visitor = new Visitor(fixture.app)
    const page = await visitor.submit(await visitor.open(`${fixture.portalOrigin}/.factorgate/login`), {
      username,
      password: 'not this one'
    })
    t.equal(page.status, 401)
    t.match(formsOf(page.body)[0]?.names, ['csrf', 'username', 'password'])
    return textOf(page.body)
  }
  const known = await read('ada')
  for (const name of ['nobody', 'bob', 'a@b@c', '']) t.equal(await read(name), known, name)
})

t.test('failures cost patience after the third, and the page says how much', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const visitor = new Visitor(fixture.app)
  let page = await visitor.open(`${fixture.portalOrigin}/.factorgate/login`)
  page = await visitor.submit(page, { username: 'ada', password })
  const code = wrongCode(secret, fixture.clock())
  for (let i = 0; i < 3; i++) {
    page = await visitor.submit(page, { code }, /totp/)
    t.match([page.status, textOf(page.body)], [401, /did not work/])
    t.match(page.body, /<input class="code"[^>]* autofocus[^>]* aria-invalid="true"/, 'the field keeps the focus')
  }
  for (let i = 0; i < 3 && page.status === 401; i++) page = await visitor.submit(page, { code }, /totp/)
  t.equal(page.status, 429)
  page = await visitor.submit(page, { code: codeAt(secret, fixture.clock()) }, /totp/)
  t.equal(page.status, 429, 'a right code is not looked at either')
  t.match(page.headers['retry-after'], /^\d+$/)
  t.match(textOf(page.body), /You can try again in \d+ second/)
  fixture.time.advance(Number(page.headers['retry-after']) + 1)
  t.equal((await visitor.submit(page, { code: codeAt(secret, fixture.clock()) }, /totp/)).status, 200)
})

t.test('an empty or misshapen code is a failure, never a way through (M2, M19)', async t => {
  const fixture = await openFixture(t)
  await enrolled(fixture)
  for (const body of [
    '',
    'code=',
    'code[]=1',
    'code=1&code=2',
    'code=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96'
  ]) {
    const visitor = new Visitor(fixture.app)
    const page = await visitor.submit(await visitor.open(`${fixture.portalOrigin}/.factorgate/login`), {
      username: 'ada',
      password
    })
    const csrf = formsOf(page.body)[0]?.hidden.csrf
    fixture.time.advance(3600)
    const fresh = await visitor.submit(await visitor.open(`${fixture.portalOrigin}/.factorgate/login`), {
      username: 'ada',
      password
    })
    const token = formsOf(fresh.body)[0]?.hidden.csrf
    t.not(token, csrf)
    const answer = await visitor.send('POST', `${fixture.portalOrigin}/.factorgate/challenge/totp`, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
      body: `${body}&csrf=${token}`
    })
    t.equal(answer.status, 401, body)
    t.equal((await visitor.get('http://files.localhost/')).status, 302)
  }
})

t.test('a step up is asked where a rule wants a fresh proof, and says why', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const visitor = new Visitor(fixture.app)
  let page = await visitor.submit(await visitor.open('http://notebooks.localhost/'), { username: 'ada', password })
  await visitor.submit(page, { code: codeAt(secret, fixture.clock()) }, /totp/)
  t.equal(
    (await visitor.open('http://notebooks.localhost/exports/all')).status,
    200,
    'the sign-in itself is fresh enough'
  )
  fixture.time.advance(600)
  page = await visitor.open('http://notebooks.localhost/exports/all')
  t.match(textOf(page.body), /Confirm once more This part of Notebooks needs a confirmation at most 5 minutes old/)
  page = await visitor.submit(page, { code: codeAt(secret, fixture.clock()) }, /totp/)
  t.same([page.status, page.url], [200, 'http://notebooks.localhost/exports/all'])
})

t.test('a factor that the rule does not take is not offered, and refused if sent all the same (M20)', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const visitor = new Visitor(fixture.app)
  const home = await visitor.open(`${fixture.portalOrigin}/.factorgate/login`)
  await visitor.submit(
    await visitor.submit(home, { username: 'ada', password }),
    { code: codeAt(secret, fixture.clock()) },
    /totp/
  )
  const page = await visitor.open('http://notebooks.localhost/keys/1')
  t.match([page.status, textOf(page.body)], [403, /needs your passkey or security key\. You have not set that up yet/])
  const own = await visitor.open(`${fixture.portalOrigin}/.factorgate/account`)
  fixture.time.advance(30)
  const forced = await visitor.postTo(page.url.replace('/challenge?', '/challenge/totp?'), {
    csrf: formsOf(own.body)[0]?.hidden.csrf ?? '',
    code: codeAt(secret, fixture.clock())
  })
  t.same([forced.status, forced.headers['factorgate-error']], [401, 'other_factor_required'])
})

t.test('recovery codes let in once each, and run down', async t => {
  const fixture = await openFixture(t)
  const { codesPage } = await enrolled(fixture)
  const codes = codesOn(codesPage)
  const tryIt = async (code = codes[0] ?? '') => {
    const visitor = new Visitor(fixture.app)
    const page = await visitor.submit(await visitor.open(`${fixture.portalOrigin}/.factorgate/login`), {
      username: 'ada',
      password
    })
    const answer = await visitor.post(page, { code: code.toUpperCase().replaceAll('-', ' ') }, /challenge\/recovery/)
    if (answer.status === 303) t.equal(answer.headers.location, '/.factorgate/', 'straight on')
    return visitor.follow(answer)
  }
  const first = await tryIt()
  t.match([first.status, textOf(first.body)], [200, /Your apps You confirmed with a recovery code.* You have 9 left\./])
  t.notMatch(first.body, /enrol\/recovery/)
  const second = await tryIt()
  t.match([second.status, textOf(second.body)], [401, /recovery code did not work/])
  for (const spare of codes.slice(1, 7)) await tryIt(spare)
  t.match(textOf((await tryIt(codes[7])).body), /You have 2 left\..* Make new codes now/)
  await tryIt(codes[8])
  const last = await tryIt(codes[9])
  t.match(textOf(last.body), /with your last recovery code\. You have none left\./)
  t.match(last.body, /href="\/\.factorgate\/enrol\/recovery\?rd=/)
})

t.test(
  'a recovery code leads straight to the app, and is told of in the portal until another factor is newer',
  async t => {
    const fixture = await openFixture(t)
    const { codesPage, secret } = await enrolled(fixture)
    const visitor = new Visitor(fixture.app)
    const { page } = await halfWay(fixture, visitor, 'http://notebooks.localhost/deep')
    const answer = await visitor.post(page, { code: codesOn(codesPage)[0] ?? '' }, /challenge\/recovery/)
    t.match(
      [answer.status, answer.headers.location],
      [303, /^http:\/\/notebooks\.localhost\/\.factorgate\/callback\?code=/]
    )
    await visitor.follow(answer)
    const told = /You confirmed with a recovery code\. It does not work again\. You have 9 left\./
    const [home, account] = ['', 'account'].map(path => `${fixture.portalOrigin}/.factorgate/${path}`)
    for (const url of [home!, account!, home!]) {
      const { body } = await visitor.open(url)
      t.match(textOf(body), told, url)
      t.match(textOf(body), /Did you lose your phone or key\? Remove it (?:in your account|here), and add another/)
    }
    const gone = await visitor.get(`${fixture.portalOrigin}/.factorgate/challenge/recovery/spent`)
    t.equal(gone.status, 404, 'no page stands in between')
    fixture.time.advance(400)
    const asked = await visitor.open(`${fixture.portalOrigin}/.factorgate/enrol`)
    await visitor.submit(asked, { code: codeAt(secret, fixture.clock()) }, /totp/)
    for (const url of [home!, account!]) t.notMatch(textOf((await visitor.open(url)).body), /recovery code,/, url)
  }
)

t.test('nobody enrols on a password alone (M5), and a half sign-in sees no secret (M4)', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const half = new Visitor(fixture.app)
  await half.submit(await half.open(`${fixture.portalOrigin}/.factorgate/login`), { username: 'ada', password })
  for (const path of ['enrol', 'enrol/totp', 'enrol/webauthn', 'enrol/recovery', 'account', '']) {
    const page = await half.get(`${fixture.portalOrigin}/.factorgate/${path}`)
    t.match([page.status, page.headers.location], [/30[23]/, /\/challenge\?rd=/], path)
    t.notMatch(page.body, secret)
  }
  await fixture.credentials.removeAll(fixture.ada.id)
  const bare = new Visitor(fixture.app)
  const page = await bare.submit(await bare.open(`${fixture.portalOrigin}/.factorgate/login`), {
    username: 'ada',
    password
  })
  t.match(page.status, 200, 'recovery codes are left')
  const asked = await bare.get(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  t.match([asked.status, asked.headers.location], [303, /\/challenge\?rd=/], 'and one of them is asked for')
  await fixture.services.recoveryCodes.removeAll(fixture.ada.id)
  const refused = await bare.get(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  t.same([refused.status, refused.headers['factorgate-error']], [403, 'enrolment_not_allowed'])
})

t.test('an old invitation proof opens nothing once a factor exists', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  fixture.time.advance(400)
  const page = await visitor.get(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  t.match(page.headers.location, /\/challenge\?rd=/)
})

t.test('the hand-over: a code is worth nothing without the nonce of the browser it was made for', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  const visitor = new Visitor(fixture.app)
  const page = await visitor.submit(await visitor.open('http://notebooks.localhost/x'), { username: 'ada', password })
  const sent = await visitor.post(page, { code: codeAt(secret, fixture.clock()) }, /totp/)
  const callback = sent.headers.location as string
  t.match(callback, /^http:\/\/notebooks\.localhost\/\.factorgate\/callback\?code=/)
  const thief = new Visitor(fixture.app)
  thief.jar('notebooks.localhost').set('factorgate-nonce', 'x'.repeat(43))
  const refused = await thief.open(callback)
  t.match([refused.url, textOf(refused.body)], [`${fixture.portalOrigin}/.factorgate/login?`, /Sign in to Notebooks/])
  t.notOk(sessionOf(thief, 'notebooks.localhost'), 'whoever it was signs in as themselves')
  const spent = await visitor.get(callback)
  t.match([spent.status, textOf(spent.body)], [403, /That took too long/], 'and whoever tried has spent it')
  t.match(spent.body, 'href="http://notebooks.localhost/x"', 'but not the way')
})

t.test('signing in over an old sign-in ends the old one (S2)', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const old = sessionOf(visitor) as string
  const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/login?switch=1`)
  await visitor.submit(page, { username: 'ada', password })
  const ghost = new Visitor(fixture.app)
  ghost.jar('gate.localhost').set('factorgate', old)
  const dead = await ghost.open(`${fixture.portalOrigin}/.factorgate/account`)
  t.match(dead.url, /\/login\?/)
  t.match(textOf(dead.body), /You signed in again in this browser/)
})

t.test('a session that ended says why, once; a suspended one says whom to ask', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  await fixture.sessions.endAccount(fixture.ada.id, 'revoked')
  t.match(textOf((await visitor.open(`${fixture.portalOrigin}/.factorgate/`)).body), /Your sign-in was ended/)
  t.notMatch(textOf((await visitor.open(`${fixture.portalOrigin}/.factorgate/`)).body), /Your sign-in was ended/)
  const { visitor: other } = await enrolled(fixture, await again(fixture))
  await fixture.accounts.suspend(fixture.ada.id, 'left')
  await fixture.sessions.endAccount(fixture.ada.id, 'suspended')
  const page = await other.open(`${fixture.portalOrigin}/.factorgate/`)
  t.match([page.status, textOf(page.body)], [403, /Your access is suspended.*helpdesk@lab\.example/])
})

/** Removes what would prevent a second enrolment from an invitation. */
async function again(fixture: Fixture): Promise<Visitor> {
  await fixture.credentials.removeAll(fixture.ada.id)
  await fixture.services.recoveryCodes.removeAll(fixture.ada.id)
  return new Visitor(fixture.app)
}

t.test('signing out ends it on every host', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  await visitor.open('http://files.localhost/x')
  const page = await visitor.open('http://files.localhost/.factorgate/logout')
  t.match(textOf(page.body), /Sign out\?/)
  t.match(page.headers['content-security-policy'], /form-action 'self' http:\/\/gate\.localhost;/)
  const out = await visitor.submit(page, {})
  t.match([out.url, textOf(out.body)], ['http://gate.localhost/.factorgate/signed-out', /You are signed out/])
  t.equal((await visitor.get('http://files.localhost/x')).status, 302)
  t.match((await visitor.get(`${fixture.portalOrigin}/.factorgate/`)).headers.location, /login/)
  t.notOk(out.headers['clear-site-data'], 'what the app keeps in the browser is its own')
})

t.test('the browser nonce is set by the first page, and only then', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const first: Answer = await visitor.get(`${fixture.portalOrigin}/.factorgate/login`)
  t.match(first.setCookies, [/^factorgate-nonce=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/])
  const nonce = nonceOf(visitor)
  t.same((await visitor.get(`${fixture.portalOrigin}/.factorgate/login`)).setCookies, [])
  t.equal(nonceOf(visitor), nonce)
})

t.test('the store out of reach is a page of ours with 503, not a stranger’s sign-in', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const page = await visitor.open(`${fixture.portalOrigin}/.factorgate/account`)
  fixture.store.isDown = true
  const fresh = new Visitor(fixture.app)
  fresh.jar('gate.localhost').set('factorgate', 'y'.repeat(43))
  const refused = await fresh.get(`${fixture.portalOrigin}/.factorgate/login`)
  t.same([refused.status, refused.headers['factorgate-error']], [503, 'store_unreachable'])
  t.equal((await visitor.post(page, {}, /logout/)).status, 503)
})
