/** FIELD F2, F3, G7, G8, F17, N6 without scripts: the way survives tabs, time, lost cookies and mistakes, and a page says what happened. */
import t from 'tap'
import { type Page, Person, totpCode, wrongCode } from '../fixtures/in-process/person.ts'
import { openSignInGate, password, read } from '../fixtures/in-process/signing-in.ts'

const apps = `  - id: own
    title: Notebooks
    url: "http://own.localhost:PORT"
    upstream: "UPSTREAM"
    rules:
      - { path: /fresh/**, access: mfa, within: 5m }
      - { access: mfa }
  - id: nb
    title: Nested
    url: "http://shared.localhost:PORT/nb"
    upstream: "UPSTREAM"
`
const fixture = await openSignInGate(t, apps)
const { gate, time } = fixture
const portal = `${gate.portal}/.factorgate`
const own = gate.origin('own')
const shared = gate.origin('shared')
const browser = () => new Person(gate.port)
const program = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }
const form = { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' }

/** Password and code from wherever the sign-in page stands. */
async function signIn(
  person: Person,
  page: Page,
  who: Awaited<ReturnType<typeof fixture.withPassword>>
): Promise<Page> {
  const asked = await person.submit(page, { username: who.account.name, password }, /login/)
  const landed = await person.submit(asked, { code: totpCode(who.secret, time.now) }, /totp/)
  time.advance(30)
  return landed
}

t.test('FIELD F2 every tab of a fresh browser ends at its own address', async t => {
  const ada = await fixture.withPassword(['totp'])
  for (const count of [2, 3, 5]) {
    const person = browser()
    const goals = Array.from({ length: count }, (_, i) => `${i % 2 === 0 ? own : `${shared}/nb`}/tab${i}?of=${count}`)
    // At once: each answer lays its nonce over the one before.
    const sent = await Promise.all(goals.map(goal => person.request('GET', goal)))
    const logins = await Promise.all(sent.map(page => person.request('GET', page.headers.location as string)))
    const first = await signIn(person, logins[0] as Page, ada)
    t.match([first.status, first.url], [200, goals[0]])
    for (const [i, goal] of goals.entries()) {
      if (i === 0) continue
      // Reloaded, or its stale form sent: both go on.
      const landed =
        i % 2 === 0
          ? await person.open((sent[i] as Page).headers.location as string)
          : await person.submit(logins[i] as Page, { username: 'x', password: 'y' }, /login/)
      t.match([landed.status, landed.url], [200, goal])
    }
  }
})

t.test('FIELD F2 fetches that run at once set no nonce, and one challengeUrl leads in', async t => {
  const ada = await fixture.withPassword(['totp'])
  for (const isUsed of [false, true]) {
    const person = browser()
    if (isUsed) await person.request('GET', `${own}/page`)
    const before = person.cookies(new URL(own).host)
    const headers = { ...program, referer: `${own}/page` }
    const refused = await Promise.all([1, 2, 3, 4].map(i => person.request('GET', `${own}/api/${i}`, { headers })))
    t.same(
      refused.map(({ status }) => status),
      [401, 401, 401, 401]
    )
    t.equal(person.cookies(new URL(own).host), before)
    const { challengeUrl } = JSON.parse(refused[1]!.body).error
    const landed = await signIn(person, await person.open(challengeUrl), ada)
    t.match([landed.status, landed.url], [200, `${own}/page`])
    t.equal((await person.request('GET', `${own}/api/1`, { headers })).status, 200)
  }
})

t.test(
  'FIELD F2 a kept sign-in address works in another profile, and is no way into somebody else’s session',
  async t => {
    const [ada, bob] = [await fixture.withPassword(['totp']), await fixture.withPassword(['totp'])]
    const kept = (await browser().request('GET', `${own}/deep?x=1`)).headers.location as string
    const other = browser()
    const landed = await signIn(other, await other.open(kept), ada)
    t.match([landed.status, landed.url], [200, `${own}/deep?x=1`])

    // A code of ada's, carried into bob's browser: spent or not, with or without a nonce, bob stays bob.
    const bobs = browser()
    await signIn(bobs, await bobs.open(`${portal}/login`), bob)
    const adas = browser()
    const page = await adas.submit(await adas.open(`${own}/a`), { username: ada.account.name, password }, /login/)
    const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const action = /action="([^"]*totp[^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const body = new URLSearchParams({ csrf, code: totpCode(ada.secret, time.now) }).toString()
    const sent = await adas.request('POST', gate.portal + action, { headers: form, body })
    const callback = sent.headers.location as string
    t.match(callback, `${own}/.factorgate/callback?code=`)
    const there = await bobs.open(callback)
    t.match([there.status, there.url], [200, `${own}/a`])
    const mine = await gate.server.runtime.sessions.list(bob.account.id)
    t.ok(
      mine.some(({ session }) => session.tokens[new URL(own).host] !== undefined),
      'as bob'
    )
    const adasNow = await gate.server.runtime.sessions.list(ada.account.id)
    t.equal(
      adasNow.filter(({ session }) => session.tokens[new URL(own).host] !== undefined).length,
      1,
      'of ada’s two sessions, the earlier one alone is open there'
    )
    time.advance(30)
    const stranger = browser()
    const spent = await stranger.open(callback)
    t.match([spent.status, read(spent)], [403, /That took too long/], 'and nobody uses it after him')
    t.notMatch(stranger.cookies(new URL(own).host), /factorgate-?\d*=/)
  }
)

t.test(
  'FIELD F2 a hand-over that is late leads to the same page; cookies are off only when the second has none either',
  async t => {
    const ada = await fixture.withPassword(['totp'])
    const person = browser()
    await signIn(person, await person.open(`${portal}/login`), ada)
    const login = (await person.request('GET', `${own}/late?x=%2F`)).headers.location as string
    const callback = (await person.request('GET', login)).headers.location as string
    time.advance(31)
    for (const what of ['late', 'sent twice']) {
      const page = await person.open(callback)
      t.match([page.status, page.headers['factorgate-error']], [403, 'form_expired'], what)
      t.match(page.body, `class="button" href="${own}/late?x=%2F"`)
    }
    t.match((await person.open(`${own}/late?x=%2F`)).status, 200)

    // Cookies reach the portal and never the app's host.
    let url = login
    const seen: string[] = []
    let page: Page
    do {
      const isApp = url.startsWith(own)
      page = await (isApp ? browser() : person).request('GET', url)
      seen.push(url)
      url = (page.headers.location as string | undefined) ?? ''
    } while (url !== '' && seen.length < 12)
    t.equal(page.headers['factorgate-error'], 'cookies_off')
    t.equal(seen.filter(one => one.includes('/callback')).length, 2, 'once more, and no circle')
    t.match(page.body, `href="${own}/late?x=%2F"`, 'the button leads to where the person was going')
  }
)

t.test('FIELD F3 a stale form of somebody who is in goes on, and nothing is checked or changed', async t => {
  const ada = await fixture.withPassword(['totp', 'recovery'])
  const goals: [string, string][] = [
    [`${portal}/`, ''],
    [`${own}/x`, `?${new URLSearchParams({ rd: `${own}/x` })}`],
    [`${own}/fresh/x`, `?${new URLSearchParams({ rd: `${own}/fresh/x` })}`]
  ]
  for (const [goal, query] of goals) {
    const person = browser()
    const stale = await person.open(`${portal}/login${query}`)
    const half = await person.submit(
      await person.open(`${portal}/login${query}`),
      { username: ada.account.name, password },
      /login/
    )
    await person.submit(half, { code: totpCode(ada.secret, time.now) }, /totp/)
    time.advance(30)
    const { sessions } = gate.server.runtime
    const before = JSON.stringify(
      (await sessions.list(ada.account.id)).map(({ session: { id, generation } }) => [id, generation]).sort()
    )
    for (const [page, fields, to] of [
      [stale, { username: ada.account.name, password }, /login/],
      [stale, { username: 'nobody', password: 'wrong' }, /login/],
      [half, { code: '000000' }, /totp/],
      [half, { code: 'nonsense' }, /recovery/]
    ] as const) {
      const landed = await person.submit(page, fields, to)
      t.match([landed.status, landed.url], [200, goal], `${to} on the way to ${goal}`)
    }
    const after = JSON.stringify(
      (await sessions.list(ada.account.id)).map(({ session: { id, generation } }) => [id, generation]).sort()
    )
    t.equal(after, before)
  }
})

t.test('FIELD F3 what is not enough is asked again, and whoever wants another account is not led past it', async t => {
  const ada = await fixture.withPassword(['totp'])
  const person = browser()
  const query = `?${new URLSearchParams({ rd: `${own}/fresh/x` })}`
  await signIn(person, await person.open(`${portal}/login`), ada)
  time.advance(600)
  const stale = await person.open(`${portal}/challenge${query}`)
  const other = await person.open(`${portal}/login?switch=1`)
  await person.submit(
    await person.open(`${portal}/challenge${query}`),
    { code: totpCode(ada.secret, time.now) },
    /totp/
  )
  time.advance(600)
  const again = await person.submit(stale, { code: totpCode(ada.secret, time.now) }, /totp/)
  t.match([again.status, read(again)], [403, /open for too long/])
  const landed = await person.submit(again, { code: totpCode(ada.secret, time.now) }, /totp/)
  t.match([landed.status, landed.url], [200, `${own}/fresh/x`])
  time.advance(30)
  const bob = await fixture.withPassword(['totp'])
  const form = await person.submit(other, { username: bob.account.name, password }, /login/)
  t.match([form.status, read(form)], [403, /open for too long/])
  t.match(form.body, `value="${bob.account.name}"`)
  t.match(read(await person.submit(form, { username: bob.account.name, password }, /login/)), /Signed in as/)
})

t.test('FIELD F3 signing out when signed out is a success, with any form and without', async t => {
  const ada = await fixture.withPassword(['totp'])
  const person = browser()
  const home = await signIn(person, await person.open(`${portal}/login`), ada)
  await person.submit(home, {}, /logout/)
  for (const answer of [
    await person.submit(home, {}, /logout/),
    await person.open(`${portal}/logout`),
    await browser().submit(home, {}, /logout/),
    await browser().open(`${own}/.factorgate/logout`)
  ])
    t.match([answer.status, read(answer)], [200, /You are signed out/])
})

t.test('FIELD G7 the way survives every restart of a sign-in', async t => {
  const goal = `${own}/deep/page?q=a%2Fb&r=1`
  const restarts: Record<
    string,
    (person: Person, ada: Awaited<ReturnType<typeof fixture.withPassword>>, half: Page) => Promise<Page>
  > = {
    'the code comes 11 minutes after the password': async (person, ada, half) => {
      time.advance(11 * 60)
      return person.submit(half, { code: totpCode(ada.secret, time.now) }, /totp/)
    },
    'a recovery code comes too late': async (person, _ada, half) => {
      time.advance(11 * 60)
      return person.submit(half, { code: 'x' }, /recovery/)
    },
    'the page of the second step is loaded again after that time': async (person, _ada, half) => {
      time.advance(11 * 60)
      return person.open(half.url)
    },
    'too late, twice': async (person, ada, half) => {
      time.advance(11 * 60)
      const login = await person.submit(half, { code: '000000' }, /totp/)
      const again = await person.submit(login, { username: ada.account.name, password }, /login/)
      time.advance(11 * 60)
      return person.submit(again, { code: '000000' }, /totp/)
    },
    'somebody else signs in': async (person, _ada, half) => {
      const href = /href="([^"]*switch=1[^"]*)"/.exec(half.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
      return person.open(gate.portal + href)
    },
    'a wrong password first': async (person, _ada, half) => {
      const href = /href="([^"]*switch=1[^"]*)"/.exec(half.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
      return person.submit(await person.open(gate.portal + href), { username: 'nobody', password: 'x' }, /login/)
    },
    'signed out on the way': async (person, _ada, half) => {
      const { search } = new URL(half.url)
      const out = await person.submit(await person.open(`${portal}/logout${search}`), {}, /logout/)
      const href = /class="button second" href="([^"]*login[^"]*)"/.exec(out.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
      return person.open(gate.portal + href)
    },
    'a form of another browser': async (person, ada, half) => {
      const login = `${portal}/login${new URL(half.url).search}`
      const foreign = await person.open(`${login}&switch=1`)
      const fresh = browser()
      await fresh.open(login)
      const body = new URLSearchParams({ csrf: 'x', username: ada.account.name, password }).toString()
      const refused = await fresh.request('POST', login, { headers: { ...form, origin: gate.portal }, body })
      t.equal(refused.status, 403)
      t.match(refused.body, 'own.localhost')
      return foreign
    },
    'a page of an error leads back': async (person, _ada, half) => {
      const refused = await person.request('POST', half.url.replace('/challenge?', '/challenge/totp?'), {
        headers: { 'content-type': 'text/plain', origin: gate.portal },
        body: 'x'
      })
      t.equal(refused.status, 415)
      const href = /class="button" href="([^"]*)"/.exec(refused.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
      const page = await person.open(gate.portal + href)
      t.match(read(page), /This is the last step before Notebooks opens/)
      time.advance(11 * 60)
      return person.open(page.url)
    }
  }
  for (const [what, restart] of Object.entries(restarts)) {
    const ada = await fixture.withPassword(['totp', 'recovery'])
    const person = browser()
    const half = await person.submit(await person.open(goal), { username: ada.account.name, password }, /login/)
    const login = await restart(person, ada, half)
    t.match(read(login), /Sign in to Notebooks/, what)
    const landed = await signIn(person, login, ada)
    t.match([landed.status, landed.url], [200, goal], what)
  }
})

t.test('FIELD G7 waiting for a throttled code keeps the way', async t => {
  const ada = await fixture.withPassword(['totp'])
  const person = browser()
  let page = await person.submit(await person.open(`${own}/w`), { username: ada.account.name, password }, /login/)
  for (let i = 0; i < 8 && page.status !== 429; i++)
    page = await person.submit(page, { code: wrongCode(ada.secret, time.now) }, /totp/)
  t.equal(page.status, 429)
  time.advance(Number(page.headers['retry-after']))
  const landed = await person.submit(page, { code: totpCode(ada.secret, time.now) }, /totp/)
  t.match([landed.status, landed.url], [200, `${own}/w`])
})

t.test('FIELD G7 an invitation leads on to where it was opened for, through enrolment and its restarts', async t => {
  const account = await gate.account('newcomer')
  const token = await gate.server.runtime.invitations.issue(account.id)
  const query = `?${new URLSearchParams({ rd: `${own}/first` })}`
  const person = browser()
  const chooser = await person.submit(await person.open(`${portal}/invite/${token}${query}`), { password })
  const href = /href="([^"]*enrol\/totp[^"]*)"/.exec(chooser.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const page = await person.open(gate.portal + href)
  const secret = /id="totp-secret"[^>]*>([^<]*)</.exec(page.body)?.[1]?.replace(/\s/g, '') ?? ''
  const list = await person.submit(page, { code: totpCode(secret, time.now), name: 'phone' })
  time.advance(30)
  const second = await person.submit(list, { saved: 'yes' }, /saved/)
  const follow = (body: string, to: RegExp) =>
    person.open(gate.portal + (to.exec(body)?.[1] ?? '').replaceAll('&amp;', '&'))
  const done = await follow(second.body, /href="([^"]*enrol\/done[^"]*)"/)
  const landed = await follow(done.body, /class="button" href="([^"]*)"/)
  t.match([landed.status, landed.url], [200, `${own}/first`])
})

t.test(
  'FIELD G8 a form whose cookie was lost is shown again with the name in it; the second time cookies are off',
  async t => {
    const ada = await fixture.withPassword(['totp'])
    const person = browser()
    const login = await person.open(`${own}/g8`)
    person.forget(fixture.host)
    const again = await person.submit(login, { username: ada.account.name, password }, /login/)
    t.match([again.status, read(again)], [403, /did not send our cookie.*Nothing was checked/])
    t.match(again.body, `value="${ada.account.name}"`)
    const half = await person.submit(again, { username: ada.account.name, password }, /login/)
    t.match(read(half), /This is the last step before Notebooks opens/)
    const nonce = /factorgate-nonce[^;]*/.exec(person.cookies(fixture.host))?.[0] ?? ''
    person.forget(fixture.host, nonce.split('=')[0])
    const asked = await person.submit(half, { code: totpCode(ada.secret, time.now) }, /totp/)
    t.match([asked.status, read(asked)], [403, /did not send our cookie/])
    const landed = await person.submit(asked, { code: totpCode(ada.secret, time.now) }, /totp/)
    t.match([landed.status, landed.url], [200, `${own}/g8`])

    const off = browser()
    const page = await off.open(`${own}/off`)
    off.forget(fixture.host)
    const first = await off.submit(page, { username: 'x', password: 'y' }, /login/)
    t.notMatch(read(first), /did not keep our cookie/)
    off.forget(fixture.host)
    const second = await off.submit(first, { username: 'x', password: 'y' }, /login/)
    t.match([second.status, read(second)], [403, /Your browser did not keep our cookie.*allow cookies/])
    t.match(second.body, /href="[^"]*login\?rd=[^"]*own\.localhost/, 'and the way stays')
  }
)

t.test('FIELD F17 a form that did not reach its app says so, and can be sent after all', async t => {
  const ada = await fixture.withPassword(['totp'])
  const body = 'text=three+pages'
  const person = browser()
  await signIn(person, await person.open(`${own}/write`), ada)
  const headers = { ...form, origin: own, referer: `${own}/write` }
  t.equal((await person.request('POST', `${own}/write`, { headers, body })).status, 200)
  await gate.server.runtime.sessions.endAccount(ada.account.id, 'revoked')
  for (const method of ['PUT', 'PATCH'] as const) {
    const lost = await person.request(method, `${own}/write`, { headers, body })
    t.match([lost.status, lost.headers['factorgate-error']], [401, 'sign_in_required'])
    t.match(read(lost), /Notebooks did not get what you sent.*not signed in.*new tab.*load it again/)
  }
  const lost = await person.request('PUT', `${own}/write`, { headers, body })
  const href = /<a class="button" href="([^"]*)"/.exec(lost.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  const landed = await signIn(person, await person.open(href), ada)
  t.match([landed.status, landed.url], [200, `${own}/write`])
  t.equal((await person.request('POST', `${own}/write`, { headers, body })).status, 200, 'loaded again, it arrives')

  time.advance(600)
  const stale = await person.request('PUT', `${own}/fresh/x`, { headers, body })
  t.match([stale.status, read(stale)], [401, /have to confirm again before.*new tab/])

  // Another site's form comes without our cookies, and must not cost the browser its nonce.
  const foreign = await browser().request('POST', `${own}/saml/acs`, {
    headers: { ...form, 'sec-fetch-site': 'cross-site', origin: 'https://idp.example' },
    body: 'passphrase=is+not+kept'
  })
  t.match([foreign.status, read(foreign)], [401, /Another site sent a form to Notebooks.*Open Notebooks here/])
  t.equal(foreign.headers['set-cookie'], undefined)
  t.match(foreign.body, `href="${own}/"`)
  const json = await browser().request('POST', `${own}/api`, { headers: { ...program, origin: own }, body: '{}' })
  t.match(
    [json.status, JSON.parse(json.body).error],
    [401, { code: 'sign_in_required', challengeUrl: `${portal}/login?` }]
  )
})

t.test('FIELD N6 the failure that brings a wait says so, and a right answer after it is taken', async t => {
  const ada = await fixture.withPassword(['totp', 'recovery'])
  for (const [field, wrong] of [
    [/totp/, wrongCode(ada.secret, time.now)],
    [/recovery/, 'not-one-of-them']
  ] as const) {
    const person = browser()
    let page = await person.submit(await person.open(`${own}/n6`), { username: ada.account.name, password }, /login/)
    for (let i = 0; i < 5 && page.headers['retry-after'] === undefined; i++)
      page = await person.submit(page, { code: wrong }, field)
    t.match([page.status, read(page)], [401, /You can try again in \d+ second/])
    t.match(page.body, /data-wait="\d+"/)
    time.advance(Number(page.headers['retry-after']))
    const landed = await person.submit(page, { code: totpCode(ada.secret, time.now) }, /totp/)
    t.match([landed.status, landed.url], [200, `${own}/n6`])
    time.advance(30)
  }
})

t.test('FIELD N6 without scripts a passkey-only person reads what is true', async t => {
  const { account } = await fixture.resident(['webauthn'])
  const person = await fixture.browserOf(account, ['password'])
  const page = await person.open(`${own}/x`)
  t.match(read(page), /a passkey needs scripts.*ask the people who run this gate for another way to sign in/)
  t.notMatch(read(page), /You can use a password and a code without scripts/)
})

t.test('FIELD G6 a form that is pressed twice leads on, whichever of its answers the browser keeps', async t => {
  for (const [what, factor] of [
    ['at once', 'totp'],
    ['one after the other', 'totp'],
    ['at once', 'recovery'],
    ['one after the other', 'recovery']
  ] as const) {
    const ada = await fixture.withPassword(['totp', 'recovery'])
    const person = browser()
    const half = await person.submit(await person.open(`${own}/g6`), { username: ada.account.name, password }, /login/)
    const cookie = person.cookies(fixture.host)
    const code = factor === 'totp' ? totpCode(ada.secret, time.now) : (ada.codes[0] as string)
    const csrf = /name="csrf" value="([^"]+)"/.exec(half.body)?.[1] ?? ''
    const url = half.url.replace('/challenge?', `/challenge/${factor}?`)
    const press = (typed = code, held = cookie) =>
      new Person(gate.port).request('POST', url, {
        headers: { ...form, origin: gate.portal, cookie: held },
        body: new URLSearchParams({ csrf, code: typed }).toString()
      })
    // Of both answers the browser keeps the second alone.
    const [first, again] = what === 'at once' ? await Promise.all([press(), press()]) : [await press(), await press()]
    t.same([first.status, again.status].sort(), [302, 303], `${what}, ${factor}`)
    const other = await press(code === '000000' ? '000001' : '000000')
    t.match([other.status, other.headers.location], [302, /\/login\?rd=/], 'another code is another form')
    t.match(
      (
        await press(
          code,
          cookie.replace(/nonce([^=]*)=(.)/, (_, port, first) => `nonce${port}=${first === 'A' ? 'B' : 'A'}`)
        )
      ).headers.location,
      /\/login\?/,
      'so is another browser’s'
    )
    t.match(again.headers.location, /\/challenge\?|\/callback\?/)
    for (const line of again.headers['set-cookie'] ?? []) person.hold(fixture.host, line)
    const landed = await person.open(new URL(again.headers.location as string, url).href)
    t.match([landed.status, landed.url], [200, `${own}/g6`])
    time.advance(60)
    t.match((await press()).headers.location, /\/login\?/, 'and later it is spent')
  }
  // One process with a store of its own has all answers in memory.
  t.equal(fixture.runtime.sharedAnswers, null)
  for await (const { key } of fixture.runtime.store.scan('answer')) t.fail(key)
})
