import t from 'tap'
import { strictTransport } from '../../plugins/security-headers.ts'
import { csrfOn, enrolled, halfWay, password, signedIn } from '../fixtures/pipeline/people.ts'
import { codeAt, openFixture } from '../fixtures/pipeline/portal.ts'
import { textOf, Visitor } from '../fixtures/pipeline/visitor.ts'

const form = 'application/x-www-form-urlencoded'

t.test('a POST of another kind of content is not read (R9, R10)', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const csrf = csrfOn(await visitor.get(`${fixture.portalOrigin}/.factorgate/login`))
  const body = new URLSearchParams({ csrf, username: 'ada', password }).toString()
  const json = JSON.stringify({ csrf, username: 'ada', password })
  for (const [type, text] of [
    ['text/plain', json],
    ['text/plain', body],
    ['multipart/form-data; boundary=x', body],
    ['application/json', json],
    [`${form}\ta`, body],
    [` ${form}x`, body],
    [`${form}; charset=utf-16`, body],
    [`${form}, text/plain`, body],
    ['__proto__', body],
    ['', body]
  ] as const) {
    const headers: Record<string, string> = { accept: 'text/html', ...(type === '' ? {} : { 'content-type': type }) }
    const answer = await visitor.send('POST', `${fixture.portalOrigin}/.factorgate/login`, { headers, body: text })
    t.same([answer.status, answer.headers['factorgate-error']], [415, 'unsupported_media_type'], type)
  }
  for (const type of ['application/json\ta', 'application/json;', 'application/json ; x', 'text/json', form])
    for (const path of ['webauthn/options?for=login', 'webauthn/verify?for=login']) {
      const headers = { 'content-type': type }
      const answer = await visitor.send('POST', `${fixture.portalOrigin}/.factorgate/${path}`, { headers, body: '{}' })
      t.equal(answer.status, 415, `${path} ${type}`)
    }
})

t.test('JSON of another shape is 400, and no handler meets it (R10)', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const csrf = csrfOn(await visitor.get(`${fixture.portalOrigin}/.factorgate/login`))
  const shapes = ['', '{', '[]', '"x"', '1', 'null', '{}', '{"csrf":{"$gt":""}}', '{"csrf":["x"]}']
  for (const body of [
    ...shapes,
    JSON.stringify({ csrf, ceremony: ['x'], response: {} }),
    JSON.stringify({ csrf, ceremony: 'x', response: 'x' })
  ]) {
    const answer = await visitor.send('POST', `${fixture.portalOrigin}/.factorgate/webauthn/verify?for=login`, {
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body
    })
    t.equal(answer.status, 400, body)
    t.equal(JSON.parse(answer.body).error.code, 'bad_request')
  }
})

t.test(
  'a page that refuses a form carries a code, so that people and programs can tell whose refusal it is',
  async t => {
    const fixture = await openFixture(t)
    const visitor = new Visitor(fixture.app)
    const login = `${fixture.portalOrigin}/.factorgate/login`
    const csrf = csrfOn(await visitor.get(login))
    for (const [fields, code] of [
      [{ username: 'ada', password }, 'form_expired'],
      [{ csrf: `x${csrf}`, username: 'ada', password }, 'form_expired'],
      [{ csrf, username: 'ada', password: 'another password' }, 'wrong_credentials']
    ] as const) {
      const answer = await visitor.postTo(login, fields)
      t.equal(answer.headers['factorgate-error'], code)
    }
    const page = await visitor.get(await fixture.invite())
    t.notOk('factorgate-error' in page.headers, 'a page without a refusal has no code')
    const short = await visitor.post(page, { password: 'short' })
    t.same([short.status, short.headers['factorgate-error']], [403, 'not_accepted'])
  }
)

t.test('HEAD tells what GET would, for what is watched from outside, and spends nothing', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const ask = (method: 'GET' | 'HEAD', path: string) =>
    visitor.send(method, `${fixture.portalOrigin}/.factorgate${path}`, { headers: { accept: '*/*' } })
  for (const path of ['', '/', '/login', '/assets/door.svg']) {
    const [get, head] = [await ask('GET', path), await ask('HEAD', path)]
    t.same([head.status, head.headers['content-type'], head.body], [get.status, get.headers['content-type'], ''], path)
  }
  t.equal((await ask('HEAD', '/callback?code=x')).status, 404, 'a code is not spent')
})

t.test('more than 16 KiB is 413', async t => {
  const fixture = await openFixture(t)
  const answer = await new Visitor(fixture.app).postTo(`${fixture.portalOrigin}/.factorgate/login`, {
    password: 'x'.repeat(20_000)
  })
  t.same([answer.status, answer.headers['factorgate-error']], [413, 'body_too_large'])
})

t.test('a POST from another site is refused, whatever it carries (R17)', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const csrf = csrfOn(await visitor.get(`${fixture.portalOrigin}/.factorgate/login`))
  for (const headers of [
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { origin: 'http://notebooks.localhost' },
    { origin: 'https://gate.localhost' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' }
  ] as Record<string, string>[]) {
    const answer = await visitor.postTo(
      `${fixture.portalOrigin}/.factorgate/login`,
      { csrf, username: 'ada', password },
      headers
    )
    t.same([answer.status, answer.headers['factorgate-error']], [403, 'foreign_origin'], JSON.stringify(headers))
  }
})

t.test('every form wants its token, of this browser and this very sign-in (R11, R12)', async t => {
  const fixture = await openFixture(t)
  const { visitor, secret } = await enrolled(fixture)
  const [credential] = await fixture.credentials.list(fixture.ada.id)
  const { session } = (await fixture.sessions.list(fixture.ada.id))[0]!
  const paths = [
    'login',
    'challenge/totp',
    'challenge/recovery',
    'enrol/totp',
    'enrol/recovery',
    'enrol/recovery/saved',
    `account/factors/${credential?.id}/rename`,
    `account/factors/${credential?.id}/remove`,
    'account/password',
    'enrol/totp/new',
    'account/sessions/others/end',
    `account/sessions/${session.id}/end`,
    'account/programs/new',
    `account/programs/${'0'.repeat(16)}/revoke`,
    'account/logins/app',
    'account/logins/app/remove',
    'logout',
    'language',
    'sponsor',
    'sponsor/ask',
    'forgotten',
    `reset/${'A'.repeat(43)}`,
    'reset/password',
    `invite/${await fixture.invite().then(link => link.split('/').at(-1))}`
  ]
  const { visitor: half, page } = await halfWay(fixture)
  const foreign = { 'no token': '', 'a token from before the second factor': csrfOn(page), 'made up': 'A'.repeat(43) }
  const shapes = fixture.posts
    // A request that only prolongs the session has no form.
    .filter(url => !url.includes('webauthn') && !url.endsWith('/session'))
    .map(url => new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}$`))
  t.equal(shapes.length, paths.length, 'all there are')
  for (const shape of shapes)
    t.ok(
      paths.some(path => shape.test(`/.factorgate/${path}`)),
      String(shape)
    )
  for (const path of paths)
    for (const [what, csrf] of Object.entries(foreign)) {
      const answer = await visitor.postTo(`${fixture.portalOrigin}/.factorgate/${path}`, {
        csrf,
        name: 'x',
        saved: 'yes',
        password,
        code: '1'
      })
      // A person who is signed in needs nothing from these pages, so they lead on (FIELD F3).
      const isOver = /^(?:login|challenge\/\w+)$/.test(path)
      t.equal(answer.status, isOver ? 303 : 403, `${path}: ${what}`)
      if (isOver) t.same([answer.headers.location, answer.setCookies], ['/.factorgate/', []], path)
      else t.match(textOf(answer.body), /open for too long/, path)
    }
  t.equal((await fixture.credentials.list(fixture.ada.id)).length, 1)
  t.equal((await fixture.sessions.list(fixture.ada.id)).length, 2, 'nothing was ended')

  const whole = half
  const landed = await whole.submit(page, { code: codeAt(secret, fixture.clock()) }, /totp/)
  const nonce = whole.jar('gate.localhost').get('factorgate-nonce') as string
  whole.jar('gate.localhost').set('factorgate-nonce', 'Z'.repeat(43))
  t.equal((await whole.post(landed, {}, /logout/)).status, 403, 'a planted nonce')
  whole.jar('gate.localhost').delete('factorgate-nonce')
  t.same((await whole.post(landed, {}, /logout/)).headers['factorgate-error'], 'cookies_off')
  whole.jar('gate.localhost').set('factorgate-nonce', nonce)
  t.equal((await whole.post(landed, {}, /logout/)).status, 303)
})

t.test('an expired sign-in form says so and keeps nothing', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  await visitor.get(`${fixture.portalOrigin}/.factorgate/login`)
  const answer = await visitor.postTo(`${fixture.portalOrigin}/.factorgate/login`, {
    csrf: 'x',
    username: 'ada',
    password
  })
  t.equal(answer.status, 403)
  t.match(textOf(answer.body), /Nothing was checked\. Send the form again/)
  t.equal(
    (await visitor.post(answer, { username: 'ada', password: 'wrong password' })).status,
    401,
    'the form on it is a fresh one'
  )
})

t.test('nobody is sent elsewhere: foreign addresses count as none (R1-R8, R13, R14)', async t => {
  const fixture = await openFixture(t)
  const { secret } = await enrolled(fixture)
  for (const rd of [
    'https://evil.test/',
    '//evil.test',
    '/\\evil.test',
    '\\\\evil.test',
    '/%5cevil.test',
    'http://notebooks.localhost@evil.test/',
    'http://evil.test\\@notebooks.localhost/',
    'http://notebooks.localhost.evil.test/',
    'http://notebooksXlocalhost/',
    'http://notebooks.localhost:81/',
    'https://notebooks.localhost/',
    'http:notebooks.localhost',
    'http:///evil.test',
    'javascript:alert(1)',
    'data:text/html,x',
    '"><script>alert(1)</script>',
    'http://notebooks.localhost/\r\nSet-Cookie: x=1',
    'http://notebooks.localhost/\u560d\u560a',
    'http://notebooks.localhost/\t/evil.test'
  ]) {
    const start = `${fixture.portalOrigin}/.factorgate/login?${new URLSearchParams({ rd, state: 'S'.repeat(43) })}`
    const visitor = new Visitor(fixture.app)
    const page = await visitor.open(start)
    t.equal(page.status, 200, rd)
    t.notMatch(page.body, /\bevil|evil\b|<script>alert|javascript:|data:text/, rd)
    const { landed } = await signedIn(fixture, secret, visitor, start)
    t.equal(landed.url, `${fixture.portalOrigin}/.factorgate/`, rd)
  }
  const doubled = `${fixture.portalOrigin}/.factorgate/login?rd=http://files.localhost/&rd=https://evil.test/`
  t.notMatch((await new Visitor(fixture.app).open(doubled)).body, /\bevil|evil\b|Raw data/)
})

t.test('what people typed is shown as text (R13)', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const username = '"><svg/onload=alert(1)>&amp;'
  const page = await visitor.submit(await visitor.open(`${fixture.portalOrigin}/.factorgate/login`), {
    username,
    password: 'wrong password'
  })
  t.notMatch(page.body, /<svg\/onload/)
  t.match(page.body, 'value="&quot;>&lt;svg/onload=alert(1)>&amp;amp;"')
  const { visitor: ada } = await enrolled(fixture)
  const [credential] = await fixture.credentials.list(fixture.ada.id)
  await fixture.credentials.rename(fixture.ada.id, credential?.id ?? '', '<img src=x onerror=alert(1)>')
  t.notMatch((await ada.open(`${fixture.portalOrigin}/.factorgate/account`)).body, /<img/)
  const lost = await ada.get(`${fixture.portalOrigin}/.factorgate/%3Cscript%3E`)
  t.equal(lost.status, 404)
  t.notMatch(lost.body, /<script>/)
})

t.test('every page is private, framed by nobody, and runs nothing inline (R15, R16)', async t => {
  const fixture = await openFixture(t)
  const { visitor } = await enrolled(fixture)
  const stranger = new Visitor(fixture.app)
  const pages = [
    await stranger.get(`${fixture.portalOrigin}/.factorgate/login`),
    await stranger.get(`${fixture.portalOrigin}/.factorgate/nothing-here`),
    await stranger.get(await fixture.invite()),
    await visitor.get(`${fixture.portalOrigin}/.factorgate/`),
    await visitor.get(`${fixture.portalOrigin}/.factorgate/account`),
    await visitor.get(`${fixture.portalOrigin}/.factorgate/enrol/totp`)
  ]
  for (const { headers, body, url } of pages) {
    t.equal(headers['cache-control'], 'no-store', url)
    t.equal(headers.vary, 'Cookie')
    t.equal(headers['x-content-type-options'], 'nosniff')
    t.equal(headers['referrer-policy'], 'strict-origin-when-cross-origin')
    t.equal(headers['cross-origin-opener-policy'], 'same-origin')
    t.match(headers['content-security-policy'], /^default-src 'none'; .*frame-ancestors 'none'; base-uri 'none'$/)
    t.notMatch(headers['content-security-policy'], /unsafe|\*/)
    t.notMatch(body, /<script(?! src)|<style|\sstyle=|\son[a-z]+=/, url)
  }
  t.notOk(pages[0]?.headers['strict-transport-security'], 'http on loopback')
  t.equal(strictTransport, 'max-age=63072000')
})

t.test('forms may lead on to the app on the way and to no other origin', async t => {
  const fixture = await openFixture(t)
  const page = await new Visitor(fixture.app).open('http://notebooks.localhost/x')
  t.match(page.headers['content-security-policy'], / form-action 'self' http:\/\/notebooks\.localhost;/)
})

t.test('style and script come from memory under a name that changes with them, on every host', async t => {
  const fixture = await openFixture(t)
  const visitor = new Visitor(fixture.app)
  const { body } = await visitor.get(`${fixture.portalOrigin}/.factorgate/login`)
  const paths = [...body.matchAll(/(?:href|src)="(\/\.factorgate\/assets\/[^"]+)"/g)].map(([, path]) => path as string)
  t.equal(paths.length, 3)
  for (const origin of [fixture.portalOrigin, 'http://files.localhost'])
    for (const path of paths) {
      const asset = await visitor.get(origin + path)
      t.equal(asset.status, 200, path)
      t.match(asset.headers['content-type'], /^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/)
      t.match(asset.headers['cache-control'], path.endsWith('.svg') ? /^public, max-age=300$/ : /immutable/)
    }
  const other = await visitor.get(`${fixture.portalOrigin}/.factorgate/assets/page.older.css`)
  t.match(
    [other.status, other.headers['cache-control']],
    [200, /max-age=300$/],
    'another version’s page is dressed, for now'
  )
  t.equal((await visitor.get(`${fixture.portalOrigin}/.factorgate/assets/x.html`)).status, 404)
})
